// Choosing several students in the class grid. Without this file the boxes and links do the same; it adds the count and the key X.
import { each, words } from "./dom.js";

const chosen = (form) => [...form.querySelectorAll(".yd-tile input:checked")];

function show(form) {
  const tiles = chosen(form).map((box) => box.closest(".yd-tile"));
  const names = tiles.map((tile) => tile.querySelector(".yd-strong").textContent);
  const count = form.querySelector("[data-picked-count]");
  const line = form.querySelector("[data-picked-names]");
  if (count) count.textContent = words("picked").replace("{n}", tiles.length);
  if (line) line.textContent = names.join(words("comma"));
  const submit = form.querySelector(".yd-pick [type=submit]");
  if (submit) submit.disabled = tiles.length === 0;
}

function begin(form, on) {
  form.classList.toggle("yd-selecting", on);
  for (const link of form.querySelectorAll(".yd-tile a")) link.tabIndex = on ? -1 : 0;
  if (!on) for (const box of chosen(form)) box.checked = false;
  show(form);
}

/** The key X on a tile: begins choosing, then takes the tile in or out. */
export function toggleTile(tile) {
  const box = tile?.querySelector("input");
  if (!box) return;
  const form = tile.closest(".yd-select");
  if (!form.classList.contains("yd-selecting")) begin(form, true);
  box.checked = !box.checked;
  box.focus();
  show(form);
}

/** Ends choosing; true if it was on. */
export function endSelecting() {
  const form = document.querySelector(".yd-selecting");
  if (!form) return false;
  form.querySelector('.yd-pick a[href="#"]')?.click();
  begin(form, false);
  return true;
}

each(".yd-select", (form) => {
  const follow = () => begin(form, location.hash === `#${form.id}`);
  window.addEventListener("hashchange", follow);
  form.addEventListener("change", () => show(form));
  if (location.hash === `#${form.id}`) begin(form, true);
  else show(form);
});

// Going back after a note leaves the boxes as the browser kept them.
window.addEventListener("pageshow", () => document.querySelectorAll(".yd-select").forEach(show));
