// Keeps the rows of a table or list as they should be, changing no more than what changed: focus and scrolling stay.

import { written } from "./wording.js";

export function show(topic, items, keyOf) {
  const rows = document.querySelector(`[data-rows="${topic}"]`);
  const template = document.querySelector(`template[data-row="${topic}"]`);
  if (!rows || !template) return;
  const known = new Map([...rows.children].map((row) => [row.dataset.key, row]));
  let before = null;
  for (const item of items) {
    const key = String(keyOf(item));
    let row = known.get(key);
    known.delete(key);
    if (!row) {
      row = template.content.firstElementChild.cloneNode(true);
      row.dataset.key = key;
    }
    fill(row, item);
    const place = before ? before.nextElementSibling : rows.firstElementChild;
    if (place !== row) rows.insertBefore(row, place);
    before = row;
  }
  for (const row of known.values()) row.remove();
  const empty = document.querySelector(`[data-empty="${topic}"]`);
  if (empty) empty.hidden = items.length > 0;
}

function fill(row, item) {
  for (const slot of row.querySelectorAll("[data-f]")) put(slot, item[slot.dataset.f]);
  for (const slot of row.querySelectorAll("[data-if], [data-unless]")) {
    const { if: needed, unless } = slot.dataset;
    slot.hidden = (needed !== undefined && !holds(item[needed])) || (unless !== undefined && holds(item[unless]));
  }
  for (const link of row.querySelectorAll("[data-href][data-of]")) lead(link, item[link.dataset.of]);
  for (const form of row.querySelectorAll("form[data-to]")) {
    form.setAttribute("action", form.dataset.to.replace("%", encodeURIComponent(item[form.dataset.act])));
  }
}

function holds(value) {
  return value !== null && value !== undefined && value !== false && value !== "";
}

function lead(link, value) {
  link.setAttribute("href", link.dataset.href + encodeURIComponent(value ?? ""));
}

function put(slot, value) {
  const { as, href, of } = slot.dataset;
  if (as === "progress") {
    if (value === null || value === undefined) slot.removeAttribute("value");
    else slot.value = value;
    return;
  }
  if (as === "state") slot.dataset.state = value ?? "";
  if (href && !of) lead(slot, value);
  slot.toggleAttribute("data-none", value === null || value === undefined || value === "");
  const text = written(value, as);
  if (slot.textContent !== text) slot.textContent = text;
}
