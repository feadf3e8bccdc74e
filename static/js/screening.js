// Going through a class by keyboard or thumb: an answer saves itself and the focus moves on to the next student who is left.
import { each } from "./dom.js";

const LIST = "[data-screen]";
const FIRST = "button, a, input:not([type=hidden]), textarea";

const isLeft = (row) => row.dataset.left !== undefined;

function moveOn(row) {
  const rows = [...row.parentElement.children];
  const next = rows.slice(rows.indexOf(row)).find(isLeft) ?? rows.find(isLeft);
  const target = next?.querySelector(FIRST) ?? document.querySelector("[data-finish]");
  target?.focus();
}

document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (!target.closest?.(LIST)) return;
  if (target.dataset.moveOn !== undefined) return moveOn(target);
  (target.querySelector("[aria-invalid=true]") ?? target.querySelector(FIRST))?.focus();
});

// A key that is held down answers for one student, not for the whole class.
document.addEventListener("keydown", (event) => {
  if (event.repeat && event.key === "Enter" && event.target.closest(`${LIST} :is(button, a)`)) event.preventDefault();
});

// Closing keeps the words: they go out before the form does.
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.elt.matches?.("[data-screen-close]")) document.dispatchEvent(new CustomEvent("yd:closing"));
});

// Whoever comes back goes on where they stopped.
each(LIST, (list) => {
  const [first, ...more] = list.children;
  if (!location.hash && more.some(isLeft) && !isLeft(first)) moveOn(first);
});
