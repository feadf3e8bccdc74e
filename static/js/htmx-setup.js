// Errors leave the page as it is and say so; the token is always the present one.
import { csrfToken, icon, toast, words } from "./dom.js";

document.addEventListener("htmx:configRequest", (event) => {
  const { headers, verb } = event.detail;
  if (verb !== "get" && headers["X-CSRFToken"]) headers["X-CSRFToken"] = csrfToken();
});

// Signed out, or reading locked, while somebody writes: the page stays, words and all, and says where to go on.
const WRITTEN = "form[method=post] textarea, form[method=post] input:not([type=hidden], [type=search], [type=radio], [type=checkbox])";
// On a page that was refused what was typed stands as the default.
const REFUSED = "form[method=post] [aria-invalid=true], [data-refused]";
const isWriting = () =>
  document.querySelector(REFUSED) !== null ||
  [...document.querySelectorAll(WRITTEN)].some((field) => field.value !== field.defaultValue);

document.addEventListener("htmx:beforeOnLoad", (event) => {
  const to = event.detail.xhr.getResponseHeader("HX-Redirect");
  if (!to || !isWriting()) return;
  const { loginUrl, unlockUrl } = document.body.dataset;
  if (to.startsWith(loginUrl)) signedOut(loginUrl);
  else if (to.startsWith(unlockUrl)) stay(unlockUrl, words("locked"), words("unlock"));
  else return;
  event.preventDefault();
});

function signedOut(loginUrl) {
  stay(loginUrl, words("expired"), words("signin"));
  document.dispatchEvent(new CustomEvent("yd:signed-out"));
}

function stay(href, text, label) {
  const box = document.getElementById("toasts");
  if (box.querySelector("[data-stay]")) return;
  const line = Object.assign(document.createElement("div"), { className: "yd-toast" });
  line.dataset.stay = "";
  const link = Object.assign(document.createElement("a"), { href, target: "_blank", rel: "opener", textContent: label });
  link.addEventListener("click", () => line.remove());
  line.append(icon("lock"), Object.assign(document.createElement("span"), { textContent: text }), link);
  box.append(line);
}

for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    // Polling that fails tries again by itself.
    if (event.detail.requestConfig?.headers["X-Yidang-Poll"]) return;
    toast(words("failed"), "alert-circle");
  });
}

// The server may ask for a toast: trigger_client_event(response, "yd:toast", {"text": …}).
document.addEventListener("yd:toast", (event) => toast(event.detail.text));

// Toasts of the page itself go after a while. Those with a link (undo) stay longer.
for (const line of document.querySelectorAll("#toasts .yd-toast")) {
  setTimeout(() => line.remove(), line.querySelector("a, button") ? 20000 : 6000);
}

// What was found goes when the search is left or emptied.
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-search]")) document.getElementById("found")?.replaceChildren();
});
