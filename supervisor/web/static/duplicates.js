// Two records side by side work without this; it lets a reviewer decide by a single key.

const keys = new Map([...document.querySelectorAll("[data-key]")].map((one) => [one.dataset.key, one]));
const says = document.querySelector(".keys");

if (says) says.hidden = false;

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const chosen = keys.get(event.key);
  if (!chosen) return;
  event.preventDefault();
  chosen.click();
});
