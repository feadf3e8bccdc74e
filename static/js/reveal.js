// Shows a password while the eye is pressed in: <button data-reveal="id of the field">.
document.addEventListener("click", (event) => {
  const eye = event.target.closest("[data-reveal]");
  const field = eye && document.getElementById(eye.dataset.reveal);
  if (!field) return;
  const show = field.type === "password";
  field.type = show ? "text" : "password";
  eye.setAttribute("aria-pressed", String(show));
});
