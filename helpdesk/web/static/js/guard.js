// A morph makes the page what the server says; what is the reader's own stays as it is.

import { isField } from "./dom.js";
import { isChanged, isKept } from "./typed.js";

/**
 * Tell whether an attribute says how the reader has arranged the page, not what the server knows.
 * @param {string} name
 * @param {Element} element
 */
function isArrangement(name, element) {
  switch (name) {
    case "style":
    case "popover":
      // Positions and heights are set by scripts; the server writes none.
      return true;
    case "open":
      return element.matches("dialog, details");
    case "aria-expanded":
    case "aria-controls":
      return element.matches("[data-menu], [data-toggle], [role=combobox]");
    case "aria-activedescendant":
      return true;
    case "aria-selected":
    case "tabindex":
      return element.matches("[role=tab][aria-controls]");
    case "hidden":
      return isShownByChoice(element);
    default:
      return false;
  }
}

/** @param {Element} element */
function isShownByChoice(element) {
  if (element.matches("[role=menu], [role=listbox], [data-bulk], [data-live-state]")) return true;
  if (!element.id) return false;
  const id = CSS.escape(element.id);
  const tab = `[role=tab][aria-controls="${id}"]`;
  return Boolean(document.querySelector(`${tab}, [data-toggle="${id}"], [data-new-rows="${id}"]`));
}

/** What says that something is wrong with a field may change; its value may not. */
const ABOUT_VALUES = ["aria-invalid", "aria-describedby"];

/** @param {Node} existing @param {Node} incoming @returns {boolean} */
function beforeNodeMorphed(existing, incoming) {
  if (!(existing instanceof Element) || !(incoming instanceof Element)) return true;
  // The field with the cursor in it, too. (idiomorph's own `ignoreActiveValue` would also keep the
  // old words of a button that has the focus.)
  const inUse = existing === document.activeElement && isField(existing);
  if (!isChanged(existing) && !inUse) return true;
  for (const name of ABOUT_VALUES) {
    const value = incoming.getAttribute(name);
    if (value === null) existing.removeAttribute(name);
    else existing.setAttribute(name, value);
  }
  return false;
}

/** A value that the reader took away does not come back before that was sent.
 * @param {Node} node @returns {boolean} */
function beforeNodeAdded(node) {
  if (!(node instanceof Element) || !node.matches("[data-chip]")) return true;
  const id = node.closest(".combo")?.querySelector("[data-combobox]")?.id;
  const field = id ? document.getElementById(id) : null;
  return !field || !isChanged(field);
}

export function start() {
  const idiomorph = /** @type {any} */ (window).Idiomorph;
  if (!idiomorph) return;
  Object.assign(idiomorph.defaults.callbacks, {
    beforeNodeMorphed,
    beforeNodeAdded,
    beforeNodeRemoved: (/** @type {Node} */ node) => !(node instanceof Element && isKept(node)),
    beforeAttributeUpdated: (/** @type {string} */ name, /** @type {Element} */ element) =>
      !isArrangement(name, element),
  });
}
