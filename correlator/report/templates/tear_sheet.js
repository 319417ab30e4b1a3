(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const root = document.documentElement;
  const darkWish = window.matchMedia("(prefers-color-scheme: dark)");

  /* Figures are drawn when they come near the viewport; their text has the page's colour. plotly.js is at the end of
     the page as text and is compiled for the first figure, so that the text and the table do not wait for it. */
  const drawn = new Set();
  const plotly = () => {
    if (!window.Plotly) {
      const script = document.createElement("script");
      script.textContent = byId("plotly").textContent;
      document.body.append(script);
    }
    return window.Plotly;
  };
  const ink = () => getComputedStyle(root).getPropertyValue("--ink").trim();
  const paper = () => getComputedStyle(root).getPropertyValue("--field").trim();
  const seeThrough = {"paper_bgcolor": "rgba(0,0,0,0)", "dragmode": false};
  const settings = {responsive: true, displayModeBar: false, showTips: false};
  const react = (name) =>
    plotly().react(name, ...shown(data.figures[name], byId(name).clientWidth, ink(), paper(), seeThrough), settings);
  const draw = (name) => {
    if (drawn.has(name)) return;
    drawn.add(name);
    const figure = data.figures[name];
    const box = byId(name);
    let width = box.clientWidth;
    react(name).then(() => {
      new ResizeObserver(() => {
        if (box.clientWidth === width) return;
        width = box.clientWidth;
        plotly().relayout(name, titled(figure.layout, width));
      }).observe(box);
    });
  };
  const recolour = () => drawn.forEach(react);
  const watcher = new IntersectionObserver((entries) => entries.forEach((entry) => {
    if (entry.isIntersecting) { watcher.unobserve(entry.target); draw(entry.target.id); }
  }), {rootMargin: "600px"});
  window.addEventListener("load", () => setTimeout(() => {
    document.querySelectorAll(".plot").forEach((plot) => watcher.observe(plot));
  }, 0));

  /* Theme: system, dark, light. */
  const themes = ["system", "dark", "light"];
  let theme = 0;
  const paint = (name) => {
    if (name === "system") delete root.dataset.theme; else root.dataset.theme = name;
    recolour();
  };
  byId("theme").addEventListener("click", () => {
    theme = (theme + 1) % themes.length;
    byId("theme").textContent = "Colours: " + themes[theme];
    paint(themes[theme]);
  });
  darkWish.addEventListener("change", recolour);

  /* Events: filtered and sorted as arrays, one page of them in the document. */
  const columns = data.columns;
  const texts = data.events.map((row) => row.filter((cell) => typeof cell === "string").join("\u0000").toLowerCase());
  const body = byId("event-table").tBodies[0];
  const headers = [...document.querySelectorAll("#event-table th")];
  const selects = [...document.querySelectorAll("#filters select[data-column]")];
  let sorting = null;
  let found = [];
  let page = 0;

  const compare = (column, way) => (a, b) => {
    const x = data.events[a][column], y = data.events[b][column];
    if (x === null || y === null) return (x === null) - (y === null);
    return way * (columns[column].number ? x - y : x < y ? -1 : x > y ? 1 : 0) || a - b;
  };
  const filter = () => {
    const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = selects.filter((select) => select.value).map((select) => [Number(select.dataset.column), select.value]);
    found = [];
    for (let i = 0; i < data.events.length; i++) {
      const row = data.events[i];
      if (chosen.every(([column, value]) => row[column] === value) && words.every((word) => texts[i].includes(word))) found.push(i);
    }
    if (sorting) found.sort(compare(sorting.column, sorting.way));
    page = 0;
    show();
  };
  const size = () => Number(byId("rows").value);
  const cellText = (value, column) =>
    value === null ? "" : column.percent ? (100 * value).toFixed(2) : column.digits !== undefined ? value.toFixed(column.digits) : String(value);
  const show = (limit = size()) => {
    const pages = Math.max(1, Math.ceil(found.length / limit));
    const rows = document.createDocumentFragment();
    for (const i of found.slice(page * limit, (page + 1) * limit)) {
      const line = document.createElement("tr");
      data.events[i].forEach((value, place) => {
        const column = columns[place];
        const cell = document.createElement("td");
        cell.textContent = cellText(value, column);
        if (column.number) cell.className = "number";
        if (column.wide) cell.className = "wide";
        if (column.percent && value) cell.classList.add(value > 0 ? "up" : "down");
        line.append(cell);
      });
      rows.append(line);
    }
    body.replaceChildren(rows);
    byId("count").textContent = found.length.toLocaleString("en") + " of " + data.events.length.toLocaleString("en") + " events";
    byId("page").textContent = "Page " + (page + 1) + " of " + pages;
    byId("previous").disabled = page === 0;
    byId("next").disabled = page >= pages - 1;
  };
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("search").addEventListener("input", filter);
  selects.forEach((select) => select.addEventListener("change", filter));
  byId("rows").addEventListener("change", () => { page = 0; show(); });
  byId("filters").addEventListener("reset", () => setTimeout(filter, 0));
  byId("previous").addEventListener("click", () => { page -= 1; show(); });
  byId("next").addEventListener("click", () => { page += 1; show(); });
  headers.forEach((header, column) => header.querySelector("button").addEventListener("click", () => {
    const way = sorting && sorting.column === column ? -sorting.way : columns[column].number ? -1 : 1;
    sorting = {column, way};
    headers.forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
    filter();
  }));
  const csvCell = (value) => {
    let text = value === null ? "" : String(value);
    if (typeof value === "string" && /^[\s"']*[=+\-@＝＋－＠]/.test(text) && !/^[+-]?[\d.,]+%?$/.test(text)) text = "'" + text;
    return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  };
  byId("save").addEventListener("click", () => {
    const lines = [columns.map((column) => csvCell(column.name)), ...found.map((i) => data.events[i].map(csvCell))];
    const url = URL.createObjectURL(new Blob([lines.map((line) => line.join(",") + "\n").join("")], {type: "text/csv"}));
    const link = document.createElement("a");
    link.href = url;
    link.download = "events.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  });

  /* Print: light colours, every figure, all parameters, and up to 500 of the filtered events. */
  window.addEventListener("beforeprint", () => {
    Object.keys(data.figures).forEach(draw);
    paint("light");
    document.querySelectorAll("details").forEach((part) => { part.open = true; });
    page = 0;
    show(500);
  });
  window.addEventListener("afterprint", () => { paint(themes[theme]); show(); });
  filter();
})();
