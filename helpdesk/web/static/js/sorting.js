// Tables that hold all their rows are put in order by a click on a heading, without asking again.

import { all, on } from "./dom.js";

/**
 * Return what a row is sorted by in a column.
 * @param {HTMLTableRowElement} row
 * @param {number} column
 */
const value = (row, column) => row.cells[column]?.dataset.value ?? row.cells[column]?.textContent ?? "";

/** @param {Element} button */
function sort(button) {
  const heading = button.closest("th");
  const table = button.closest("table");
  const body = table?.tBodies[0];
  if (!heading || !table || !body) return;
  const falls = heading.getAttribute("aria-sort") === "ascending";
  for (const other of all(table, "th[aria-sort]")) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", falls ? "descending" : "ascending");
  const words = new Intl.Collator(document.documentElement.lang || "en", { numeric: true });
  const [at, way] = [heading.cellIndex, falls ? -1 : 1];
  // Rows that are the same there keep the order they had.
  const rows = [...body.rows].sort((one, two) => way * words.compare(value(one, at), value(two, at)));
  body.append(...rows);
}

export function start() {
  on("click", "button[data-sorts]", (_event, button) => sort(button));
}
