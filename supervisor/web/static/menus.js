// Menus close when one goes elsewhere: a click beside them, the focus leaving, or Escape, which gives the focus back.
(() => {
  const open = () => document.querySelectorAll("details.menu[open]");
  const closeUnless = (target) => open().forEach((menu) => { if (!menu.contains(target)) menu.open = false; });
  document.addEventListener("click", (event) => closeUnless(event.target));
  document.addEventListener("focusin", (event) => closeUnless(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    open().forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
  });
})();
