// Rules: finding one in the list, and moving rules and rows by dragging. Menus and buttons move, too.

import { all, on } from "./dom.js";

on("input", "#find-rule", (_event, /** @type {HTMLInputElement} */ field) => {
  const wanted = field.value.trim().toLocaleLowerCase();
  for (const one of all(document, "#rules-list [data-rule]")) {
    one.hidden = wanted !== "" && !(one.textContent ?? "").toLocaleLowerCase().includes(wanted);
  }
});

/** What is being dragged: a rule of the list, or a row of the editor. @type {HTMLElement | null} */
let dragged = null;

/** @param {EventTarget | null} target @returns {HTMLElement | null} */
function itemOf(target) {
  return target instanceof Element ? target.closest("[data-rule][draggable], [data-rule-row]") : null;
}

/** Whether something may be dropped before another: rules among rules, rows within their list.
 * @param {HTMLElement | null} over @returns {over is HTMLElement} */
function fits(over) {
  if (!dragged || !over || over === dragged) return false;
  if (dragged.dataset.rule) return Boolean(over.dataset.rule);
  return listOf(over) === listOf(dragged);
}

/** @param {HTMLElement} row */
function listOf(row) {
  return (row.dataset.ruleRow ?? "").replace(/-\d+$/, "");
}

function clear() {
  for (const one of all(document, ".drop, .dragged")) one.classList.remove("drop", "dragged");
}

/** @param {string} url @param {Record<string, string>} values @param {Element} source @param {string} target */
function send(url, values, source, target) {
  const htmx = /** @type {any} */ (window).htmx;
  void htmx.ajax("POST", url, { source, target, swap: "outerHTML", values });
}

/** @param {HTMLElement} over */
function drop(over) {
  const list = /** @type {HTMLElement | null} */ (over.closest("[data-rules-move]"));
  if (dragged?.dataset.rule && list) {
    const values = { before: over.dataset.rule ?? "", shown: list.dataset.rulesShown ?? "0" };
    send(`${list.dataset.rulesMove}/${dragged.dataset.rule}/move`, values, list, "#rules-list");
    return;
  }
  const from = dragged?.dataset.ruleRow ?? "";
  const place = (/** @type {string} */ one) => Number(/\d+$/.exec(one)?.[0] ?? 0);
  const to = place(over.dataset.ruleRow ?? "");
  // The row is taken out first, and those below it move up.
  const at = place(from) < to ? to - 1 : to;
  const button = document.querySelector("#rule-form button[formaction]");
  const url = button?.getAttribute("formaction");
  if (button && url) send(url, { act: `to:${from}:${at}` }, button, "#rule-canvas");
}

on("dragstart", "[data-rule][draggable], [data-rule-drag]", (/** @type {DragEvent} */ event) => {
  dragged = itemOf(event.target);
  dragged?.classList.add("dragged");
  event.dataTransfer?.setData("text/plain", "");
});
on("dragover", "[data-rule], [data-rule-row]", (/** @type {DragEvent} */ event) => {
  const over = itemOf(event.target);
  if (!fits(over)) return;
  event.preventDefault();
  for (const one of all(document, ".drop")) one.classList.remove("drop");
  over.classList.add("drop");
});
on("drop", "[data-rule], [data-rule-row]", (/** @type {DragEvent} */ event) => {
  const over = itemOf(event.target);
  if (!fits(over)) return;
  event.preventDefault();
  drop(over);
});
on("dragend", "*", () => {
  clear();
  dragged = null;
});
