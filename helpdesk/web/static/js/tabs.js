// Tabs: one of several panels, by click, by arrow keys, by their own keys (R, I, L).

import { all, on } from "./dom.js";

/** @param {Element} tab @returns {HTMLElement[]} */
function siblings(tab) {
  const list = tab.closest("[role=tablist]");
  return list ? all(list, "[role=tab]").filter((one) => one.checkVisibility()) : [];
}

/**
 * Show a tab's panel and hide the others.
 * @param {HTMLElement} tab
 */
export function choose(tab) {
  for (const one of siblings(tab)) {
    const mine = one === tab;
    one.setAttribute("aria-selected", String(mine));
    one.tabIndex = mine ? 0 : -1;
    const panel = document.getElementById(one.getAttribute("aria-controls") ?? "");
    if (panel) panel.hidden = !mine;
  }
  tab.dispatchEvent(new CustomEvent("tab:choose", { bubbles: true }));
}

/** @param {KeyboardEvent} event @param {HTMLElement} tab */
function onKey(event, tab) {
  const tabs = siblings(tab);
  const at = tabs.indexOf(tab);
  const steps = /** @type {Record<string, number>} */ ({
    ArrowRight: (at + 1) % tabs.length,
    ArrowLeft: (at - 1 + tabs.length) % tabs.length,
    Home: 0,
    End: tabs.length - 1,
  });
  const next = tabs[steps[event.key]];
  if (!next) return;
  event.preventDefault();
  choose(next);
  next.focus();
}

export function start() {
  on("click", "[role=tablist] [role=tab][aria-controls]", (_event, tab) => choose(tab));
  on("keydown", "[role=tablist] [role=tab][aria-controls]", onKey);
}

/** @param {ParentNode} root */
export function scan(root) {
  for (const list of all(root, "[role=tablist]")) {
    const tabs = all(list, "[role=tab][aria-controls]");
    const chosen = tabs.find((tab) => tab.getAttribute("aria-selected") === "true");
    for (const tab of tabs) tab.tabIndex = tab === (chosen ?? tabs[0]) ? 0 : -1;
  }
}
