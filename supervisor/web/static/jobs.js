// The list of jobs works without this; it chooses all dead letters of the page at once.

const button = document.getElementById("all");

if (button) {
  const boxes = [...document.querySelectorAll('#dead input[name="ids"]')];
  button.hidden = false;
  button.addEventListener("click", () => {
    const all = boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = !all;
  });
}
