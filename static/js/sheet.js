// A sheet that htmx put into #sheet: focus goes in, the page behind is inert, Esc closes and focus returns.
import { endSelecting } from "./select.js";

const root = document.getElementById("sheet");
const behind = () => document.querySelector(".yd-app");
let opener = null;

function open() {
  const sheet = root.querySelector(".yd-sheet");
  if (!sheet) return;
  behind().inert = true;
  if (!root.querySelector(".yd-scrim")) {
    const scrim = document.createElement("div");
    scrim.className = "yd-scrim";
    root.prepend(scrim);
  }
  const target = ["[autofocus]", "textarea", "input:not([type=hidden])"].map((css) => sheet.querySelector(css)).find(Boolean);
  target?.focus();
}

function close() {
  root.dispatchEvent(new CustomEvent("yd:closing", { bubbles: true }));
  root.replaceChildren();
  behind().inert = false;
  opener?.focus();
  opener = null;
}

/** Closes what lies on top: results, sheet, drawer, selecting. True if there was something. */
export function closeTop() {
  const found = document.getElementById("found");
  if (found?.childElementCount) return found.replaceChildren(), true;
  if (root?.childElementCount) return close(), true;
  const link = document.querySelector(".yd-sheet [data-sheet-close], .yd-detail:target [data-sheet-close]");
  if (link) return link.click(), true;
  return endSelecting();
}

if (root) {
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target === root && !root.childElementCount) opener = event.detail.elt;
  });
  root.addEventListener("htmx:afterSettle", (event) => event.target === root && open());
  root.addEventListener("click", (event) => {
    if (!event.target.closest("[data-sheet-close], .yd-scrim")) return;
    event.preventDefault();
    close();
  });
}

// A sheet that is a page of its own: its text area has the focus from the start.
const own = document.querySelector("main > .yd-sheet");
if (own && !own.contains(document.activeElement)) own.querySelector("[autofocus], textarea")?.focus();
