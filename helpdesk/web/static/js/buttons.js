// Small things that buttons and fields do without the server.

import { all, on, say } from "./dom.js";
import { toast } from "./toast.js";
import { t } from "./words.js";

/** @param {MouseEvent} event @param {HTMLElement} button */
function onToggle(event, button) {
  const target = document.getElementById(button.dataset.toggle ?? "");
  if (!target) return;
  event.preventDefault();
  const name = button.dataset.toggleClass;
  const shown = name ? target.classList.toggle(name) : target.hidden;
  if (!name) target.hidden = !shown;
  for (const one of all(document, `[data-toggle="${CSS.escape(target.id)}"]`)) {
    one.setAttribute("aria-expanded", String(shown));
  }
  if (shown) /** @type {HTMLElement | null} */ (target.querySelector("[autofocus]"))?.focus();
}

/** A drawer (`data-toggle-class`) closes by Esc and by a press beside it. @param {Event} event */
function closeDrawers(event) {
  for (const button of all(document, "[data-toggle][data-toggle-class][aria-expanded=true]")) {
    const target = document.getElementById(button.dataset.toggle);
    const inside = event.target instanceof Node && target?.contains(event.target);
    const own = event.target instanceof Element && event.target.closest("[data-toggle]");
    if (own || (inside && event.type !== "keydown")) continue;
    target?.classList.remove(button.dataset.toggleClass);
    button.setAttribute("aria-expanded", "false");
    if (event.type === "keydown") button.focus();
  }
}

/** @param {MouseEvent} _event @param {HTMLElement} button */
async function onCopy(_event, button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy ?? "");
    toast({ text: t("copied"), seconds: 3 });
  } catch {
    say(t("copy.failed"));
  }
}

/** Fit a textarea to its text; the stylesheet's max-height is the limit. @param {HTMLElement} area */
function fit(area) {
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + area.offsetHeight - area.clientHeight}px`;
}

/** When each plain form was sent last. @type {WeakMap<Element, number>} */
const sentAt = new WeakMap();
const TWICE = 3000;

/** A second press of the same button is a mistake, not a second order. @param {SubmitEvent} event */
function onSubmit(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (event.defaultPrevented || form.method !== "post") return;
  const now = Date.now();
  if (now - (sentAt.get(form) ?? 0) < TWICE) event.preventDefault();
  else sentAt.set(form, now);
}

export function start() {
  on("click", "[data-toggle]", onToggle);
  document.addEventListener("pointerdown", closeDrawers);
  document.addEventListener("keydown", (event) => event.key === "Escape" && closeDrawers(event));
  on("click", "[data-copy]", onCopy);
  on("click", "[data-print]", () => print());
  on("click", "[data-focus]", (_event, button) => document.getElementById(button.dataset.focus)?.focus());
  on("change", "select[data-submit], input[type=checkbox][data-submit]", (_event, field) =>
    field.form?.requestSubmit(),
  );
  on("input", "textarea[data-autosize]", (_event, area) => fit(area));
  addEventListener("submit", onSubmit);
}

/** @param {ParentNode} root */
export function scan(root) {
  for (const area of all(root, "textarea[data-autosize]")) if (area.value) fit(area);
  for (const button of all(root, "[data-toggle]")) {
    const target = document.getElementById(button.dataset.toggle);
    const name = button.dataset.toggleClass;
    const shown = name ? target?.classList.contains(name) : target && !target.hidden;
    button.setAttribute("aria-expanded", String(Boolean(shown)));
  }
}
