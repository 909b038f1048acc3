// Lists: moving through rows, selecting some, opening one.

import { all, available, on, say } from "./dom.js";
import { addKey, topDialog } from "./keys.js";
import { t } from "./words.js";

/** The id of each list's current row, which outlives the row's element. @type {WeakMap<Element, string>} */
const currentIds = new WeakMap();
/** Where a range begins: the row selected last. @type {WeakMap<Element, string>} */
const anchors = new WeakMap();
/** @type {HTMLElement | null} */
let used = null;

/** @param {Element} list @returns {HTMLElement[]} */
export function rows(list) {
  return all(list, "[data-row]").filter((row) => row.checkVisibility() && !row.matches(".gone"));
}

/** The list that keys are about: the one with focus, else the one used last, else the first. */
export function activeList() {
  const focused = document.activeElement?.closest("[data-list]");
  const remembered = used?.isConnected && used.checkVisibility() ? used : null;
  const list = focused ?? remembered ?? all(document, "[data-list]").find((one) => one.checkVisibility());
  return /** @type {HTMLElement | null} */ (list ?? null);
}

/** @param {Element} list @returns {HTMLElement | null} */
export function currentRow(list) {
  return list.querySelector("[data-row].cur");
}

/** @param {Element} row @returns {HTMLElement | null} */
function linkOf(row) {
  return row.querySelector("[data-row-link]") ?? row.querySelector("a[href]");
}

/** @param {Element} row @returns {HTMLInputElement | null} */
function boxOf(row) {
  return row.querySelector("input[data-pick]");
}

/** @param {Element} list */
function marks(list) {
  const id = currentIds.get(list);
  for (const row of all(list, "[data-row]")) {
    const current = row.dataset.row === id;
    row.classList.toggle("cur", current);
    if (current) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

/**
 * Make a row the current one.
 * @param {HTMLElement} list
 * @param {HTMLElement} row
 * @param {{focus?: boolean, now?: boolean}} [how] `now` asks for a preview without waiting
 */
export function setCurrent(list, row, { focus = true, now = false } = {}) {
  used = list;
  currentIds.set(list, row.dataset.row ?? "");
  marks(list);
  if (focus) (linkOf(row) ?? row).focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  list.dispatchEvent(new CustomEvent("list:current", { bubbles: true, detail: { row, now } }));
}

/** @param {number} step @returns {boolean} whether there is a list */
export function move(step) {
  const list = activeList();
  if (!list) return false;
  const here = rows(list);
  if (!here.length) return false;
  const at = here.findIndex((row) => row.classList.contains("cur"));
  const next = at < 0 ? (step > 0 ? 0 : here.length - 1) : at + step;
  const row = here[Math.max(0, Math.min(next, here.length - 1))];
  setCurrent(list, row);
  return true;
}

/** @param {Element} list @returns {HTMLInputElement[]} */
function picked(list) {
  return all(list, "input[data-pick]").filter((box) => box.checked);
}

/** Show what is selected: rows, header, bulk bar. @param {HTMLElement} list */
function paint(list) {
  const boxes = /** @type {HTMLInputElement[]} */ (all(list, "input[data-pick]"));
  const chosen = picked(list);
  for (const box of boxes) box.closest("[data-row]")?.classList.toggle("sel", box.checked);
  list.classList.toggle("selecting", chosen.length > 0);
  for (const head of all(list, "input[data-pick-all]")) {
    head.checked = chosen.length > 0 && chosen.length === boxes.length;
    head.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
    head.classList.toggle("mix", head.indeterminate);
  }
  for (const bar of all(document, "[data-bulk]")) {
    if (bar.dataset.bulk && bar.dataset.bulk !== list.id) continue;
    bar.hidden = chosen.length === 0;
    for (const count of all(bar, "[data-bulk-count]")) {
      count.textContent = t("list.selected", { n: chosen.length });
    }
  }
}

/** @param {HTMLElement} list */
function selectionChanged(list) {
  used = list;
  paint(list);
  const ids = picked(list).map((box) => box.closest("[data-row]")?.getAttribute("data-row"));
  list.dispatchEvent(new CustomEvent("list:selection", { bubbles: true, detail: { ids } }));
  say(t("list.selected", { n: ids.length }));
}

/** @param {HTMLInputElement} box @param {boolean} checked */
function pick(box, checked) {
  if (box.checked === checked) return;
  box.checked = checked;
  // As if the reader had done it: what they chose is kept when the list is drawn again.
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

/**
 * Select or clear every row of the list.
 * @param {HTMLElement} list
 * @param {boolean} checked
 */
export function pickAll(list, checked) {
  for (const row of rows(list)) {
    const box = boxOf(row);
    if (box) pick(box, checked);
  }
  if (!checked) for (const box of picked(list)) pick(box, false);
  selectionChanged(list);
}

/** @param {HTMLElement} list @param {HTMLElement} row @param {boolean} checked */
function pickRange(list, row, checked) {
  const here = rows(list);
  const from = here.findIndex((one) => one.dataset.row === anchors.get(list));
  const to = here.indexOf(row);
  const [first, end] = from < 0 ? [to, to] : [Math.min(from, to), Math.max(from, to)];
  for (const one of here.slice(first, end + 1)) {
    const box = boxOf(one);
    if (box) pick(box, checked);
  }
  anchors.set(list, row.dataset.row ?? "");
  selectionChanged(list);
}

/** @param {boolean} range @returns {boolean} */
function pickCurrent(range) {
  const list = activeList();
  if (!list) return false;
  if (!currentRow(list)) move(1);
  const row = currentRow(list);
  const box = row && boxOf(row);
  if (!row || !box) return false;
  if (range) {
    pickRange(list, row, true);
  } else {
    pick(box, !box.checked);
    anchors.set(list, row.dataset.row ?? "");
    selectionChanged(list);
  }
  return true;
}

/** @param {MouseEvent} event @param {HTMLInputElement} box */
function onPick(event, box) {
  const list = /** @type {HTMLElement | null} */ (box.closest("[data-list]"));
  const row = /** @type {HTMLElement | null} */ (box.closest("[data-row]"));
  if (!list || !row) return;
  if (event.shiftKey) return pickRange(list, row, box.checked);
  anchors.set(list, row.dataset.row ?? "");
  selectionChanged(list);
}

/** Open a row's page. @param {Element} row */
export function openRow(row) {
  const link = linkOf(row);
  const address = row.getAttribute("data-href") ?? link?.getAttribute("href");
  if (address) location.assign(address);
}

/** @param {MouseEvent} event @param {HTMLElement} row */
function onRowClick(event, row) {
  const list = /** @type {HTMLElement | null} */ (row.closest("[data-list]"));
  const target = /** @type {Element} */ (event.target);
  const control = target.closest("a, button, input, label, select, textarea, summary");
  if (!list || event.defaultPrevented || event.button !== 0) return;
  if (control && control !== linkOf(row)) return;
  // A key press on the link (no click count) and a click with a modifier open it as links do.
  if (control && (event.detail === 0 || event.ctrlKey || event.metaKey || event.shiftKey)) return;
  if (String(getSelection() ?? "").trim()) return;
  const previewed = row.dataset.preview && all(document, "[data-preview-pane]").some(available);
  if (!previewed) {
    if (!control) openRow(row);
    return;
  }
  event.preventDefault();
  setCurrent(list, row, { now: true });
}

/** @returns {boolean} */
function clearSelection() {
  const list = activeList();
  if (!list || !picked(list).length) return false;
  pickAll(list, false);
  return true;
}

/** @returns {boolean} */
function openCurrent() {
  const list = activeList();
  const row = list && currentRow(list);
  if (row) openRow(row);
  return Boolean(row);
}

/** Arrows belong to whatever has focus; to the list only when nothing else has it. */
function arrowsFree() {
  const focus = document.activeElement;
  return !focus || focus === document.body || focus.id === "main" || Boolean(focus.closest("[data-list]"));
}

function addKeys() {
  const when = () => !topDialog() && Boolean(activeList());
  const inList = () => when() && Boolean(document.activeElement?.closest("[data-list]"));
  const picking = () => when() && Boolean(activeList()?.querySelector("[data-pick]"));
  const moving = () => when() && arrowsFree();
  addKey({ keys: ["mod+a"], run: () => pickAll(/** @type {HTMLElement} */ (activeList()), true), when: inList });
  addKey({ keys: ["arrowdown"], run: () => move(1), when: moving });
  addKey({ keys: ["arrowup"], run: () => move(-1), when: moving });
  addKey({ keys: ["escape"], run: clearSelection, when });
  addKey({ keys: ["k"], run: () => move(-1), when });
  const shown = (/** @type {string} */ key) => ({ label: () => t(key), first: true });
  addKey({ keys: ["j"], run: () => move(1), when, shown: "j k", ...shown("keys.move") });
  addKey({ keys: ["enter"], run: openCurrent, when, ...shown("keys.open") });
  addKey({ keys: ["x"], run: () => pickCurrent(false), when: picking, ...shown("keys.select") });
  addKey({ keys: ["shift+x"], run: () => pickCurrent(true), when: picking, ...shown("keys.range") });
}

export function start() {
  addKeys();
  on("click", "[data-list] input[data-pick]", onPick);
  on("click", "[data-list] input[data-pick-all]", (_event, head) =>
    pickAll(head.closest("[data-list]"), head.checked),
  );
  on("click", "[data-list] [data-row]", onRowClick);
  on("dblclick", "[data-list] [data-row]", (event, row) => {
    if (!event.target.closest("button, input, label, select, textarea")) openRow(row);
  });
  on("focusin", "[data-list]", (_event, list) => {
    used = list;
  });
  on("click", "[data-bulk-clear]", clearSelection);
  on("click", "[data-step]", (_event, button) => move(Number(button.dataset.step) || 1));
  document.addEventListener("list-next", () => move(1));
  document.addEventListener("list-clear", clearSelection);
  document.addEventListener("htmx:afterRequest", (/** @type {any} */ event) => {
    const { elt, successful, requestConfig } = event.detail;
    if (successful && requestConfig?.verb !== "get" && elt?.closest?.("[data-bulk]")) clearSelection();
  });
}

/** Put the marks back after a list, or part of it, was drawn again. @param {ParentNode} root */
export function scan(root) {
  const around = root instanceof Element ? root.closest("[data-list]") : null;
  for (const list of around ? [around] : all(root, "[data-list]")) {
    const drawn = currentRow(list)?.dataset.row;
    if (!currentIds.has(list) && drawn) currentIds.set(list, drawn);
    if (currentIds.has(list)) marks(list);
    paint(list);
  }
}
