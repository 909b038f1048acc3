// The little that every module needs of the page: listening, making, showing, saying.

/**
 * Listen on the whole page for events inside elements that match, now and later.
 * @param {string} type
 * @param {string} selector
 * @param {(event: any, element: any) => void} run
 * @param {boolean | AddEventListenerOptions} [options]
 */
export function on(type, selector, run, options) {
  document.addEventListener(
    type,
    (event) => {
      const start = event.target instanceof Element ? event.target : null;
      const element = start?.closest(selector);
      if (element) run(event, element);
    },
    options,
  );
}

/**
 * Return the elements under a root that match, the root itself included.
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {any[]}
 */
export function all(root, selector) {
  const found = [...root.querySelectorAll(selector)];
  return root instanceof Element && root.matches(selector) ? [root, ...found] : found;
}

/**
 * Make an element. Strings become text, never HTML.
 * @param {string} tag
 * @param {Record<string, string | boolean | number | null | undefined>} [attributes]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {any}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(.../** @type {(Node | string)[]} */ (children.filter(Boolean)));
  return element;
}

/** @returns {string} */
function sprite() {
  const known = document.documentElement.dataset.icons;
  const used = document.querySelector('use[href*="icons.svg#"]')?.getAttribute("href");
  return known ?? used?.split("#")[0] ?? "";
}

/**
 * Draw an icon of the sprite. It is decoration: the words stand beside it.
 * @param {string} name
 * @param {string} [size] `s12`, `s14` or nothing for 16 px
 * @returns {SVGSVGElement}
 */
export function icon(name, size = "") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", size ? `i ${size}` : "i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite()}#i-${name}`);
  svg.append(use);
  return svg;
}

/**
 * Tell whether an element is there for the reader: rendered, enabled, not behind a modal dialog.
 * @param {Element} element
 * @returns {boolean}
 */
export function available(element) {
  if (element.matches(":disabled, [aria-disabled='true']")) return false;
  if (element.closest("[inert]")) return false;
  return element.checkVisibility({ visibilityProperty: true });
}

/**
 * Tell whether keys typed there are text.
 * @param {EventTarget | null} target
 * @returns {boolean}
 */
export function isField(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target.matches("textarea, select")) return true;
  return target.matches(
    "input:not([type=checkbox], [type=radio], [type=button], [type=submit], [type=reset], " +
      "[type=file], [type=image], [type=range], [type=color])",
  );
}

/**
 * Tell whether an input method (Chinese, Japanese …) is composing: its keys are not ours.
 * @param {KeyboardEvent} event
 * @returns {boolean}
 */
export function composing(event) {
  return event.isComposing || event.keyCode === 229;
}

let numbers = 0;

/**
 * Return the element's id, giving it one when it has none.
 * @param {Element} element
 * @param {string} [prefix]
 * @returns {string}
 */
export function idOf(element, prefix = "js") {
  element.id ||= `${prefix}-${(numbers += 1)}`;
  return element.id;
}

/** @type {HTMLElement | undefined} */
let region;

/**
 * Say something to screen readers, politely.
 * @param {string} text
 */
export function say(text) {
  region ??= /** @type {HTMLElement} */ (make("div", { class: "vh", role: "status", "aria-live": "polite" }));
  // Inside an open modal dialog, because the rest of the page is silent then.
  const place = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;
  if (region.parentElement !== place) place.append(region);
  const spoken = region;
  spoken.textContent = "";
  setTimeout(() => {
    spoken.textContent = text;
  }, 50);
}

/**
 * Call a function once nothing has called it for a while; `.now()` calls at once if one is due.
 * @template {any[]} A
 * @param {(...values: A) => void} run
 * @param {number} wait milliseconds
 */
export function later(run, wait) {
  let timer = 0;
  /** @type {A | undefined} */
  let due;
  const fire = () => {
    clearTimeout(timer);
    const values = due;
    due = undefined;
    if (values) run(...values);
  };
  const delayed = (/** @type {A} */ ...values) => {
    due = values;
    clearTimeout(timer);
    timer = window.setTimeout(fire, wait);
  };
  delayed.now = fire;
  delayed.cancel = () => {
    clearTimeout(timer);
    due = undefined;
  };
  return delayed;
}
