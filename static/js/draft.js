// Saves what is being written a second after typing stops. Nothing is kept in the browser's storage.
import { csrfToken, each, icon, pageView, renewTokens, words } from "./dom.js";

const PAUSE = 1000; // ms after the last key
const LATEST = 5000; // ms after the first unsaved key, for those who type without a pause
const PATIENCE = 15000; // ms for an answer: a network may swallow a request without a word
const LATE = new Error("no answer");
const LONGEST = 60000; // ms between attempts when the network is gone
const KEEPALIVE = 60000; // bytes: browsers refuse more when the page goes

class Draft {
  constructor(form) {
    this.form = form;
    this.url = form.dataset.draftUrl;
    this.status = form.querySelector("[data-draft-status]");
    // Grows across reloads and tabs. Clocks differ between devices, so it begins after the number that is stored.
    this.seq = Math.max(Date.now(), Number(form.dataset.draftSeq) || 0);
    this.dirty = false; // words that the server has not confirmed
    this.since = 0; // when the first of them was typed
    this.closed = false; // the form was sent: a late save would bring the draft back
    this.attempts = 0;
    this.listen();
    if (form.querySelector("[data-refused]")) this.touched(); // what was refused is saved nowhere else
  }

  listen() {
    const { form } = this;
    form.addEventListener("input", () => this.touched());
    form.addEventListener("change", () => this.touched());
    form.addEventListener("submit", () => this.sent(), true); // before htmx reads the form
    form.addEventListener("htmx:afterRequest", (event) => {
      if (event.detail.elt === form && !event.detail.successful) this.reopen();
    });
    document.addEventListener("yd:closing", () => form.isConnected && this.leave());
    window.addEventListener("pagehide", () => this.leave());
    document.addEventListener("visibilitychange", () => this.hidden());
    document.addEventListener("yd:signed-out", () => form.isConnected && this.signedOut());
    window.addEventListener("pageshow", (event) => event.persisted && (this.closed = false));
    window.addEventListener("online", () => this.retryNow());
    window.addEventListener("focus", () => this.retryNow());
    window.addEventListener("beforeunload", (event) => {
      if (this.mustWarn()) event.preventDefault();
    });
  }

  /** What pagehide can send by itself needs no warning. */
  mustWarn() {
    return this.form.isConnected && this.dirty && !this.closed && (this.attempts > 0 || this.size() > KEEPALIVE);
  }

  size() {
    return new Blob([String(this.body())]).size;
  }

  touched() {
    if (this.closed) return;
    if (!this.dirty || this.attempts) this.since = Date.now(); // after a failure one waits for a pause again
    this.dirty = true;
    this.attempts = 0;
    this.later(Math.max(0, Math.min(PAUSE, this.since + LATEST - Date.now())));
  }

  /** A phone may end a page in the background without another word, so what is unsaved goes out now. */
  hidden() {
    if (document.visibilityState === "visible") return this.retryNow();
    clearTimeout(this.timer);
    if (this.dirty) this.save();
  }

  later(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), wait);
  }

  retryNow() {
    if (this.form.isConnected) renewTokens();
    if (this.attempts && this.dirty) this.later(0);
  }

  nextSeq() {
    this.seq = Math.max(this.seq + 1, Date.now());
    return this.seq;
  }

  body() {
    const data = new FormData(this.form);
    for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
    data.delete("csrfmiddlewaretoken");
    data.set("draft_key", this.form.dataset.draftKey ?? "");
    data.set("seq", this.nextSeq());
    return new URLSearchParams([...data]);
  }

  request(extra) {
    const headers = { "X-CSRFToken": csrfToken(), "X-Yidang-Autosave": "1", "X-Page-View": pageView() };
    headers["X-Yidang-Writer"] = document.body.dataset.writer ?? ""; // another person may have signed in meanwhile
    return fetch(this.url, { method: "POST", headers, body: this.body(), redirect: "manual", ...extra });
  }

  /** One save at a time, so that an older one can never arrive after a newer one. */
  async save() {
    if (this.closed || !this.form.isConnected) return;
    if (this.flight) return void (this.again = true);
    this.flight = new AbortController();
    this.dirty = false;
    this.say("saving", "refresh");
    const { flight } = this;
    const patience = setTimeout(() => flight.abort(LATE), PATIENCE);
    await this.attempt();
    clearTimeout(patience);
    this.flight = null;
    if (this.again && this.dirty) this.later(0);
    this.again = false;
  }

  async attempt() {
    try {
      const keepalive = document.visibilityState === "hidden" && this.size() <= KEEPALIVE;
      const response = await this.request({ signal: this.flight.signal, keepalive });
      if (response.ok) this.confirmed();
      else this.refused(response);
    } catch (error) {
      // Older browsers reject with an AbortError whatever the reason was.
      if (this.flight.signal.reason === LATE || error.name !== "AbortError") this.failed("offline", "wifi-off");
    }
  }

  confirmed() {
    this.attempts = 0;
    this.savedAt = Date.now();
    if (!this.dirty) this.say("saved", "cloud-check");
    clearInterval(this.clock);
    this.clock = setInterval(() => this.age(), 60000);
  }

  age() {
    const minutes = Math.round((Date.now() - this.savedAt) / 60000);
    if (!this.dirty && !this.attempts && minutes) this.say("minutes", "cloud-check", minutes);
  }

  refused({ status, headers }) {
    if (status === 409) this.seq = Math.max(this.seq, Number(headers.get("X-Draft-Seq")) || 0);
    if (status === 401 || status === 0) this.failed("expired", "lock", true);
    else this.failed("refused", "alert-circle");
  }

  failed(word, iconName, signIn = false) {
    this.dirty = true;
    this.attempts += 1;
    this.say(word, iconName);
    if (signIn) this.offerSignIn();
    this.later(Math.min(LONGEST, PAUSE * 2 ** this.attempts));
  }

  say(word, iconName, number = "") {
    const text = words(word).replace("{n}", number);
    if (!this.status || this.status.dataset.shown === text) return;
    this.status.dataset.shown = text;
    const span = document.createElement("span");
    span.textContent = text;
    this.status.replaceChildren(icon(iconName), span);
  }

  /** Told by another request of the page. What was not touched becomes no draft. */
  signedOut() {
    if (this.dirty || this.flight) return this.failed("expired", "lock", true);
    this.say("expired", "lock");
    this.offerSignIn();
  }

  offerSignIn() {
    if (this.status?.querySelector("a")) return;
    const link = document.createElement("a");
    link.href = document.body.dataset.loginUrl;
    link.target = "_blank";
    link.rel = "opener";
    link.textContent = words("signin");
    this.status?.append(link);
  }

  /** The form goes out: stop for good, and tell the server up to which number drafts are over. */
  sent() {
    this.closed = true;
    clearTimeout(this.timer);
    this.flight?.abort();
    let field = this.form.elements.namedItem("draft_seq");
    if (!field) {
      field = Object.assign(document.createElement("input"), { type: "hidden", name: "draft_seq" });
      this.form.append(field);
    }
    field.value = this.nextSeq();
  }

  reopen() {
    this.closed = false;
    this.touched();
  }

  /** The page or sheet goes: send what is unsaved without waiting for an answer. */
  leave() {
    if (this.closed || !(this.dirty || this.flight)) return;
    clearTimeout(this.timer);
    this.flight?.abort();
    this.request({ keepalive: this.size() <= KEEPALIVE }).then(() => {}, () => {});
    this.dirty = false;
  }
}

each("form[data-draft-url]", (form) => new Draft(form));
