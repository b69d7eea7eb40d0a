// The dashboard, kept up to date: each topic of its room goes to its place.

import { Chart } from "./chart.js";
import { show } from "./rows.js";
import { watch } from "./socket.js";
import { number, words } from "./wording.js";

const KEYS = { actors: "id", queues: "id", registries: "name", scrapes: "id", alerts: "id" };
const KEPT_S = 15 * 60 + 30;

const depth = new Chart(document.querySelector('[data-chart="depth"]'), [
  { name: "waiting", cls: "a" }, { name: "running", cls: "b" },
]);
const rate = new Chart(document.querySelector('[data-chart="rate"]'), [{ name: "jobs ended per second", cls: "a" }]);
const past = { ready: [], running: [], per_s: [] };
let alertsKnown = null, changedAt = null;

function heard(topics) {
  changedAt = new Date();
  for (const [topic, key] of Object.entries(KEYS)) {
    if (topics[topic]) show(topic, topics[topic], (item) => item[key]);
  }
  if (topics.database !== undefined) document.querySelector("[data-database-away]").hidden = topics.database;
  if (topics.registries) figure("trials", sum(topics.registries.map((one) => one.present)));
  if (topics.alerts) alerts(topics.alerts);
  if (topics.lines) learn(topics.lines);
  if (topics.moment) tick(topics.moment);
  live("live", `Live, ${changedAt.toISOString().slice(11, 19)} UTC`);
}

function tick(moment) {
  for (const name of Object.keys(past)) {
    figure(name, moment[name]);
    past[name].push([moment.at, moment[name]]);
    while (past[name].length && past[name][0][0] < moment.at - KEPT_S) past[name].shift();
  }
  depth.draw([past.ready, past.running], moment.at);
  rate.draw([past.per_s], moment.at);
}

// Samples of the monitor come every ten seconds; what was seen here since the last of them is finer, and stays.
function learn(lines) {
  for (const [name, points] of Object.entries(lines)) {
    const until = past[name].length ? past[name][0][0] : Infinity;
    past[name] = [...(points ?? []).filter(([at]) => at < until), ...past[name]];
  }
}

function alerts(open) {
  figure("alerts", open.length);
  const fresh = alertsKnown ? open.filter((one) => !alertsKnown.has(one.id)) : [];
  if (fresh.length) say(fresh.map((one) => `${words(one.severity)} alert: ${one.message}`).join(". "));
  alertsKnown = new Set(open.map((one) => one.id));
}

function figure(name, value) {
  const text = value === null ? "–" : number(value);
  const slot = document.querySelector(`[data-figure="${name}"]`);
  if (slot.textContent !== text) slot.textContent = text;
}

function sum(values) {
  const known = values.filter((value) => value !== null);
  return known.length ? known.reduce((one, other) => one + other, 0) : null;
}

function live(state, text) {
  document.getElementById("live").dataset.state = state;
  document.getElementById("live-text").textContent = text;
}

function say(text) {
  document.getElementById("said").textContent = text;
}

watch(["dashboard"], {
  heard,
  opened: () => { if (changedAt) say("Connected again."); },
  lost: () => {
    live("lost", changedAt ? `Not connected; as of ${changedAt.toISOString().slice(11, 19)} UTC` : "Not connected");
    say("The connection is lost; it is tried again.");
  },
});
