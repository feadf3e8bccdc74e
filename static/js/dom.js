// Small helpers that several modules share. The page's words stand on body, translated by the template.
export const words = (name) => document.body.dataset[`t${name[0].toUpperCase()}${name.slice(1)}`] ?? "";

/** Calls `start` for each matching element, those of later fragments included, once per element. */
export function each(selector, start) {
  const begun = new WeakSet();
  const look = (root) => {
    const found = [...root.querySelectorAll(selector)];
    if (root.matches?.(selector)) found.push(root);
    for (const element of found) {
      if (begun.has(element)) continue;
      begun.add(element);
      start(element);
    }
  };
  look(document.body);
  document.addEventListener("htmx:load", (event) => look(event.detail.elt));
}

/** The icon of the sprite that the page already uses. */
export function icon(name) {
  const sprite = document.querySelector("svg.yd-i use")?.getAttribute("href")?.split("#")[0] ?? "";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "yd-i yd-i-sm");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS("http://www.w3.org/2000/svg", "use"));
  svg.firstChild.setAttribute("href", `${sprite}#i-${name}`);
  return svg;
}

/** A short line at the bottom. It goes after a while, so it never carries what somebody must act on. */
export function toast(text, iconName = "check") {
  const box = document.getElementById("toasts");
  if (!box || !text) return;
  const line = document.createElement("div");
  line.className = "yd-toast";
  const span = document.createElement("span");
  span.textContent = text;
  line.append(icon(iconName), span);
  box.append(line);
  setTimeout(() => line.remove(), 6000);
}

/** The CSRF token as it is now: another tab may have signed in again since this page was made. */
export function csrfToken() {
  const cookie = document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/);
  if (cookie) return decodeURIComponent(cookie[1]);
  return document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";
}

/** Puts the present token into the forms of this page, so that they can still be sent. */
export function renewTokens() {
  const token = csrfToken();
  for (const input of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) input.value = token;
}

export const pageView = () => document.querySelector("meta[name=page-view]")?.content ?? "";
