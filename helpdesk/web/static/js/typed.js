// What somebody typed is theirs: no swap overwrites a field that was changed since it was drawn.

import { on } from "./dom.js";

/** Fields that the reader changed and has not sent. @type {WeakSet<Element>} */
const changed = new WeakSet();

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
}

/**
 * Count a field as changed although a script did it.
 * @param {Element} field
 */
export function touched(field) {
  changed.add(field);
}

/**
 * Let a morph leave changed fields alone. `Idiomorph` is the global of idiomorph-ext.
 */
function guardMorphs() {
  const idiomorph = /** @type {any} */ (window).Idiomorph;
  if (!idiomorph) return;
  idiomorph.defaults.ignoreActiveValue = true;
  idiomorph.defaults.callbacks.beforeNodeMorphed = (
    /** @type {Node} */ existing,
    /** @type {Node} */ incoming,
  ) => {
    if (!(existing instanceof Element) || !(incoming instanceof Element)) return true;
    if (!changed.has(existing)) return true;
    // What says that something is wrong with it may change; its value may not.
    for (const name of ["aria-invalid", "aria-describedby"]) {
      const value = incoming.getAttribute(name);
      if (value === null) existing.removeAttribute(name);
      else existing.setAttribute(name, value);
    }
    return false;
  };
}

export function start() {
  on("input", "input, textarea, select", (_event, field) => changed.add(field), true);
  on("change", "input, textarea, select", (_event, field) => changed.add(field), true);
  on("reset", "form", (_event, form) => sent(form), true);
  // Before the answer is swapped in, so that an emptied form comes back empty.
  document.addEventListener("htmx:beforeSwap", (/** @type {any} */ event) => {
    const { elt, xhr, requestConfig } = event.detail;
    if (xhr.status >= 300) return;
    if (requestConfig?.verb !== "get") sent(elt.closest?.("form") ?? elt);
    else if (elt.matches?.("form")) sent(elt);
    else changed.delete(elt);
  });
  guardMorphs();
}
