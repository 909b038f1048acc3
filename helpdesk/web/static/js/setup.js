// Set up: hours of a week filled in by one press, and rows of days that come and go.

import { all, on } from "./dom.js";
import { touched } from "./typed.js";

const WORKING = ["tue", "wed", "thu", "fri"];
const WEEK = ["mon", ...WORKING, "sat", "sun"];

/** @param {HTMLInputElement | null} field @param {string} value */
function fill(field, value) {
  if (!field) return;
  field.value = value;
  touched(field);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** @param {HTMLElement} button @param {string} day @returns {HTMLInputElement | null} */
function hoursOf(button, day) {
  return button.closest("form")?.querySelector(`input[name="${day}"]`) ?? null;
}

on("click", "[data-hours]", (_event, /** @type {HTMLElement} */ button) => {
  if (button.dataset.hours === "copy") {
    const monday = hoursOf(button, "mon")?.value ?? "";
    for (const day of WORKING) fill(hoursOf(button, day), monday);
  } else {
    for (const day of WEEK) fill(hoursOf(button, day), button.dataset.hours ?? "");
  }
});

/** @param {Element} row */
function empty(row) {
  for (const field of all(row, "input")) fill(field, "");
  for (const choice of all(row, "select")) choice.selectedIndex = 0;
}

const NUMBERED = /-(\d+)-/;

/** @param {Element} field @returns {number} */
function numberOf(field) {
  return Number(NUMBERED.exec(field.getAttribute("name") ?? "")?.[1] ?? 0);
}

on("click", "[data-row-add]", (_event, /** @type {HTMLElement} */ button) => {
  const list = document.getElementById(button.dataset.rowAdd ?? "");
  const rows = list ? all(list, ":scope > [data-row-of]") : [];
  const last = rows.at(-1);
  if (!last || rows.length >= Number(list?.dataset.rowMost ?? Infinity)) return;
  const row = /** @type {HTMLElement} */ (last.cloneNode(true));
  for (const told of all(row, ".err")) told.remove();
  for (const field of all(row, "[aria-invalid]")) field.removeAttribute("aria-invalid");
  // Ids name one element each; what stands beside the fields needs none.
  for (const element of all(row, "[id]")) element.removeAttribute("id");
  row.removeAttribute("id");
  // Rows that are told apart by a number in the names of their fields need one of their own.
  const next = 1 + Math.max(0, ...rows.flatMap((one) => all(one, "[name]").map(numberOf)));
  for (const field of all(row, "[name]")) {
    field.setAttribute("name", (field.getAttribute("name") ?? "").replace(NUMBERED, `-${next}-`));
  }
  last.after(row);
  empty(row);
  row.querySelector("input")?.focus();
});

on("click", "[data-row-remove]", (_event, /** @type {HTMLElement} */ button) => {
  const row = button.closest("[data-row-of]");
  const list = row?.parentElement;
  if (!row || !list) return;
  const beside = /** @type {HTMLElement | null} */ (row.nextElementSibling ?? row.previousElementSibling);
  empty(row);
  if (all(list, "[data-row-of]").length > 1) row.remove();
  beside?.querySelector("input")?.focus();
});
