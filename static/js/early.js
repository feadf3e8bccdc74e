// Before the first paint, so that no name flashes up while names are blurred.
try {
  if (sessionStorage.getItem("yd-privacy") === "1") document.documentElement.classList.add("privacy");
} catch {
  // Storage may be forbidden; then every page starts with names shown.
}
