// Dialogs: native ones, opened by buttons, by fragments and by answers.

import { all, on } from "./dom.js";
import { get } from "./net.js";
import { strip } from "./strips.js";
import { hasTyped, sent } from "./typed.js";
import { t } from "./words.js";

/**
 * Open a dialog. The browser moves focus in, keeps it there and gives it back.
 * @param {string} id
 */
export function open(id) {
  const dialog = document.getElementById(id);
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
}

/**
 * Load a dialog's body, then open it.
 * @param {string} id
 * @param {string} url
 */
export async function load(id, url) {
  const dialog = document.getElementById(id);
  if (!dialog) return;
  const body = dialog.querySelector("[data-dialog-body]") ?? dialog;
  try {
    const response = await get(url);
    if (!response.ok) throw new Error(String(response.status));
    const htmx = /** @type {any} */ (window).htmx;
    htmx.swap(body, await response.text(), { swapStyle: "innerHTML" });
  } catch {
    strip({
      name: "dialog",
      tone: "danger",
      picture: "circle-alert",
      title: t("failed.title"),
      text: t("failed.unchanged"),
      actions: [{ label: t("try-again"), run: () => void load(id, url) }],
    });
    return;
  }
  open(id);
}

/** @param {MouseEvent} event @param {HTMLElement} button */
function onOpen(event, button) {
  // With hx-get on the same button, the dialog opens when its content has come.
  if (button.hasAttribute("hx-get")) return;
  event.preventDefault();
  const id = button.dataset.dialog ?? "";
  if (button.dataset.dialogUrl) void load(id, button.dataset.dialogUrl);
  else open(id);
}

/** A press that began in the dialog (selecting text, say) must not close it when it ends outside. */
let pressedOn = /** @type {EventTarget | null} */ (null);

/** @param {MouseEvent} event */
function onClickBeside(event) {
  const dialog = event.target;
  if (!(dialog instanceof HTMLDialogElement) || pressedOn !== dialog) return;
  if (!dialog.matches(":modal") || hasTyped(dialog)) return;
  const box = dialog.getBoundingClientRect();
  const inside =
    event.clientX >= box.left &&
    event.clientX <= box.right &&
    event.clientY >= box.top &&
    event.clientY <= box.bottom;
  if (!inside) dialog.close();
}

/** Open what was fetched for a dialog; close what has been answered. */
function followHtmx() {
  document.addEventListener("htmx:afterSwap", (/** @type {any} */ event) => {
    const { elt, target, failed } = event.detail;
    const wanted = elt?.closest?.("[data-dialog][hx-get]")?.getAttribute("data-dialog");
    if (wanted && !failed && target?.closest?.("dialog")?.id === wanted) open(wanted);
  });
  document.addEventListener("htmx:afterRequest", (/** @type {any} */ event) => {
    const { elt, target, xhr, requestConfig } = event.detail;
    const dialog = elt?.closest?.("dialog");
    if (!dialog || requestConfig?.verb === "get" || !xhr || xhr.status >= 300 || !xhr.status) return;
    const stays = target && dialog.contains(target) && xhr.status !== 204;
    if (!stays && !elt.closest("[data-stay]")) dialog.close();
  });
  document.addEventListener("dialog", (/** @type {any} */ event) => open(event.detail.value));
  document.addEventListener("dialog-close", () => {
    const opened = all(document, "dialog[open]");
    opened[opened.length - 1]?.close();
  });
}

export function start() {
  on("click", "[data-dialog]", onOpen);
  on("click", "[data-close]", (_event, button) => button.closest("dialog")?.close());
  document.addEventListener("pointerdown", (event) => {
    pressedOn = event.target;
  });
  document.addEventListener("click", onClickBeside);
  // Close events don't bubble, so they are caught on their way down.
  document.addEventListener(
    "close",
    (event) => {
      if (event.target instanceof HTMLDialogElement) sent(event.target);
    },
    true,
  );
  followHtmx();
}

/** @param {ParentNode} root */
export function scan(root) {
  for (const button of all(root, "button[data-dialog]")) button.setAttribute("aria-haspopup", "dialog");
}
