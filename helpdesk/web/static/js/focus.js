// Focus is never lost: not by a page that comes after an act, not by what is swapped away.

import { all, available } from "./dom.js";

/** What had focus last, and what it stood in, innermost first. @type {Element[]} */
let trail = [];

/** @param {Element} element */
function remember(element) {
  trail = [];
  for (let at = /** @type {Element | null} */ (element); at; at = at.parentElement) trail.push(at);
}

/** @returns {boolean} */
function nowhere() {
  const focus = document.activeElement;
  return !focus || focus === document.body || focus === document.documentElement;
}

/** @param {Element | null | undefined} place @returns {boolean} whether it took the focus */
function give(place) {
  if (!(place instanceof HTMLElement) || !place.isConnected || !available(place)) return false;
  place.focus({ preventScroll: true });
  return !nowhere();
}

/** Focus the nearest thing around an element that can have it; at last the page's main part. @param {Element[]} around */
function settle(around) {
  for (const one of around) if (one !== document.body && one.hasAttribute("tabindex") && give(one)) return;
  give(document.getElementById("main"));
}

/**
 * Leave a field without leaving its place: letters are keys again, Tab goes on from there.
 * @param {HTMLElement} field
 */
export function leave(field) {
  const around = [...trail];
  field.blur();
  settle(around.filter((one) => one !== field));
}

/** What was focused is gone or hidden: its successor of the same id has it, else what is around. */
function restore() {
  const [last, ...around] = trail;
  if (!last || !nowhere() || document.querySelector("dialog:modal")) return;
  // Whoever pressed beside everything wanted no focus.
  if (last.isConnected && available(last)) return;
  if (last.id && give(document.getElementById(last.id))) return;
  settle(around);
}

/** After an act on this site the keyboard begins in the page's main part, not before the rail. */
function begin() {
  const within = document.referrer.startsWith(`${location.origin}/`);
  if (!within || !nowhere()) return;
  const wanted = all(document, "[autofocus]").find((one) => !one.closest("dialog"));
  if (!wanted) give(document.getElementById("main"));
  // Where the address names a place in the page, browsers let autofocus be; and now and then they
  // do so without any reason to be seen.
  else if (location.hash) give(wanted);
  else if (available(wanted)) wanted.focus();
}

export function start() {
  document.addEventListener("focusin", (event) => {
    if (event.target instanceof Element) remember(event.target);
  });
  // After what else happens at the same event: a script of the page may know a better place.
  const soon = () => setTimeout(restore, 0);
  document.addEventListener("htmx:afterSettle", soon);
  document.addEventListener("close", soon, true);
  if (document.activeElement) remember(document.activeElement);
  begin();
}
