// Drafts: what is typed is saved on the server while it is typed, and in the browser when it can't be.

import { all, later, on } from "./dom.js";
import { post } from "./net.js";
import { clear, strip } from "./strips.js";
import { sent, touched } from "./typed.js";
import { t } from "./words.js";

const WAIT = 800;
const RETRY = 15_000;
const SENT = "hearth:sent";

/**
 * @typedef {object} Draft
 * @property {string} url
 * @property {string} saved what the server has, as a query string
 * @property {boolean} sending whether the form itself is on its way
 * @property {Promise<void> | null} running
 * @property {ReturnType<typeof later<[]>>} soon
 */

/** @type {WeakMap<HTMLFormElement, Draft>} */
const drafts = new WeakMap();

/** @param {string} url */
function shelf(url) {
  return `hearth:draft:${document.documentElement.dataset.person ?? ""}:${url}`;
}

/** @param {string} key @param {string | null} value */
function store(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // No room, or storage is switched off: the server's copy is the one that counts.
  }
}

/** @param {HTMLFormElement} form @returns {URLSearchParams} its fields but files and tokens */
function fieldsOf(form) {
  const values = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && name !== "csrf_token") values.append(name, value);
  }
  return values;
}

/** @param {HTMLFormElement} form @returns {string} what is compared: without the stamp */
function contentOf(form) {
  const values = fieldsOf(form);
  values.delete("stamp");
  return values.toString();
}

/** @param {HTMLFormElement} form @param {"saving" | "saved" | "kept"} state */
function say(form, state) {
  for (const element of all(form, "[data-draft-status]")) {
    element.dataset.state = state;
    element.textContent = t(`draft.${state}`);
  }
}

/** @param {HTMLFormElement} form @param {string | undefined} stamp */
function setStamp(form, stamp) {
  const field = form.elements.namedItem("stamp");
  if (field instanceof HTMLInputElement && stamp !== undefined) field.value = stamp;
}

/** @param {HTMLFormElement} form */
function keepHere(form, { url } = /** @type {Draft} */ (drafts.get(form))) {
  store(shelf(url), JSON.stringify({ fields: [...fieldsOf(form)], at: Date.now() }));
}

/** @param {HTMLFormElement} form @returns {HTMLTextAreaElement | HTMLInputElement | null} */
function bodyOf(form) {
  return form.querySelector("[data-draft-body]") ?? form.querySelector("textarea");
}

/**
 * Two windows typed into one draft: show the other text and let the writer choose.
 * @param {HTMLFormElement} form
 * @param {{body?: string, stamp?: string}} other
 */
function clash(form, other) {
  const { url } = /** @type {Draft} */ (drafts.get(form));
  form.dispatchEvent(new CustomEvent("draft:clash", { bubbles: true, detail: other }));
  strip({
    name: `draft:${url}`,
    tone: "warn",
    picture: "message-square-warning",
    title: t("draft.clash"),
    text: `“${(other.body ?? "").slice(0, 200)}”`,
    actions: [
      {
        label: t("draft.take"),
        run: () => {
          const field = bodyOf(form);
          setStamp(form, other.stamp);
          if (field) field.value = other.body ?? "";
          field?.dispatchEvent(new Event("input", { bubbles: true }));
        },
      },
      {
        label: t("draft.keep"),
        run: () => {
          setStamp(form, other.stamp);
          void save(form);
        },
      },
    ],
  });
}

/**
 * Save a form's draft now, if it changed.
 * @param {HTMLFormElement} form
 * @param {boolean} [leaving] the page is being left: the request must outlive it
 * @returns {Promise<void>}
 */
async function save(form, leaving = false) {
  const draft = drafts.get(form);
  if (!draft || draft.sending) return;
  draft.soon.cancel();
  const content = contentOf(form);
  if (content === draft.saved) return;
  // Until the server has it, the browser keeps it: the answer may never come.
  keepHere(form);
  if (draft.running && !leaving) {
    await draft.running;
    return save(form);
  }
  say(form, "saving");
  draft.running = exchange(form, draft, content, leaving);
  await draft.running;
  draft.running = null;
}

/** @param {HTMLFormElement} form @param {Draft} draft @param {string} content @param {boolean} leaving */
async function exchange(form, draft, content, leaving) {
  try {
    const response = await post(draft.url, fieldsOf(form), { keepalive: leaving });
    const json = (response.headers.get("Content-Type") ?? "").includes("json");
    const answer = json ? await response.json() : {};
    if (response.status === 409) return clash(form, answer);
    if (!response.ok || response.redirected) throw new Error(String(response.status));
    draft.saved = content;
    setStamp(form, answer.stamp);
    store(shelf(draft.url), null);
    clear(`draft:${draft.url}`);
    say(form, "saved");
    form.dispatchEvent(new CustomEvent("draft:saved", { bubbles: true, detail: answer }));
  } catch {
    say(form, "kept");
    if (form.isConnected) setTimeout(() => form.isConnected && void save(form), RETRY);
  }
}

/** Put back what could not be saved the last time. @param {HTMLFormElement} form @param {string} url */
function restore(form, url) {
  /** @type {{fields: [string, string][]} | null} */
  let kept = null;
  try {
    kept = JSON.parse(localStorage.getItem(shelf(url)) ?? "null");
  } catch {
    return;
  }
  if (!kept) return;
  const values = new Map(kept.fields);
  let differs = false;
  for (const field of form.elements) {
    const named = /** @type {HTMLInputElement} */ (field);
    const value = values.get(named.name);
    if (value === undefined) continue;
    const text = field.matches("textarea, select, input:not([type=hidden], [type=checkbox], [type=radio])");
    const stamp = named.name === "stamp";
    if ((!text && !stamp) || named.value === value) continue;
    named.value = value;
    if (text) touched(named);
    differs ||= text;
  }
  if (!differs) return store(shelf(url), null);
  say(form, "kept");
  drafts.get(form)?.soon();
}

/** A plain form was sent and a page came: only who goes back to it gets the text again. */
function forgetSent() {
  const key = sessionStorage.getItem(SENT);
  if (!key) return;
  sessionStorage.removeItem(SENT);
  const [navigation] = /** @type {any[]} */ (performance.getEntriesByType("navigation"));
  if (navigation?.type !== "back_forward") store(key, null);
}

/** The form has been sent: its draft is over. @param {HTMLFormElement} form */
function finished(form) {
  const draft = drafts.get(form);
  if (!draft) return;
  draft.soon.cancel();
  store(shelf(draft.url), null);
  clear(`draft:${draft.url}`);
  for (const element of all(form, "[data-draft-status]")) element.textContent = "";
}

/** @param {any} event @returns {HTMLFormElement | null} the form with a draft that htmx is sending */
function formOf(event) {
  const element = event.detail.elt;
  const form = element instanceof Element ? element.closest("form[data-draft]") : null;
  const sends = form && (element === form || element.form === form);
  return sends ? /** @type {HTMLFormElement} */ (form) : null;
}

function followHtmx() {
  // A draft on its way must arrive before the form, or it would stand there again afterwards.
  document.addEventListener("htmx:confirm", (/** @type {any} */ event) => {
    const form = formOf(event);
    const draft = form && drafts.get(form);
    if (!draft || event.detail.verb === "get") return;
    draft.soon.cancel();
    if (!draft.running) return;
    event.preventDefault();
    void draft.running.then(() => event.detail.issueRequest());
  });
  document.addEventListener("htmx:beforeRequest", (/** @type {any} */ event) => {
    const form = formOf(event);
    const draft = form && drafts.get(form);
    if (draft && event.detail.requestConfig?.verb !== "get") draft.sending = true;
  });
  document.addEventListener("htmx:afterRequest", (/** @type {any} */ event) => {
    const form = formOf(event);
    const draft = form && drafts.get(form);
    if (!draft || !form || event.detail.requestConfig?.verb === "get") return;
    // An answer that leads to another page ends the form: whatever still changes in it on the way
    // out, a running timer say, would leave a draft of what has been sent.
    const leaves = Boolean(event.detail.xhr?.getResponseHeader("HX-Redirect"));
    draft.sending = leaves;
    if (event.detail.successful || leaves) {
      finished(form);
      draft.saved = contentOf(form);
    } else {
      draft.soon();
    }
  });
  document.addEventListener("htmx:beforeCleanupElement", (event) => {
    if (event.target instanceof HTMLFormElement && drafts.has(event.target)) void save(event.target);
  });
}

function leave() {
  for (const form of all(document, "form[data-draft]")) void save(form, true);
}

export function start() {
  const changed = (/** @type {Event} */ _event, /** @type {HTMLFormElement} */ form) => {
    drafts.get(form)?.soon();
  };
  for (const type of ["input", "change", "upload:done", "upload:removed"]) {
    on(type, "form[data-draft]", changed);
  }
  on("submit", "form[data-draft]", (event, form) => {
    // htmx says itself how it ended; of a plain form only the next page can tell.
    if (event.defaultPrevented || form.matches("[hx-post], [hx-put], [hx-patch]")) return;
    const draft = drafts.get(form);
    if (!draft) return;
    keepHere(form);
    draft.sending = true;
    draft.soon.cancel();
    sessionStorage.setItem(SENT, shelf(draft.url));
    sent(form);
  });
  forgetSent();
  followHtmx();
  addEventListener("online", () => {
    for (const form of all(document, "form[data-draft]")) void save(form);
  });
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => document.hidden && leave());
}

/** @param {ParentNode} root */
export function scan(root) {
  for (const form of all(root, "form[data-draft]")) {
    const url = form.dataset.draft;
    const known = drafts.get(form);
    if (known?.url === url) continue;
    // A morph may make one form out of another: its draft is a new one then.
    const soon = later(() => void save(form), WAIT);
    drafts.set(form, { url, saved: contentOf(form), sending: false, running: null, soon });
    restore(form, url);
  }
}
