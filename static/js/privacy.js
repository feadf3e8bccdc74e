// The privacy key: blurs every name and every free text until it is pressed again, in this tab.
const root = document.documentElement;

export function togglePrivacy() {
  const on = root.classList.toggle("privacy");
  try {
    sessionStorage.setItem("yd-privacy", on ? "1" : "0");
  } catch {
    // Without storage it holds for this page only.
  }
  show();
}

function show() {
  const on = root.classList.contains("privacy");
  for (const key of document.querySelectorAll("[data-privacy]")) key.setAttribute("aria-pressed", String(on));
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-privacy]")) togglePrivacy();
});
show();
