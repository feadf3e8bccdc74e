// Says how many photos were chosen: the camera is a file field without its own words.
document.addEventListener("change", (event) => {
  const field = event.target.closest('.yd-camera input[type="file"]');
  const line = field?.form.querySelector("[data-photos]");
  if (line) line.textContent = field.files.length || "";
});
