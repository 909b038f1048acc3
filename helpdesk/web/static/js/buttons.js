// Small things that buttons and fields do without the server.

import { all, on, say } from "./dom.js";
import { toast } from "./toast.js";
import { t } from "./words.js";

/** Let everything that shows and hides an element say how it is. @param {Element} target */
function tell(target) {
  for (const button of all(document, `button[data-toggle="${CSS.escape(target.id)}"]`)) {
    const name = button.dataset.toggleClass;
    const shown = name ? target.classList.contains(name) : !(/** @type {HTMLElement} */ (target).hidden);
    button.setAttribute("aria-expanded", String(shown));
  }
}

/** @param {MouseEvent} event @param {HTMLElement} button */
function onToggle(event, button) {
  const target = document.getElementById(button.dataset.toggle ?? "");
  if (!target) return;
  event.preventDefault();
  const name = button.dataset.toggleClass;
  const shown = name ? target.classList.toggle(name) : target.hidden;
  if (!name) target.hidden = !shown;
  tell(target);
  if (shown) /** @type {HTMLElement | null} */ (target.querySelector("[autofocus]"))?.focus();
}

/** Drawers (`data-toggle-class`) close by Esc and by a press beside them. @param {Event} event */
function closeDrawers(event) {
  const pressed = event.target instanceof Element ? event.target : null;
  if (event.type === "pointerdown" && pressed?.closest("[data-toggle]")) return;
  for (const button of all(document, "button[data-toggle][data-toggle-class][aria-expanded=true]")) {
    const target = document.getElementById(button.dataset.toggle);
    const opener = !target?.contains(button);
    if (!target?.classList.contains(button.dataset.toggleClass) || !opener) continue;
    if (event.type === "pointerdown" && target.contains(pressed)) continue;
    target.classList.remove(button.dataset.toggleClass);
    tell(target);
    if (event.type === "keydown") {
      event.preventDefault();
      button.focus();
    }
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

/** One tick for all boxes of a name in a form. @param {Event} _event @param {HTMLInputElement} box */
function checkAll(_event, box) {
  const name = CSS.escape(box.dataset.checkAll ?? "");
  for (const one of all(box.form ?? document, `input[type=checkbox][name="${name}"]`)) {
    /** @type {HTMLInputElement} */ (one).checked = box.checked;
  }
}

export function start() {
  on("click", "[data-toggle]", onToggle);
  document.addEventListener("pointerdown", closeDrawers);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) closeDrawers(event);
  });
  on("click", "[data-copy]", onCopy);
  on("click", "[data-print]", () => print());
  on("click", "[data-focus]", (_event, button) => document.getElementById(button.dataset.focus)?.focus());
  on("change", "select[data-submit], input[type=checkbox][data-submit]", (_event, field) =>
    field.form?.requestSubmit(),
  );
  on("change", "input[data-check-all]", (event, box) => checkAll(event, box));
  on("input", "textarea[data-autosize]", (_event, area) => fit(area));
  addEventListener("submit", onSubmit);
}

/** @param {ParentNode} root */
export function scan(root) {
  for (const area of all(root, "textarea[data-autosize]")) if (area.value) fit(area);
  for (const button of all(root, "[data-toggle]")) {
    const target = document.getElementById(button.dataset.toggle);
    if (target) tell(target);
  }
}
