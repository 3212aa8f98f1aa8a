"use strict";
// Elements and plots. Whatever comes from the service is text, never markup.

function h(name, given = {}, ...parts) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key in made && key !== "list") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...parts.flat(Infinity).filter((part) => part !== null && part !== undefined && part !== false));
  return made;
}

const at = (id) => document.getElementById(id);
const put = (id, ...parts) => at(id).replaceChildren(...parts.flat(Infinity).filter(Boolean));

function number(value, digits = 0) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return value.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
const percent = (value, digits = 0) => `${number(100 * value, digits)} %`;
const signed = (value, digits) => (value > 0 ? "+" : "") + number(value, digits);
const money = (value, currency, digits = 0) => `${currency} ${number(value, digits)}`.trim();

function moment(text) {
  // A version of a run is a moment whose colons are dots.
  const plain = text.replace(/T(\d\d)\.(\d\d)\.(\d\d)/, "T$1:$2:$3");
  const found = new Date(plain);
  if (Number.isNaN(found.getTime())) return text;
  return found.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

function table(heads, rows) {
  const cell = (kind) => (value, i) => h(kind, { className: heads[i][1] ? "n" : "" }, value);
  return h("div", { className: "scroll" }, h("table", {},
    h("thead", {}, h("tr", {}, heads.map(([name], i) => cell("th")(name, i)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map(cell("td")))))));
}

function folded(heads, rows, first = 8) {
  // A long table, of which the first rows are seen at once.
  const rest = rows.slice(first);
  return [table(heads, rows.slice(0, first)), rest.length ? h("details", {}, h("summary", {}, `${rest.length} earlier`), table(heads, rest)) : null];
}

const facts = (pairs) => h("dl", { className: "facts" },
  pairs.filter(([, value]) => value !== null && value !== "" && value !== undefined)
    .flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));

const tag = (text, kind = "") => h("span", { className: `tag ${kind}` }, text);

function card(id, title, when, ...parts) {
  put(id, h("div", { className: "head" }, h("h2", {}, title), when ? h("p", { className: "soft" }, when) : null), ...parts);
}

function words(text) {
  // `code` of a sentence as code.
  return text.split("`").map((part, i) => (i % 2 ? h("code", {}, part) : part));
}

let library = null;
function plotting() {
  // uPlot comes once something is drawn, and not before.
  library ??= new Promise((resolve, reject) => {
    const script = h("script", { src: "desk/plots.js" });
    script.addEventListener("load", () => resolve(window.uPlot));
    script.addEventListener("error", () => reject(new Error("the plots could not be loaded")));
    document.head.append(script);
  });
  return library;
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const drawn = new Map();

async function plot(id, data, series, more = {}) {
  const uPlot = await plotting();
  const box = at(id);
  if (!box) return;
  drawn.get(id)?.destroy();
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
  const { axes = [{}, {}], x = {}, ...rest } = more;
  const made = new uPlot({
    width: Math.max(box.clientWidth, 240), height: 210, cursor: { y: false },
    series: [x, ...series], axes: axes.map((own) => ({ ...axis, ...own })), ...rest,
  }, data, box);
  drawn.set(id, made);
}

function whiskers(low, high, name) {
  // Intervals of single points, as lines from end to end.
  return { hooks: { draw: [(u) => {
    const draw = u.ctx;
    draw.save();
    draw.strokeStyle = colour(name);
    draw.lineWidth = 2 * devicePixelRatio;
    u.data[0].forEach((x, i) => {
      if (low[i] === null) return;
      const place = u.valToPos(x, "x", true);
      draw.beginPath();
      draw.moveTo(place, u.valToPos(low[i], "y", true));
      draw.lineTo(place, u.valToPos(high[i], "y", true));
      draw.stroke();
    });
    draw.restore();
  }] } };
}

addEventListener("resize", () => {
  for (const made of drawn.values()) {
    const width = Math.max(made.root.parentElement?.clientWidth ?? 0, 240);
    if (width !== made.width) made.setSize({ width, height: 210 });
  }
});
