// Keys for what staff do all day. Off while typing, and with data-shortcuts="off" on body.
import { togglePrivacy } from "./privacy.js";
import { toggleTile } from "./select.js";
import { closeTop } from "./sheet.js";

const ROWS = "[data-row], .yd-list > li > a.yd-grow, .yd-tile > a, .yd-time > li a, .table tbody a";
const enabled = () => document.body.dataset.shortcuts !== "off";
const typing = (element) => element.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const shown = (element) => element.getClientRects().length > 0 && !element.closest("[inert]");
const first = (selector) => [...document.querySelectorAll(selector)].find(shown);

function move(step) {
  const rows = [...document.querySelectorAll(ROWS)].filter(shown);
  const at = rows.findIndex((row) => row.contains(document.activeElement) || row === document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step;
  rows[Math.max(0, Math.min(rows.length - 1, next))]?.focus();
}

function search() {
  const input = first(".yd-find input");
  if (input) input.focus();
  else first('[data-key="/"]')?.click();
}

const KEYS = {
  n: () => first('[data-key="n"], .yd-fab')?.click(),
  "/": search,
  p: togglePrivacy,
  j: () => move(1),
  k: () => move(-1),
  x: () => toggleTile(document.activeElement.closest(".yd-tile")),
};

function send(event) {
  const form = event.target.closest("form[method=post]");
  if (!form) return;
  event.preventDefault();
  form.requestSubmit();
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return; // an input method is at work
  if (event.key === "Escape") return void (closeTop() && event.preventDefault());
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return send(event);
  if (!enabled() || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const act = KEYS[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
});
