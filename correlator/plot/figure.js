"use strict";
/* What a page does with a figure: titles in lines of the width at hand, text in the colour of the page. */
const wrapLines = (text, characters) => {
  const lines = [];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    if (last !== undefined && (last + " " + word).length <= characters) lines[lines.length - 1] = last + " " + word;
    else lines.push(word);
  }
  return lines.map((line) => line.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll("$", "&#36;")).join("<br>");
};
const titled = (layout, width) => {
  const words = layout.meta;
  if (!words || !words.title) return {};
  const sizes = words.sizes, per = width / sizes.width;
  const title = wrapLines(words.title, Math.floor(sizes.title * per));
  const below = words.subtitle ? wrapLines(words.subtitle, Math.floor(sizes.subtitle * per)) : "";
  const extra = title.split("<br>").length - 1;
  let top = 22 + sizes.titleLine * (extra + 1);
  if (below) top += sizes.subtitleLine * below.split("<br>").length + 4;
  return {"title.text": title, "title.subtitle.text": below, "margin.t": top + (words.above || 0),
    "title.pad.t": sizes.pad + sizes.titleLine * extra / 2};
};
/* The darker colours of the palette, and what they are on a dark page. */
const brighter = {"#0072B2": "#3E9FDB", "0,114,178": "62,159,219", "#D55E00": "#F08A3C", "213,94,0": "240,138,60",
  "#1F2933": "#E6EAEF"};
const darker = new RegExp(Object.keys(brighter).join("|"), "g");
const brightened = (value) => {
  if (typeof value === "string") return value.replace(darker, (colour) => brighter[colour]);
  if (Array.isArray(value)) return value.map(brightened);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, brightened(part)]));
};
/* Data and layout of a figure on a page with text of this colour: light text stands on a dark page. */
const shown = (figure, width, ink, field, fixed) => {
  const dark = parseInt(ink.slice(1, 3), 16) > 128;
  const {data, layout} = dark ? brightened(figure) : structuredClone(figure);
  const own = {...titled(figure.layout, width), "font.color": ink, "hoverlabel.bgcolor": field,
    "hoverlabel.font.color": ink, ...fixed};
  for (const [path, value] of Object.entries(own)) {
    const names = path.split("."), last = names.pop();
    let part = layout;
    for (const name of names) part = part[name] = part[name] || {};
    if (value === undefined) delete part[last]; else part[last] = value;
  }
  return [data, layout];
};
