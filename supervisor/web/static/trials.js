// The search works without this; it folds the filters on a narrow screen, applies the order at once, and tidies the address.

const form = document.querySelector("form.search");
const filters = document.getElementById("filters");

if (matchMedia("(max-width: 56rem)").matches && !filters.querySelector("[aria-invalid]")) filters.open = false;

form.querySelector('select[name="order"]').addEventListener("change", () => form.requestSubmit());

form.addEventListener("formdata", ({ formData }) => {
  for (const name of new Set(formData.keys())) {
    const given = formData.getAll(name).filter((value) => value !== "");
    formData.delete(name);
    for (const value of given) formData.append(name, value);
  }
  if (formData.get("order") === "relevance") formData.delete("order");
  if (!formData.has("near")) formData.delete("within");
});

// What may be meant by the beginning that was typed; the list is made anew when somebody pauses.
const meant = document.getElementById("meant");
let waiting = 0;
form.elements.q.addEventListener("input", ({ target, inputType }) => {
  clearTimeout(waiting);
  if (!inputType || target.value.trim().length < 2 || target.value.length > 100) return; // one was chosen, or there is nothing to offer
  waiting = setTimeout(async () => {
    const typed = target.value;
    const answer = await fetch(`/api/v1/trials/suggest?q=${encodeURIComponent(typed)}`);
    if (!answer.ok || typed !== target.value) return;
    const { suggestions } = await answer.json();
    meant.replaceChildren(...suggestions.map(({ text, kind, trials, detail }) => {
      const option = document.createElement("option");
      option.value = text;
      option.label = [text, detail, kind === "mesh" ? "MeSH" : kind, trials === null ? "" : `${trials} trials`].filter(Boolean).join(" · ");
      return option;
    }));
  }, 150);
});

document.addEventListener("keydown", (event) => {
  const writing = event.target.closest?.("input, select, textarea");
  if (event.key === "/" && !writing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    form.elements.q.focus();
  }
});
