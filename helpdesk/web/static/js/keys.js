// The keyboard: keys written on buttons, links and fields as `data-key` press or focus them.

import { all, available, composing, isField, make, on } from "./dom.js";
import { leave } from "./focus.js";
import { t } from "./words.js";

/** How long the second key of a sequence (`g q`) may take, in milliseconds. */
const PATIENCE = 1500;
const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/** @typedef {{keys: string[], run: (event: KeyboardEvent) => boolean | void, when?: () => boolean,
 *   label?: () => string, shown?: string, first?: boolean}} Shortcut */

/** Keys that belong to no element; later ones come first. @type {Shortcut[]} */
const builtIn = [];

/**
 * Add a key that no button stands for. `run` may return false to let the key pass on. Without a
 * label it isn't listed; `shown` is what the list shows for it, `first` puts it before the page's.
 * @param {Shortcut} shortcut
 */
export function addKey(shortcut) {
  builtIn.unshift(shortcut);
}

/**
 * Return the keys of an element: `"g q, /"` is two ways, the first of two strokes.
 * @param {Element} element
 * @returns {string[]}
 */
export function keysOf(element) {
  const written = element.getAttribute("data-key") ?? "";
  return written.split(",").map(normal).filter(Boolean);
}

/** @param {string} key */
function normal(key) {
  return key.trim().toLowerCase().replace(/\s+/g, " ").replace(/\besc\b/, "escape");
}

/**
 * Return the name of what was pressed, as `data-key` writes it.
 * @param {KeyboardEvent} event
 * @returns {string}
 */
function strokeOf(event) {
  let key = event.key.toLowerCase();
  if (key === " ") key = "space";
  // With an input method or another alphabet switched on, the key's place says which it is.
  if (!/^[\x20-\x7e]+$/.test(key) && /^Key[A-Z]$/.test(event.code)) {
    key = event.code.slice(3).toLowerCase();
  }
  const letter = /^[a-z]$/.test(key);
  const parts = [];
  if (MAC ? event.metaKey : event.ctrlKey) parts.push("mod");
  if (event.altKey) parts.push("alt");
  // Shift is part of a sign such as "?"; of letters and named keys it is a modifier.
  if (event.shiftKey && (letter || key.length > 1)) parts.push("shift");
  return [...parts, key].join("+");
}

/** The open modal dialog on top, if any. @returns {HTMLDialogElement | null} */
export function topDialog() {
  const open = document.querySelectorAll("dialog:modal");
  return /** @type {HTMLDialogElement | null} */ (open[open.length - 1] ?? null);
}

/** @returns {boolean} */
function menuOpen() {
  return all(document, "[role=menu]").some((menu) => !menu.hidden);
}

/**
 * Tell whether an element's key works now. A narrow window hides some buttons, but not their keys:
 * `data-key-everywhere` marks those.
 * @param {Element} element
 * @returns {boolean}
 */
export function usable(element) {
  if (available(element)) return true;
  if (!element.hasAttribute("data-key-everywhere") || element.matches(":disabled")) return false;
  return !element.closest("[hidden], [inert], dialog:not([open])");
}

/**
 * Return a short, readable name for what an element does.
 * @param {Element} element
 * @returns {string}
 */
export function labelOf(element) {
  const said =
    element.getAttribute("data-key-label") ??
    element.getAttribute("data-command") ??
    element.getAttribute("aria-label") ??
    element.getAttribute("placeholder");
  if (said) return said.trim();
  const copy = /** @type {Element} */ (element.cloneNode(true));
  for (const part of copy.querySelectorAll("kbd, svg, .cnt, .n, .vh")) part.remove();
  return (copy.textContent ?? "").trim().replace(/\s+/g, " ");
}

/**
 * Press what an element stands for: fields get focus, all else a click.
 * @param {HTMLElement} element
 */
export function press(element) {
  if (isField(element)) {
    element.focus();
    if (element instanceof HTMLInputElement) element.select();
  } else {
    element.click();
  }
}

/**
 * Of the elements with a key, return the one that is meant now.
 * @param {string} stroke
 * @returns {HTMLElement | undefined}
 */
function meant(stroke) {
  const dialog = topDialog();
  const focus = document.activeElement;
  const form = focus?.closest("form, [data-key-group]");
  const found = all(dialog ?? document, "[data-key]").filter((element) => {
    if (!keysOf(element).includes(stroke) || !usable(element)) return false;
    const scope = element.getAttribute("data-key-scope");
    return !scope || Boolean(focus?.closest(scope));
  });
  return (
    found.find((element) => form?.contains(element) || (form && element.form === form)) ??
    found.find((element) => element.closest("[data-bulk]")) ??
    found.find(available) ??
    found[0]
  );
}

/** @param {string} stroke @param {KeyboardEvent} event @returns {boolean} whether it was used */
function dispatch(stroke, event) {
  for (const shortcut of builtIn) {
    if (!shortcut.keys.includes(stroke)) continue;
    if (shortcut.when && !shortcut.when()) continue;
    if (shortcut.run(event) !== false) return true;
  }
  const element = meant(stroke);
  if (!element) return false;
  press(element);
  return true;
}

/** @param {string} stroke @returns {boolean} whether a longer key begins with it */
function beginsSequence(stroke) {
  return all(document, "[data-key]").some((element) =>
    keysOf(element).some((key) => key.startsWith(`${stroke} `) && usable(element)),
  );
}

let waiting = "";
let patience = 0;

function forget() {
  waiting = "";
  clearTimeout(patience);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.defaultPrevented || composing(event)) return;
  if (["Control", "Shift", "Alt", "Meta", "CapsLock", "Process", "Dead"].includes(event.key)) return;
  const stroke = strokeOf(event);
  const plain = !stroke.startsWith("mod+") && !stroke.startsWith("alt+");
  const named = stroke.split("+").pop() ?? "";
  const character = plain && named.length === 1;
  const inField = isField(event.target);
  // Esc leaves a field, so that letters are keys again.
  if (inField && stroke === "escape" && !topDialog()) {
    leave(/** @type {HTMLElement} */ (event.target));
    return forget();
  }
  // In a field only keys that write nothing are ours: with Ctrl, and F1 to F12.
  if (inField && plain && !/^(shift\+)?f\d+$/.test(stroke)) return forget();
  if (inField && ["mod+z", "mod+a", "mod+c", "mod+v", "mod+x"].includes(stroke)) return forget();
  if (menuOpen() && plain) return forget();
  if (character && document.documentElement.dataset.keys === "off") return forget();
  // Enter and space on a button or link are the browser's.
  const control = event.target instanceof Element && event.target.closest("a[href], button, summary");
  if (control && (stroke === "enter" || stroke === "space")) return forget();
  if (event.repeat && !["j", "k", "arrowdown", "arrowup"].includes(named)) return;

  const sequence = waiting && `${waiting} ${stroke}`;
  forget();
  if (sequence && dispatch(sequence, event)) {
    event.preventDefault();
  } else if (!sequence && character && beginsSequence(stroke)) {
    waiting = stroke;
    patience = window.setTimeout(forget, PATIENCE);
    event.preventDefault();
  } else if (dispatch(stroke, event)) {
    event.preventDefault();
  }
}

const SIGNS = /** @type {Record<string, string>} */ ({
  mod: MAC ? "⌘" : "Ctrl",
  shift: "Shift",
  alt: MAC ? "⌥" : "Alt",
  enter: "↵",
  escape: "Esc",
  arrowup: "↑",
  arrowdown: "↓",
  arrowleft: "←",
  arrowright: "→",
  tab: "Tab",
  space: "Space",
});

/**
 * Return `<kbd>` elements for a key.
 * @param {string} key such as `mod+enter`
 * @returns {HTMLElement[]}
 */
export function caps(key) {
  return key
    .split(/[+ ]/)
    .filter(Boolean)
    .map((part) => make("kbd", {}, SIGNS[part] ?? part.toUpperCase()));
}

/** @param {string} label @param {Node[]} signs */
function line(label, signs) {
  return make(
    "div",
    {},
    make("span", {}, label),
    make("span", { class: "row row4" }, ...signs),
  );
}

/** @returns {Node[]} a line for every key of the page, as the reader may use it now */
function lines() {
  const listed = [];
  const goTo = [];
  const seen = new Set();
  for (const element of all(document, "[data-key]")) {
    if (!usable(element)) continue;
    const keys = keysOf(element).filter((key) => !seen.has(key));
    const label = labelOf(element);
    if (!keys.length || !label) continue;
    for (const key of keys) seen.add(key);
    if (keys[0].includes(" ")) goTo.push({ key: keys[0], label });
    else listed.push(line(label, keys.flatMap(caps)));
  }
  const general = (/** @type {boolean} */ first) =>
    [...builtIn]
      .reverse()
      .filter((one) => one.label && Boolean(one.first) === first && (!one.when || one.when()))
      .map((one) => line(/** @type {() => string} */ (one.label)(), caps(one.shown ?? one.keys[0])));
  const going = goTo.map(({ key, label }) => line(label, caps(key)));
  return [...general(true), ...listed, ...general(false), ...going];
}

/** Show all keys of this page. */
export function showKeys() {
  const known = document.getElementById("all-keys");
  const found = lines();
  const dialog = known ?? make("dialog", { id: "all-keys", class: "wide", "aria-labelledby": "all-keys-title" });
  if (dialog.open) return;
  dialog.replaceChildren(
    make(
      "div",
      { class: "dlg-h" },
      make("h2", { id: "all-keys-title" }, t("keys.title")),
      make("button", { class: "btn ghost sm end", type: "button", "data-close": true }, t("close")),
    ),
    make("div", { class: "keys", tabindex: "0", role: "group", "aria-labelledby": "all-keys-title" }, ...found),
  );
  if (!known) document.body.append(dialog);
  dialog.showModal();
}

export function start() {
  document.addEventListener("keydown", onKey);
  on("click", "[data-help]", showKeys);
  addKey({ keys: ["?"], run: showKeys, label: () => t("keys.all"), when: () => !topDialog() });
}
