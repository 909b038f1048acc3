// Menus: a button with `data-menu`, a list with `role=menu`; keys as in every desktop menu.

import { all, composing, on } from "./dom.js";
import { float, placeAt, sink } from "./place.js";

/** @type {{menu: HTMLElement, button: HTMLElement} | null} */
let opened = null;

/** @param {HTMLElement} menu @returns {HTMLElement[]} */
function items(menu) {
  return all(menu, "[role^=menuitem]").filter(
    (item) => !item.matches(":disabled, [aria-disabled=true]") && item.checkVisibility(),
  );
}

/**
 * Open a button's menu.
 * @param {HTMLElement} button
 * @param {"first" | "last" | "checked"} [focus]
 */
export function openMenu(button, focus = "checked") {
  const menu = document.getElementById(button.dataset.menu ?? "");
  if (!menu) return;
  closeMenu(false);
  float(menu);
  const rightToLeft = getComputedStyle(menu).direction === "rtl";
  placeAt(menu, button.getBoundingClientRect(), { end: rightToLeft || menu.dataset.align === "end" });
  button.setAttribute("aria-expanded", "true");
  opened = { menu, button };
  const choices = items(menu);
  const checked = choices.find((item) => item.getAttribute("aria-checked") === "true");
  const first = focus === "last" ? choices.at(-1) : focus === "first" ? choices[0] : checked;
  (first ?? choices[0])?.focus();
}

/**
 * Close the open menu.
 * @param {boolean} [back] whether focus goes back to its button
 */
export function closeMenu(back = true) {
  if (!opened) return;
  const { menu, button } = opened;
  opened = null;
  sink(menu);
  button.setAttribute("aria-expanded", "false");
  if (back && button.isConnected) button.focus();
}

let typed = "";
let typedAt = 0;

/**
 * Return the next item that begins with the letters typed in the last second.
 * @param {HTMLElement[]} choices
 * @param {string} letter
 */
function typeAhead(choices, letter) {
  const now = Date.now();
  typed = now - typedAt > 1000 ? letter : typed + letter;
  typedAt = now;
  const current = choices.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  // The same letter again goes to the next; more letters stay with what they match.
  const same = [...typed].every((one) => one === typed[0]);
  const sought = (same ? typed[0] : typed).toLocaleLowerCase();
  const from = current + (same ? 1 : 0);
  const turned = [...choices.slice(Math.max(from, 0)), ...choices.slice(0, Math.max(from, 0))];
  return turned.find((item) => (item.textContent ?? "").trim().toLocaleLowerCase().startsWith(sought));
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (composing(event)) return;
  const button = event.target instanceof Element && event.target.closest("[data-menu]");
  if (!opened) {
    if (button && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      openMenu(/** @type {HTMLElement} */ (button), event.key === "ArrowUp" ? "last" : "first");
    }
    return;
  }
  const choices = items(opened.menu);
  const current = choices.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const count = choices.length;
  /** @type {HTMLElement | undefined} */
  let next;
  if (event.key === "ArrowDown") next = choices[(current + 1) % count];
  else if (event.key === "ArrowUp") next = choices[(current - 1 + count) % count];
  else if (event.key === "Home") next = choices[0];
  else if (event.key === "End") next = choices[count - 1];
  else if (event.key === "Escape") closeMenu();
  else if (event.key === "Tab") return closeMenu();
  else if (event.key === " " && choices[current]?.matches("a")) choices[current].click();
  else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey) {
    next = typeAhead(choices, event.key);
  } else return;
  event.preventDefault();
  event.stopPropagation();
  next?.focus();
}

/** @param {Event} event @param {HTMLElement} button */
function onButton(event, button) {
  event.preventDefault();
  if (opened?.button === button) closeMenu();
  else openMenu(button);
}

export function start() {
  on("click", "[data-menu]", onButton);
  on("click", "[role=menu] [role^=menuitem]", (_event, item) => {
    // A choice may have moved focus or opened a dialog: then it is not ours to give back.
    const mine = document.activeElement === item || document.activeElement === document.body;
    closeMenu(mine && !item.matches("a[href]"));
  });
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("pointerdown", (event) => {
    const target = /** @type {Node} */ (event.target);
    if (opened && !opened.menu.contains(target) && !opened.button.contains(target)) closeMenu(false);
  });
  addEventListener("resize", () => closeMenu(false));
  document.addEventListener(
    "scroll",
    (event) => {
      if (opened && event.target !== opened.menu) closeMenu(false);
    },
    true,
  );
}

/** @param {ParentNode} root */
export function scan(root) {
  for (const button of all(root, "[data-menu]")) {
    button.setAttribute("aria-haspopup", "menu");
    button.setAttribute("aria-controls", button.dataset.menu);
    if (opened?.button !== button) button.setAttribute("aria-expanded", "false");
  }
  for (const item of all(root, "[role=menu] [role^=menuitem]")) item.tabIndex = -1;
}
