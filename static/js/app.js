// The entry: each module waits for what it serves and does nothing where that is missing.
import "./htmx-setup.js";
import "./privacy.js";
import "./keys.js";
import "./draft.js";
import "./select.js";
import "./sheet.js";
import "./submit.js";
import "./reveal.js";
import "./photos.js";
import "./screening.js";
