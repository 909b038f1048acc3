// The theme: light, dark or as the system has it; applied at once, saved for next time.
// What the page came with is applied by early.js, before the first paint.

import { all, on } from "./dom.js";
import { post } from "./net.js";

const root = document.documentElement;

/** Mark the button of the theme that was chosen. */
function mark() {
  for (const button of all(document, "[data-theme-set]")) {
    const chosen = String(button.dataset.themeSet === (root.dataset.themeChoice ?? "system"));
    const role = button.getAttribute("role");
    if (role === "radio" || role === "menuitemradio") button.setAttribute("aria-checked", chosen);
    else if (!role) button.setAttribute("aria-pressed", chosen);
  }
}

/** @param {MouseEvent} _event @param {HTMLElement} button */
function choose(_event, button) {
  const theme = button.dataset.themeSet ?? "system";
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.themeChoice = theme;
  root.dataset.theme = theme === "system" ? (dark ? "dark" : "light") : theme;
  mark();
  const url = button.dataset.url ?? root.dataset.themeUrl;
  // Not saved, it still holds for this page; the next change is saved again.
  if (url) post(url, { theme }).catch(() => undefined);
}

export function start() {
  on("click", "[data-theme-set]", choose);
}

/** @param {ParentNode} part */
export function scan(part) {
  if (part.querySelector("[data-theme-set]")) mark();
}
