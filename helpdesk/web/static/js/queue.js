// The queue: what only lists of tickets need beside the lists of every page (select.js).

import { all, later, on } from "./dom.js";
import { addKey, topDialog } from "./keys.js";
import { post } from "./net.js";
import { refresh } from "./refresh.js";
import { currentRow, rows, setCurrent } from "./select.js";

/** How often colleagues are told that the preview is still looked at. */
const STILL_HERE = 25_000;
/** Moving through rows tells nobody; staying does. */
const STAYED = 2000;

/** @returns {HTMLElement | null} */
const table = () => document.getElementById("tickets");

// ---- Rows ----

/** Ask for as many rows as are shown when the list is fetched again. */
function rememberRows() {
  const list = table();
  if (!list?.dataset.listUrl) return;
  const url = new URL(list.dataset.listUrl, location.href);
  url.searchParams.set("rows", String(all(list, "[data-row]").length));
  list.dataset.listUrl = url.pathname + url.search;
}

/** A row that moved while its page was open stands once, where it came last. @param {Element} list */
function dropDoubles(list) {
  const seen = new Map();
  for (const row of all(list, "[data-row]")) {
    seen.get(row.dataset.row)?.remove();
    seen.set(row.dataset.row, row);
  }
}

/** The number beside the title says what the list was counted as. */
function showTotal() {
  const total = table()?.dataset.total ?? "";
  const badge = document.getElementById("queue-count");
  if (badge && badge.textContent !== total) {
    badge.textContent = total;
    badge.hidden = !total;
  }
}

// ---- Groups ----

const FOLDED = "hearth:folded";

/** @returns {Set<string>} */
function folded() {
  try {
    return new Set(JSON.parse(sessionStorage.getItem(FOLDED) ?? "[]"));
  } catch {
    return new Set();
  }
}

/** Hide the rows of folded groups. */
function applyFolds() {
  const away = folded();
  for (const row of all(document, "[data-in]")) row.hidden = away.has(row.dataset.in ?? "");
  for (const button of all(document, "[data-fold]")) {
    button.setAttribute("aria-expanded", String(!away.has(button.dataset.fold ?? "")));
  }
}

/** @param {HTMLElement} button */
function turn(button) {
  const away = folded();
  const group = button.dataset.fold ?? "";
  if (!away.delete(group)) away.add(group);
  sessionStorage.setItem(FOLDED, JSON.stringify([...away]));
  applyFolds();
}

// ---- Bulk changes ----

/** What was refused stays selected; the rest is done. @param {string[]} numbers */
function keepSelected(numbers) {
  for (const box of /** @type {HTMLInputElement[]} */ (all(document, "#tickets input[data-pick]"))) {
    if (box.checked && !numbers.includes(box.value)) box.click();
  }
}

/**
 * Change the current row alone, when nothing is selected: select it, then press the bulk button.
 * @param {string} key
 */
function changeCurrent(key) {
  const list = table();
  const box = list && currentRow(list)?.querySelector("input[data-pick]");
  if (!list || !(box instanceof HTMLInputElement) || list.classList.contains("selecting")) return false;
  box.click();
  unselectUnlessDone(box.value);
  /** @type {HTMLElement | null} */ (document.querySelector(`[data-bulk] [data-key=${key}]`))?.click();
  return true;
}

/**
 * Who closes the dialog without changing anything finds nothing selected, as before.
 * @param {string} number of the ticket that was selected for it
 */
function unselectUnlessDone(number) {
  let refused = false;
  const keep = () => {
    refused = true;
  };
  // What was refused is to stay selected, so that it can be tried otherwise.
  document.addEventListener("list-keep", keep);
  document.getElementById("bulk-dialog")?.addEventListener(
    "close",
    () => {
      document.removeEventListener("list-keep", keep);
      const box = document.querySelector(`#tickets input[data-pick][value="${number}"]`);
      if (!refused && box instanceof HTMLInputElement && box.checked) box.click();
    },
    { once: true },
  );
}

/** Show the fields that the chosen status needs. @param {Element} form */
function fitStatus(form) {
  const select = form.querySelector("select[name=status]");
  if (!(select instanceof HTMLSelectElement)) return;
  const option = select.selectedOptions[0];
  form.setAttribute("data-status-class", option?.dataset.class ?? "");
  form.setAttribute("data-status-hold", option?.dataset.hold ?? "");
}

// ---- Preview ----

let timer = 0;

/** @returns {HTMLElement | null} */
const shown = () => document.querySelector("#preview [data-presence]");

/** Say that the previewed ticket is looked at, and whether an answer is being written. */
async function look() {
  const ticket = shown();
  if (!ticket || document.hidden) return;
  const writing = all(ticket, "textarea").some((area) => area.value.trim() && area === document.activeElement);
  await post(ticket.dataset.presence ?? "", { writing: writing ? "1" : "0" }).catch(() => undefined);
  timer = window.setTimeout(() => void look(), STILL_HERE);
}

/** @param {Element} pane */
function previewed(pane) {
  const ticket = shown();
  clearTimeout(timer);
  if (!ticket) return;
  timer = window.setTimeout(() => void look(), STAYED);
  const list = table();
  const number = ticket.id.replace("preview-", "");
  const place = pane.querySelector("[data-place-of]");
  if (!list || !(place instanceof HTMLElement)) return;
  const at = rows(list).findIndex((row) => row.dataset.row === number);
  const words = place.dataset.placeOf ?? "";
  place.textContent =
    at < 0 ? "" : words.replace("{place}", String(at + 1)).replace("{total}", list.dataset.total || String(rows(list).length));
}

// ---- Coming back ----

/** Whoever comes from a ticket of the list goes on at its row. */
function comeBack() {
  const list = table();
  const number = /\/tickets\/(\d+)(?:\?|$)/.exec(document.referrer)?.[1];
  const row = list && number && rows(list).find((one) => one.dataset.row === number);
  if (row && document.referrer.startsWith(`${location.origin}/`)) setCurrent(list, row);
}

// ---- What becomes due ----

const CLOCKS_APART = 60_000;

/** A ticket that is soon due, or overdue, stands in another group and is counted elsewhere. */
const regroup = later(() => {
  const side = document.getElementById("queue-side");
  if (side?.dataset.liveRefresh) refresh(side, side.dataset.liveRefresh).catch(() => undefined);
  table()?.dispatchEvent(new CustomEvent("live", { detail: { topic: "", kind: "due", ref: "" } }));
}, 300);

// ---- Start ----

function refreshed() {
  const list = table();
  if (!list) return;
  dropDoubles(list);
  rememberRows();
  showTotal();
  applyFolds();
}

for (const key of ["s", "p"]) {
  addKey({ keys: [key], run: () => changeCurrent(key), when: () => !topDialog() });
}
document.addEventListener("due", () => {
  regroup();
  // Once more, in case this machine's clock is ahead of the server's.
  setTimeout(regroup, CLOCKS_APART);
});
on("click", "[data-fold]", (_event, button) => turn(button));
on("change", "[data-bulk-form] select[name=status]", (_event, select) => fitStatus(select.closest("form")));
document.addEventListener("list-keep", (/** @type {any} */ event) => keepSelected(event.detail.numbers.map(String)));
document.addEventListener("htmx:load", (/** @type {any} */ event) => {
  const element = event.detail.elt;
  if (element.closest?.("#tickets") || element.querySelector?.("#tickets")) refreshed();
  for (const form of all(document, "[data-bulk-form=status]")) fitStatus(form);
  const pane = element.closest?.("#preview");
  if (pane) previewed(pane);
});
refreshed();
comeBack();
