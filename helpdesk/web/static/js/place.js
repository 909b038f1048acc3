// Where floating things stand: at something, inside the window, above everything else.

const GAP = 4;
const MARGIN = 8;
/** A list shorter than this is of no use, in pixels. */
const LEAST = 110;

/**
 * Show an element in the top layer, where no panel clips it and no dialog covers it.
 * @param {HTMLElement} element
 */
export function float(element) {
  element.hidden = false;
  if (!element.showPopover) return;
  element.popover = "manual";
  if (!element.matches(":popover-open")) element.showPopover();
}

/**
 * Take a floating element away.
 * @param {HTMLElement} element
 */
export function sink(element) {
  if (element.popover && element.matches(":popover-open")) element.hidePopover();
  element.hidden = true;
  // Not to slide from here to there when it is shown elsewhere.
  element.removeAttribute("style");
}

/**
 * Return where a list under `at` should end: before the buttons of its dialog, if there is room.
 * @param {HTMLElement} element
 * @param {{bottom: number}} at
 */
function floorOf(element, at) {
  const foot = element.closest("dialog")?.querySelector(".dlg-f")?.getBoundingClientRect().top;
  const enough = foot !== undefined && foot - at.bottom > LEAST;
  return enough ? Math.min(foot - GAP, innerHeight - MARGIN) : innerHeight - MARGIN;
}

/**
 * Put a floating element under a rectangle of the window, or above it where there is more room.
 * @param {HTMLElement} element
 * @param {{left: number, right: number, top: number, bottom: number}} at
 * @param {{end?: boolean, width?: number}} [how] `end` lines up the ends; `width` in pixels
 */
export function placeAt(element, at, { end = false, width } = {}) {
  Object.assign(element.style, { position: "fixed", inset: "auto", margin: "0" });
  if (width !== undefined) element.style.width = `${Math.min(width, innerWidth - 2 * MARGIN)}px`;
  element.style.maxHeight = "";
  const floor = floorOf(element, at);
  const below = at.bottom + GAP;
  if (floor < innerHeight - MARGIN) element.style.maxHeight = `${floor - below}px`;
  const size = { width: element.offsetWidth, height: element.offsetHeight };
  const above = at.top - GAP - size.height;
  const fits = below + size.height <= innerHeight - MARGIN;
  const top = fits || above < MARGIN ? Math.min(below, innerHeight - size.height - MARGIN) : above;
  const left = Math.min(end ? at.right - size.width : at.left, innerWidth - size.width - MARGIN);
  element.style.top = `${Math.max(MARGIN, top)}px`;
  element.style.left = `${Math.max(MARGIN, left)}px`;
}
