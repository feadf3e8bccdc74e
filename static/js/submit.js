// A double click sends once. The server is idempotent all the same.
const buttonsOf = (form) => [...form.elements].filter((element) => element.type === "submit");

function hold(form) {
  form.dataset.sending = "1";
  // After this turn, so that the button's own name and value are still sent.
  setTimeout(() => {
    for (const button of buttonsOf(form)) {
      button.disabled = true;
      button.setAttribute("aria-busy", "true");
    }
  });
}

function release(form) {
  delete form.dataset.sending;
  setTimeout(() => {
    for (const button of buttonsOf(form)) {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.again !== undefined || event.defaultPrevented) return;
  if (form.dataset.sending) event.preventDefault();
  else hold(form);
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt instanceof HTMLFormElement) hold(event.detail.elt);
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt instanceof HTMLFormElement) release(event.detail.elt);
});

// Coming back with the back key shows the page as it was left.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[data-sending]").forEach(release);
});
