// Lists that are kept up to date: nothing moves under the pointer or the fingers.

import { all, isField, make, on } from "./dom.js";
import { get } from "./net.js";
import { morph } from "./refresh.js";
import { currentRow } from "./select.js";
import { t } from "./words.js";

/** At most one look at the server in this time. */
const EVERY = 500;
/** So long after pointer and focus have left, what waits is let in. */
const CALM_AFTER = 1000;

/** Lists with something waiting. @type {Set<HTMLElement>} */
const held = new Set();
/** @type {WeakMap<HTMLElement, number>} */
const timers = new WeakMap();

/** What the server said of each row last. @type {WeakMap<Element, string>} */
const said = new WeakMap();

/** A row as the server wrote it, but for its times, which pass by themselves. @param {Element} row */
function written(row) {
  return row.outerHTML.replace(/(<time[^>]*>)[^<]*/g, "$1");
}

/** Somebody is typing or choosing in this very row. @param {Element} row */
function busy(row) {
  return row.contains(document.activeElement) && isField(document.activeElement);
}

/** @param {HTMLElement} list */
function inUse(list) {
  return list.matches(":hover, :focus-within") || list.classList.contains("selecting");
}

/** @param {HTMLElement} list @returns {Promise<HTMLElement | null>} the list as it is now */
async function fetchList(list) {
  const response = await get(list.dataset.listUrl || location.href).catch(() => null);
  if (!response?.ok || response.redirected) return null;
  const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
  return parsed.getElementById(list.id);
}

/** @param {HTMLElement} list */
function buttonFor(list) {
  const known = document.querySelector(`[data-new-rows="${CSS.escape(list.id)}"]`);
  if (known) return /** @type {HTMLElement} */ (known);
  const button = make("button", {
    type: "button",
    class: "btn sm new-rows",
    "data-new-rows": list.id,
    hidden: true,
  });
  list.before(button);
  return button;
}

/** @param {HTMLElement} fresh @returns {Map<string, HTMLElement>} its rows by their ids */
function rowsById(fresh) {
  return new Map(all(fresh, "[data-row]").map((row) => [row.dataset.row, row]));
}

/** @param {HTMLElement} list @param {HTMLElement} fresh */
function letIn(list, fresh) {
  held.delete(list);
  buttonFor(list).hidden = true;
  morph(list, fresh.outerHTML);
  const coming = rowsById(fresh);
  for (const row of all(list, "[data-row]")) {
    const now = coming.get(row.dataset.row);
    if (now) said.set(row, written(now));
  }
}

/**
 * Change rows where they stand; keep back what would move others.
 * @param {HTMLElement} list
 * @param {HTMLElement} fresh
 */
function holdBack(list, fresh) {
  const coming = rowsById(fresh);
  const here = all(list, "[data-row]");
  const known = new Set(here.map((row) => row.dataset.row));
  let gone = 0;
  for (const row of here) {
    const now = coming.get(row.dataset.row);
    row.classList.toggle("gone", !now);
    if (!now) gone += 1;
    // A row in which somebody is just doing something is left alone.
    else if (said.get(row) !== written(now) && !busy(row)) {
      morph(row, now.outerHTML);
      said.set(row, written(now));
    }
  }
  const added = [...coming.keys()].filter((id) => !known.has(id)).length;
  const button = buttonFor(list);
  button.hidden = !added && !gone;
  button.textContent = added ? t("list.new", { n: added }) : t("list.changed");
  held.add(list);
}

/** @param {HTMLElement} list @param {boolean} [atOnce] even under the pointer */
async function update(list, atOnce = false) {
  const fresh = await fetchList(list);
  if (!fresh || !list.isConnected) return;
  if (atOnce || !inUse(list)) letIn(list, fresh);
  else holdBack(list, fresh);
}

/** @param {HTMLElement} list */
function updateSoon(list) {
  if (timers.has(list)) return;
  const timer = window.setTimeout(() => {
    timers.delete(list);
    void update(list);
  }, EVERY);
  timers.set(list, timer);
}

let calm = 0;

/** Let in what waits once nobody is in the list any more. */
function whenCalm() {
  clearTimeout(calm);
  if (!held.size) return;
  calm = window.setTimeout(() => {
    for (const list of held) if (!inUse(list)) void update(list);
  }, CALM_AFTER);
}

export function start() {
  document.addEventListener(
    "live",
    (event) => {
      const list = event.target;
      if (list instanceof HTMLElement && list.matches("[data-list][data-list-url]")) updateSoon(list);
    },
    true,
  );
  // The reader's own act shows at once.
  document.addEventListener("list-refresh", () => {
    for (const list of all(document, "[data-list][data-list-url]")) void update(list, true);
  });
  on("click", "[data-new-rows]", async (_event, button) => {
    const list = document.getElementById(button.dataset.newRows);
    if (!list) return;
    await update(list, true);
    const row = currentRow(list) ?? list.querySelector("[data-row]");
    /** @type {HTMLElement | null | undefined} */ (row?.querySelector("a[href]"))?.focus();
  });
  document.addEventListener("pointerout", whenCalm);
  document.addEventListener("focusout", whenCalm);
}

/** Rows are as the server wrote them only before anybody marks them. @param {ParentNode} root */
export function scan(root) {
  for (const row of all(root, "[data-list][data-list-url] [data-row]")) {
    if (!said.has(row)) said.set(row, written(row));
  }
}
