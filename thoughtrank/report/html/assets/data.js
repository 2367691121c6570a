"use strict";
// The data of the page: the index, and packed chunks that are unpacked when they are needed.
// Texts of models, judges and questions reach the page only through textContent: they are never markup.
const report = {};

report.index = JSON.parse(document.getElementById("thoughtrank-data").textContent);

report.unpackBytes = async function (number) {
  const text = document.getElementById(`chunk-${number}`).textContent;
  const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
};

// The last few chunks stay in memory, so that walking from question to question unpacks each of them once.
report.recent = new Map();
report.unpack = async function (number) {
  if (report.recent.has(number)) return report.recent.get(number);
  const value = JSON.parse(new TextDecoder().decode(await report.unpackBytes(number)));
  report.recent.set(number, value);
  if (report.recent.size > 8) report.recent.delete(report.recent.keys().next().value);
  return value;
};

// The content of the question at `position`, of chunks given as [number, how many questions]; null where the page was full.
report.contentAt = async function (chunks, position) {
  let first = 0;
  for (const [number, size] of chunks) {
    if (position < first + size) return number === null ? null : (await report.unpack(number))[position - first];
    first += size;
  }
  return null;
};

// Control characters and direction overrides as visible escapes, as everywhere in thoughtrank.
// eslint-disable-next-line no-control-regex
report.HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
report.shown = function (text) {
  return String(text).replace(report.HIDDEN, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });
};

// What an arm or a control is called.
report.label = function (name) {
  return report.index.labels[name] || name.replaceAll("_", " ");
};

// A number and its noun.
report.counted = function (count, one, more) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : more}`;
};

// An element with a class and a text; children are appended.
report.element = function (name, className, text, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined && text !== null) made.textContent = report.shown(text);
  made.append(...children);
  return made;
};

// A text of any length: a long one is cut, with a button that shows the rest.
report.MOST_CHARACTERS = 4000;
report.longText = function (text, className) {
  const box = report.element("div", `text ${className || ""}`);
  box.dir = "auto";
  text = text.replace(/^\s*\n/, "").trimEnd();
  if (text.length <= report.MOST_CHARACTERS) {
    box.textContent = report.shown(text) || "(empty)";
    return box;
  }
  box.textContent = report.shown(text.slice(0, report.MOST_CHARACTERS)) + " …";
  const more = report.element("button", "more", `Show all ${text.length.toLocaleString("en")} characters`);
  more.type = "button";
  more.addEventListener("click", () => {
    box.textContent = report.shown(text);
    more.remove();
  });
  return report.element("div", "long", null, box, more);
};

// On a narrow screen everything is one column: sections are folded, and lists begin with a few of their parts.
report.narrow = () => window.matchMedia("(max-width: 720px)").matches;

// What \`draw\` makes of the items: all of them, or on a narrow screen the first ones and a button that shows the others.
report.FIRST_ONES = 8;
report.firstOnes = function (items, draw, textOf) {
  if (!report.narrow() || items.length <= report.FIRST_ONES + 1) return draw(items);
  const rest = items.slice(report.FIRST_ONES);
  const button = report.element("button", "more", textOf(rest.length));
  button.type = "button";
  button.addEventListener("click", () => button.replaceWith(...draw(rest)));
  return [...draw(items.slice(0, report.FIRST_ONES)), button];
};

report.leftOut = function () {
  return report.element("p", "missing", "The texts of this question are not in the report, whose size is limited; the tables of the run have them.");
};

report.fillSelect = function (select, options) {
  const before = select.value;
  select.replaceChildren(
    ...options.map(([value, text]) => {
      const option = report.element("option", "", text);
      option.value = value;
      return option;
    }),
  );
  if (options.some(([value]) => value === before)) select.value = before;
};
