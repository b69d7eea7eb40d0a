// Before the first paint: the theme that was chosen, if one was. Else the system's holds.
(() => {
  const KEY = "triald-theme", CHOICES = ["auto", "light", "dark"];
  const stored = () => { try { return localStorage.getItem(KEY) ?? "auto"; } catch { return "auto"; } };
  const apply = (choice) => {
    if (choice === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
  };
  let choice = CHOICES.includes(stored()) ? stored() : "auto";
  apply(choice);
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const say = () => { button.querySelector("span").textContent = choice; };
    button.hidden = false;
    say();
    button.addEventListener("click", () => {
      choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
      try { localStorage.setItem(KEY, choice); } catch { /* it holds for this page */ }
      apply(choice);
      say();
    });
  });
})();
