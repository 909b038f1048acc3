// What somebody typed and added is theirs until it has been sent; guard.js keeps it in morphs.

import { on } from "./dom.js";

/** Fields that the reader changed and has not sent. @type {WeakSet<Element>} */
const changed = new WeakSet();

/** Elements that a script added and the server does not know yet. @type {WeakSet<Element>} */
const added = new WeakSet();

/**
 * Tell whether a field was changed and not sent.
 * @param {Element} field
 * @returns {boolean}
 */
export function isChanged(field) {
  return changed.has(field);
}

/**
 * Let an element stay when its surroundings are morphed into what the server knows.
 * @param {Element} element
 */
export function keep(element) {
  added.add(element);
}

/**
 * Tell whether an element was added by a script and has not been sent.
 * @param {Element} element
 * @returns {boolean}
 */
export function isKept(element) {
  return added.has(element);
}

/**
 * Tell whether any field under an element was changed and not sent.
 * @param {ParentNode} root
 * @returns {boolean}
 */
export function hasTyped(root) {
  return [...root.querySelectorAll("input, textarea, select")].some((field) => changed.has(field));
}

/**
 * Forget that the fields of a form were changed, because it has been sent.
 * @param {Element} form
 */
export function sent(form) {
  const fields = form instanceof HTMLFormElement ? form.elements : form.querySelectorAll("*");
  for (const field of fields) changed.delete(field);
  for (const element of form.querySelectorAll("[data-chip], .upload")) added.delete(element);
}

/**
 * Count a field as changed although a script did it.
 * @param {Element} field
 */
export function touched(field) {
  changed.add(field);
}

const TEXTS = "textarea, input:not([type]), input[type=text], input[type=search], input[type=email]";

/** What an event says that stands for what was typed before any script listened. */
const EARLY = "early";

/**
 * Tell whether an input event comes from somebody's hands, and not from a script.
 * @param {Event} event
 * @returns {boolean}
 */
export function isByHand(event) {
  return event.isTrusted || (event instanceof CustomEvent && event.detail === EARLY);
}

/** Whoever is quicker than the scripts is heard all the same: the field they write in says so now. */
function catchUp() {
  const field = document.activeElement;
  if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return;
  if (field.value === field.defaultValue) return;
  field.dispatchEvent(new CustomEvent("input", { bubbles: true, detail: EARLY }));
}

export function start() {
  // When the document is complete htmx listens too; this one is asked after it.
  document.addEventListener("DOMContentLoaded", catchUp, { once: true });
  on("input", "input, textarea, select", (_event, field) => changed.add(field), true);
  on(
    "change",
    "input, textarea, select",
    (event, field) => {
      // What is typed was heard as it was typed. A browser says "change" again when the cursor
      // leaves a field, also of words that were sent meanwhile.
      if (event.isTrusted && field.matches(TEXTS)) return;
      changed.add(field);
    },
    true,
  );
  on("reset", "form", (_event, form) => sent(form), true);
  // Before the answer is swapped in, so that an emptied form comes back empty.
  document.addEventListener("htmx:beforeSwap", (/** @type {any} */ event) => {
    const { elt, xhr, requestConfig } = event.detail;
    if (xhr.status >= 300) return;
    if (requestConfig?.verb !== "get") sent(elt.closest?.("form") ?? elt);
    else if (elt.matches?.("form")) sent(elt);
    else changed.delete(elt);
  });
}
