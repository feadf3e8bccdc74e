// Errors leave the page as it is and say so; the token is always the present one.
import { csrfToken, toast, words } from "./dom.js";

document.addEventListener("htmx:configRequest", (event) => {
  const { headers, verb } = event.detail;
  if (verb !== "get" && headers["X-CSRFToken"]) headers["X-CSRFToken"] = csrfToken();
});

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
