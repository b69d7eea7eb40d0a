// A small line chart in SVG, with its text alternative. Points are [seconds since 1970, value].

import { number } from "./wording.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 180, LEFT = 46, RIGHT = 8, TOP = 10, BOTTOM = 22;
const SPAN_S = 15 * 60;

export class Chart {
  // `lines`: [{ name, cls }], in the order of `data` in draw().
  constructor(figure, lines) {
    this.svg = figure.querySelector("svg");
    this.alternative = figure.querySelector("[data-alternative]");
    this.lines = lines;
  }

  draw(data, now) {
    const width = Math.max(this.svg.clientWidth, 200);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const since = now - SPAN_S;
    const kept = data.map((points) => points.filter(([at]) => at >= since - 10));
    const most = nice(Math.max(1, ...kept.flat().map(([, value]) => value)));
    const x = (at) => LEFT + (Math.max(at - since, 0) / SPAN_S) * (width - LEFT - RIGHT);
    const y = (value) => HEIGHT - BOTTOM - (value / most) * (HEIGHT - TOP - BOTTOM);
    const parts = [...axis(most, y, width)];
    kept.forEach((points, index) => {
      if (points.length === 0) return;
      const line = points.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`);
      const { cls } = this.lines[index];
      if (index === 0 && points.length > 1) {
        const [first, last] = [x(points[0][0]), x(points.at(-1)[0])];
        parts.push(make("polygon", { class: `area ${cls}`, points: `${first},${y(0)} ${line.join(" ")} ${last},${y(0)}` }));
      }
      parts.push(make("polyline", { class: `line ${cls}`, points: line.join(" ") }));
      const [at, value] = points.at(-1);
      parts.push(make("circle", { class: `dot ${cls}`, cx: x(at), cy: y(value), r: 3 }));
    });
    this.svg.replaceChildren(...parts);
    this.alternative.textContent = kept.map((points, index) => told(this.lines[index].name, points)).join(" · ");
  }
}

function axis(most, y, width) {
  const parts = [];
  for (const value of [0, most / 2, most]) {
    parts.push(make("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }));
    parts.push(make("text", { class: "tick", x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, short(value)));
  }
  parts.push(make("text", { class: "tick", x: LEFT, y: HEIGHT - 4 }, "15 min ago"));
  parts.push(make("text", { class: "tick", x: width - RIGHT, y: HEIGHT - 4, "text-anchor": "end" }, "now"));
  return parts;
}

function told(name, points) {
  if (points.length === 0) return `${name}: no samples yet`;
  const values = points.map(([, value]) => value);
  return `${name}: ${number(values.at(-1))} now, ${number(Math.max(...values))} at most`;
}

function short(value) {
  if (value >= 1e6) return `${+(value / 1e6).toFixed(1)}M`;
  return value >= 1e3 ? `${+(value / 1e3).toFixed(1)}k` : String(+value.toFixed(1));
}

// The next round number: 1, 2, 5, 10, 20, …
function nice(value) {
  const scale = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * scale).find((step) => step >= value);
}

function make(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}
