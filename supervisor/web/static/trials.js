// The search works without this; it folds the filters on a narrow screen, applies the order at once, and tidies the address.

const form = document.querySelector("form.search");
const filters = document.getElementById("filters");

if (matchMedia("(max-width: 56rem)").matches && !filters.querySelector("[aria-invalid]")) filters.open = false;

form.querySelector('select[name="order"]').addEventListener("change", () => form.requestSubmit());

form.addEventListener("formdata", ({ formData }) => {
  for (const [name, value] of [...formData.entries()]) if (value === "") formData.delete(name);
  if (formData.get("order") === "relevance") formData.delete("order");
});

document.addEventListener("keydown", (event) => {
  const writing = event.target.closest?.("input, select, textarea");
  if (event.key === "/" && !writing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    form.elements.q.focus();
  }
});
