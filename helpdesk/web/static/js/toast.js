// Toasts: what was just done, with Undo for as long as it stands there.

import { all, icon, isField, make } from "./dom.js";
import { addKey, caps, topDialog } from "./keys.js";
import { complaint, post } from "./net.js";
import { refreshPage } from "./refresh.js";
import { strip } from "./strips.js";
import { t } from "./words.js";

const SECONDS = 8;
const AT_ONCE = 3;

/** @returns {HTMLElement} */
function room() {
  let element = document.getElementById("toasts");
  if (!element) {
    element = /** @type {HTMLElement} */ (make("div", { id: "toasts", role: "status", "aria-live": "polite" }));
    document.body.append(element);
  }
  return element;
}

/**
 * Bring the room above everything. While a modal dialog is open all else on the page is inert,
 * whatever lies on top, so the room is in the dialog for as long: Undo can be pressed there.
 * @param {HTMLElement} element
 */
function raise(element) {
  const place = topDialog() ?? document.body;
  // Where it belongs already, it stays: a region that vanishes for a moment is not read out.
  if (element.parentElement !== place) place.append(element);
  if (!element.showPopover) return;
  element.popover = "manual";
  if (!element.matches(":popover-open")) element.showPopover();
}

/** Take the room along when a dialog opens above it or closes. */
function followDialogs() {
  const changed = new MutationObserver((records) => {
    if (records.some(({ target }) => target instanceof HTMLDialogElement)) raise(room());
  });
  changed.observe(document.body, { attributes: true, attributeFilter: ["open"], subtree: true });
}

/**
 * Run a function after a time that stands still while the pointer or focus is on the element.
 * @param {HTMLElement} element
 * @param {number} milliseconds
 * @param {() => void} run
 */
function unlessLookedAt(element, milliseconds, run) {
  let left = milliseconds;
  let since = performance.now();
  let timer = window.setTimeout(run, left);
  const pause = () => {
    clearTimeout(timer);
    left -= performance.now() - since;
  };
  const go = () => {
    if (element.matches(":hover, :focus-within")) return;
    since = performance.now();
    clearTimeout(timer);
    timer = window.setTimeout(run, Math.max(left, 1000));
  };
  element.addEventListener("pointerenter", pause);
  element.addEventListener("focusin", pause);
  element.addEventListener("pointerleave", go);
  element.addEventListener("focusout", () => setTimeout(go));
  return () => clearTimeout(timer);
}

/** @typedef {{text: string, undo: string | null, until: number}} Standing */

const STANDING = "hearth:toasts";

/** What still stands there: an act may lead to another page at once. @returns {Standing[]} */
function standing() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(STANDING) ?? "[]");
    return kept.filter((/** @type {Standing} */ one) => one.until > Date.now());
  } catch {
    return [];
  }
}

/** @param {Standing} one */
function remember(one) {
  sessionStorage.setItem(STANDING, JSON.stringify([...standing(), one]));
}

/** @param {Standing} one */
function forget(one) {
  const others = standing().filter(({ text, until }) => text !== one.text || until !== one.until);
  sessionStorage.setItem(STANDING, JSON.stringify(others));
}

/**
 * How many seconds are left to undo it, counted down. A minute and more is not counted.
 * @param {number} until
 * @returns {HTMLElement}
 */
function countdown(until) {
  const element = make("span", { class: "num toast-left", "aria-hidden": "true" });
  const show = () => {
    const seconds = Math.ceil((until - Date.now()) / 1000);
    element.textContent = seconds > 0 && seconds < 60 ? t("undo.left", { n: seconds }) : "";
    return seconds > 0;
  };
  show();
  const timer = window.setInterval(() => {
    if (!show()) clearInterval(timer);
  }, 1000);
  return element;
}

/**
 * Show a toast.
 * @param {{text: string, undo?: string | null, seconds?: number}} what `undo` is where to post
 * @returns {HTMLElement}
 */
export function toast({ text, undo = null, seconds = SECONDS }) {
  const element = make("div", { class: "toast" }, icon("check"), make("span", { class: "grow" }, text));
  const one = { text, undo, until: Date.now() + seconds * 1000 };
  const end = () => {
    forget(one);
    element.remove();
  };
  const stop = unlessLookedAt(element, seconds * 1000, end);
  remember(one);
  if (undo) {
    const button = make("button", { type: "button", "data-undo": undo }, t("undo"));
    button.addEventListener("click", () => {
      stop();
      end();
      void takeBack(undo);
    });
    element.append(
      button,
      countdown(one.until),
      make("span", { class: "row row4", "aria-hidden": "true" }, ...caps("mod+z")),
    );
  }
  const here = room();
  raise(here);
  here.append(element);
  for (const old of all(here, ".toast").slice(0, -AT_ONCE)) old.remove();
  return element;
}

/**
 * Undo something and show the page as it is then.
 * @param {string} url
 */
async function takeBack(url) {
  const failed = (/** @type {string} */ text) =>
    strip({ name: "undo", tone: "danger", picture: "circle-alert", title: t("undo.failed"), text });
  try {
    const response = await post(url);
    if (!response.ok) {
      failed(await complaint(response, t("undo.late")));
      return;
    }
    const elsewhere = response.headers.get("HX-Redirect") ?? response.headers.get("HX-Location");
    if (!response.headers.get("HX-Trigger")?.includes("toast")) toast({ text: t("undone") });
    if (elsewhere) {
      location.assign(elsewhere);
      return;
    }
    if (document.dispatchEvent(new CustomEvent("undone", { cancelable: true, detail: { url } }))) {
      await refreshPage();
    }
    // After the page, or showing it as it is now would take the strip away again.
    if (response.headers.get("Content-Type")?.includes("json")) {
      const { title, text: which } = await response.json();
      strip({ name: "undo", tone: "warn", picture: "circle-alert", title, text: which });
    }
  } catch {
    failed(t("offline.try"));
  }
}

/** @returns {HTMLElement | undefined} the Undo button of the newest toast */
function newestUndo() {
  return all(document, "#toasts [data-undo]").at(-1);
}

export function start() {
  raise(room());
  followDialogs();
  const before = standing();
  sessionStorage.removeItem(STANDING);
  for (const { text, undo, until } of before) toast({ text, undo, seconds: (until - Date.now()) / 1000 });
  document.addEventListener("toast", (/** @type {any} */ event) => {
    const said = event.detail;
    toast(typeof said.value === "string" ? { text: said.value } : said);
  });
  addKey({
    keys: ["mod+z"],
    label: () => t("undo"),
    run: (event) => {
      if (isField(event.target)) return false;
      const button = newestUndo();
      button?.click();
      return Boolean(button);
    },
  });
}

/** Show the toasts that the page came with. @param {ParentNode} root */
export function scan(root) {
  for (const template of all(root, "template[data-toast]")) {
    const text = template.dataset.toast || template.content?.textContent?.trim();
    const seconds = Number(template.dataset.seconds) || SECONDS;
    template.remove();
    if (text) toast({ text, undo: template.dataset.undo, seconds });
  }
}
