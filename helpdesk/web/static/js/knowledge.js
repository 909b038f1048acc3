// The editor of articles: its toolbar, what readers would see beside it, and who an article is for.

import { all, later, on } from "./dom.js";
import { post } from "./net.js";
import { insert, put } from "./paste.js";
import { t } from "./words.js";

const WAIT = 350;

/** @returns {HTMLElement | null} */
function editor() {
  return document.querySelector("[data-kb-editor]");
}

/** @returns {HTMLTextAreaElement | null} */
function area() {
  return document.querySelector("[data-kb-editor] textarea.kb-area");
}

// ---- Formatting ----

/** @param {string} text @param {(line: string, number: number) => string} mark */
function lines(text, mark) {
  return text.split("\n").map(mark).join("\n");
}

/** What stands on lines of its own. @type {Record<string, (text: string) => string>} */
const blocks = {
  heading: (text) => lines(text || t("md.heading"), (line) => `## ${line.replace(/^#+\s*/, "")}`),
  list: (text) => lines(text || t("md.item"), (line) => `- ${line}`),
  steps: (text) => lines(text || t("md.item"), (line, at) => `${at + 1}. ${line}`),
  quote: (text) => lines(text, (line) => `> ${line}`),
  table: () => `| ${t("md.column")} | ${t("md.column")} |\n|---|---|\n|  |  |\n`,
  step: () => `## Step: ${t("md.name")}\n${t("md.question")}\n- ${t("md.yes")} → \n- ${t("md.no")} → \n`,
};
for (const name of ["note", "tip", "warning", "danger"]) {
  blocks[name] = (text) => `> [!${name.toUpperCase()}]\n${lines(text, (line) => `> ${line}`)}`;
}

/** What stands within a line. @type {Record<string, (text: string) => string>} */
const spans = {
  bold: (text) => `**${text || t("md.bold")}**`,
  italic: (text) => `*${text || t("md.italic")}*`,
  code: (text) => (text.includes("\n") ? `\`\`\`\n${text}\n\`\`\`` : `\`${text || t("md.code")}\``),
  link: (text) => `[${text || t("md.link")}](https://)`,
};

/** @param {string} name */
function format(name) {
  const field = area();
  if (!field) return;
  const start = field.selectionStart;
  const selected = field.value.slice(start, field.selectionEnd);
  field.focus();
  if (spans[name]) return insert(field, spans[name](selected));
  const make = blocks[name];
  if (!make) return;
  const before = field.value.slice(0, start);
  const gap = before === "" || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
  insert(field, gap + make(selected));
}

/** Go on with a list where a line of one ends; an empty item ends it. @param {KeyboardEvent} event */
function newLine(event) {
  const field = area();
  if (event.key !== "Enter" || event.target !== field || !field) return;
  if (event.shiftKey || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const before = field.value.slice(0, field.selectionStart);
  const line = before.slice(before.lastIndexOf("\n") + 1);
  const item = /^(\s*)(?:([-*+])|(\d{1,4})\.)\s(.*)$/.exec(line);
  if (!item) return;
  event.preventDefault();
  if (item[4] === "") {
    field.setSelectionRange(field.selectionStart - line.length, field.selectionStart);
    insert(field, "\n");
    return;
  }
  insert(field, `\n${item[1]}${item[2] ?? `${Number(item[3]) + 1}.`} `);
}

// ---- What readers would see ----

let asked = 0;

async function show() {
  const place = editor();
  const pane = /** @type {HTMLElement | null} */ (place?.querySelector("[data-kb-pane]") ?? null);
  const form = /** @type {HTMLFormElement | null} */ (document.getElementById("kb-form"));
  if (!place || !pane || !form) return;
  const mine = (asked += 1);
  const fields = new FormData(form);
  const said = Object.fromEntries(["title", "summary", "body"].map((name) => [name, String(fields.get(name) ?? "")]));
  const response = await post(place.dataset.preview ?? "", said).catch(() => null);
  // Only the answer to what was typed last is news.
  if (!response?.ok || mine !== asked) return;
  const htmx = /** @type {any} */ (window).htmx;
  htmx.swap(pane, await response.text(), { swapStyle: "innerHTML" });
}

const soon = later(() => void show(), WAIT);

/** The preview follows the text as far as both go. */
function follow() {
  const field = area();
  const pane = /** @type {HTMLElement | null} */ (document.querySelector("[data-kb-pane]"));
  if (!field || !pane) return;
  const room = field.scrollHeight - field.clientHeight;
  if (room > 0) pane.scrollTop = (field.scrollTop / room) * (pane.scrollHeight - pane.clientHeight);
}

/** @param {string} view `both`, `text` or `page` */
function choose(view) {
  const place = editor();
  if (!place) return;
  place.dataset.view = view;
  for (const button of all(place, "[data-kb-view]")) {
    button.setAttribute("aria-pressed", String(button.dataset.kbView === view));
  }
  if (view !== "page") area()?.focus();
}

// ---- Who it is for ----

/** @param {Element} form */
function audience(form) {
  const chosen = /** @type {HTMLInputElement | null} */ (form.querySelector("input[name=audience]:checked"));
  for (const part of all(form, "[data-kb-for]")) part.hidden = part.dataset.kbFor !== chosen?.value;
}

function audiences() {
  for (const part of all(document, "form:has([data-kb-for])")) audience(part);
}

// ---- Where the reader is ----

/** Mark the heading that is read in "On this page": the last one above the upper third. */
function mark() {
  const room = document.querySelector(".scroll:has(.kb-toc)");
  if (!room) return;
  const line = room.getBoundingClientRect().top + room.clientHeight / 3;
  const links = /** @type {HTMLAnchorElement[]} */ (all(room, ".kb-toc a"));
  let here = links[0];
  for (const link of links) {
    const heading = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (heading && heading.getBoundingClientRect().top <= line) here = link;
  }
  const atEnd = room.scrollTop > 0 && room.scrollTop + room.clientHeight >= room.scrollHeight - 2;
  if (atEnd) here = links[links.length - 1];
  for (const link of links) {
    if (link === here) link.setAttribute("aria-current", "location");
    else link.removeAttribute("aria-current");
  }
}

// ---- Files ----

function filesAgain() {
  const url = document.getElementById("kb-form")?.dataset.upload;
  // By its name: an answer still under way may put another element in its place.
  if (url) /** @type {any} */ (window).htmx.ajax("GET", url, { target: "#kb-files", swap: "outerHTML" });
}
/** Several files arrive one after the other; the list is asked for once. */
const filesSoon = later(filesAgain, WAIT);

on("click", "[data-kb-md]", (_event, button) => format(button.dataset.kbMd ?? ""));
on("click", "[data-kb-view]", (_event, button) => choose(button.dataset.kbView ?? "both"));
on("click", "[data-kb-insert]", (_event, button) => {
  const field = area();
  if (!field) return;
  field.focus();
  put(field, button.dataset.kbInsert ?? "");
});
on("input", "#kb-form", () => soon());
on("change", "input[name=audience]", (_event, field) => {
  if (field.closest("form")) audience(/** @type {Element} */ (field.closest("form")));
});
on("upload:done", "#kb-form", (/** @type {any} */ event) => {
  // A picture stands in the text by now; another file is named there too.
  const { type, markdown, chip } = event.detail;
  const field = area();
  if (field && markdown && !String(type).startsWith("image/")) put(field, markdown);
  // From here on it stands among the files of the article.
  chip?.remove();
  soon();
  filesSoon();
});
document.addEventListener("keydown", newLine);
area()?.addEventListener("scroll", follow, { passive: true });
document.querySelector(".scroll:has(.kb-toc)")?.addEventListener("scroll", mark, { passive: true });
mark();
audiences();
document.addEventListener("htmx:load", audiences);
document.addEventListener("htmx:afterSettle", () => {
  const step = /** @type {HTMLElement | null} */ (document.querySelector("[data-kb-focus]"));
  if (step && !step.dataset.seen) {
    step.dataset.seen = "1";
    step.focus();
  }
});
