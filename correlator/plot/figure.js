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
