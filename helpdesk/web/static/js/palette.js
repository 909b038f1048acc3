// The command palette: what can be done here, and where to go.

import { all, composing, icon, idOf, later, make, on, say } from "./dom.js";
import { addKey, caps, keysOf, labelOf, press, showKeys, topDialog, usable } from "./keys.js";
import { ask } from "./net.js";
import { t } from "./words.js";

const WAIT = 120;
const MOST_COMMANDS = 8;

/** @typedef {{label: string, hint?: string, url?: string, icon?: Node | null, key?: string,
 *   rare?: boolean, run?: () => void}} Item */
/** @typedef {{title: string, items: Item[]}} Group */

/** @type {HTMLDialogElement | undefined} */
let dialog;
/** @type {HTMLInputElement} */
let input;
/** @type {HTMLElement} */
let list;
/** @type {HTMLElement} */
let filterTag;

/** @type {Group[]} */
let found = [];
/** @type {Item[]} */
let commands = [];
/** Which group alone is shown; -1 for all. */
let filter = -1;
let active = 0;
/** @type {AbortController | null} */
let asking = null;

/** @param {string} text */
function folded(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}

/** Rank how well a label fits: begins with it, a word does, contains it. @param {string} label @param {string} q */
function rank(label, q) {
  const at = folded(label).indexOf(q);
  if (at < 0) return -1;
  return at === 0 ? 0 : /[\s\p{P}]/u.test(label[at - 1]) ? 1 : 2;
}

/** Collect what can be done on the page as it is when the palette opens. @returns {Item[]} */
function collect() {
  const seen = new Set();
  const items = [];
  for (const element of all(topDialog() ?? document, "[data-key], [data-command]")) {
    if (element.dataset.command === "" || !usable(element)) continue;
    const label = element.dataset.command || labelOf(element);
    if (!label || seen.has(label)) continue;
    seen.add(label);
    const drawn = element.dataset.icon ? icon(element.dataset.icon) : element.querySelector("svg.i")?.cloneNode(true);
    items.push({
      label,
      key: keysOf(element)[0],
      icon: drawn ?? null,
      run: () => element.isConnected && press(element),
    });
  }
  return [...items, ...inMenus(seen)];
}

/** What stands in menus is found by its words, and not in the way before. @param {Set<string>} seen @returns {Item[]} */
function inMenus(seen) {
  const items = [];
  for (const element of all(topDialog() ?? document, "[role=menu][hidden] [role=menuitem]")) {
    const label = labelOf(element);
    if (!label || seen.has(label) || element.matches(":disabled")) continue;
    seen.add(label);
    const drawn = element.querySelector("svg.i")?.cloneNode(true) ?? null;
    items.push({ label, icon: drawn, rare: true, run: () => element.isConnected && press(element) });
  }
  return items;
}

/** @param {string} label @param {string} q @returns {Node} */
function marked(label, q) {
  const span = make("span", { class: "clip" });
  const at = q ? folded(label).indexOf(q) : -1;
  // Folding may change lengths; then nothing is marked rather than the wrong letters.
  if (at < 0 || folded(label).length !== label.length) span.append(label);
  else span.append(label.slice(0, at), make("b", {}, label.slice(at, at + q.length)), label.slice(at + q.length));
  return span;
}

/** @returns {Group[]} */
function groups() {
  const q = folded(input.value.trim());
  const fitting = commands
    .map((item) => ({ item, rank: q ? rank(item.label, q) : item.rare ? -1 : 0 }))
    .filter((one) => one.rank >= 0)
    .sort((a, b) => a.rank - b.rank)
    .map((one) => one.item)
    .slice(0, q ? MOST_COMMANDS : undefined);
  const shown = [{ title: t("palette.do"), items: fitting }, ...found];
  return shown.filter((group) => group.items.length > 0);
}

/** @returns {Group[]} the groups that the filter lets through */
function filtered() {
  const shown = groups();
  if (filter >= shown.length) filter = -1;
  return filter < 0 ? shown : [shown[filter]];
}

function render() {
  const q = folded(input.value.trim());
  const shown = filtered();
  let number = 0;
  const parts = shown.map((group) => {
    const head = make("div", { class: "g", role: "presentation" }, group.title);
    const options = group.items.map((item) => {
      const at = number;
      number += 1;
      const option = make(
        "div",
        { class: "o", role: "option", id: `palette-${at}`, "aria-selected": String(at === active) },
        item.icon,
        marked(item.label, q),
        item.hint && make("span", { class: "muted clip" }, item.hint),
        item.key && make("span", { class: "row row4 end" }, ...caps(item.key)),
      );
      option.addEventListener("click", () => run(item));
      return option;
    });
    return make("div", { role: "group", "aria-labelledby": idOf(head, "group") }, head, ...options);
  });
  if (!number) parts.push(make("div", { class: "g", role: "presentation" }, t("palette.none")));
  list.replaceChildren(...parts);
  filterTag.hidden = filter < 0;
  filterTag.textContent = filter < 0 ? "" : shown[0].title;
  activate(Math.min(active, Math.max(number - 1, 0)));
}

/** @param {number} number */
function activate(number) {
  active = number;
  const options = all(list, "[role=option]");
  options.forEach((option, at) => option.setAttribute("aria-selected", String(at === active)));
  const option = options[active];
  if (option) {
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    input.removeAttribute("aria-activedescendant");
  }
}

/** @param {Item} item */
function run(item) {
  dialog?.close();
  if (item.run) item.run();
  else if (item.url) location.assign(item.url);
}

async function search() {
  const q = input.value.trim();
  const url = document.body.dataset.jump ?? "/jump";
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  try {
    const response = await ask(`${url}?${new URLSearchParams({ q })}`, mine.signal);
    if (!response.ok) throw new Error(String(response.status));
    const answer = await response.json();
    const groups = Array.isArray(answer) ? answer : answer.groups ?? [];
    found = groups.map((/** @type {any} */ group) => ({
      title: group.title,
      items: group.items.map((/** @type {any} */ item) => ({ ...item, icon: item.icon ? icon(item.icon) : null })),
    }));
  } catch {
    if (mine.signal.aborted) return;
    // What can be done here is still there.
    found = [];
  }
  render();
}
const searchSoon = later(() => void search(), WAIT);

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (composing(event)) return;
  const count = all(list, "[role=option]").length;
  if (event.key === "ArrowDown") activate((active + 1) % Math.max(count, 1));
  else if (event.key === "ArrowUp") activate((active - 1 + count) % Math.max(count, 1));
  else if (event.key === "Enter") all(list, "[role=option]")[active]?.click();
  else if (event.key === "Tab") turnFilter(event.shiftKey ? -1 : 1);
  else if (event.key === "Escape") dialog?.close();
  else if (event.key === "?" && !input.value) {
    dialog?.close();
    showKeys();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

/** Show all groups, then each alone. @param {number} step */
function turnFilter(step) {
  const count = groups().length + 1;
  filter = ((filter + 1 + step + count) % count) - 1;
  active = 0;
  render();
  say(filter < 0 ? t("palette.everything") : filtered()[0].title);
}

/** @param {string} words @param {...string} keys */
function help(words, ...keys) {
  return make("span", { class: "row row4" }, ...keys.flatMap(caps), words);
}

function build() {
  list = make("div", { class: "list", role: "listbox", id: "palette-list", "aria-label": t("palette.found") });
  filterTag = make("span", { class: "tag", hidden: true });
  input = make("input", {
    type: "text",
    role: "combobox",
    "aria-label": t("palette.search"),
    "aria-expanded": "true",
    "aria-autocomplete": "list",
    "aria-controls": "palette-list",
    placeholder: t("palette.search"),
    autocomplete: "off",
    spellcheck: "false",
  });
  const shortcuts = help(t("palette.keys"), "?");
  shortcuts.classList.add("end");
  dialog = make(
    "dialog",
    { id: "palette", class: "pal", "aria-label": t("palette.title") },
    make("div", { class: "pal-in" }, icon("search"), input, filterTag, make("span", { class: "tag acc", "data-palette-context": true })),
    list,
    make(
      "div",
      { class: "f" },
      help(t("palette.move"), "arrowup", "arrowdown"),
      help(t("palette.run"), "enter"),
      help(t("palette.filter"), "tab"),
      shortcuts,
    ),
  );
  input.addEventListener("input", () => {
    active = 0;
    render();
    searchSoon();
  });
  input.addEventListener("keydown", onKey);
  document.body.append(/** @type {HTMLDialogElement} */ (dialog));
}

/** Open the palette. */
export function openPalette() {
  if (dialog?.isConnected && dialog.open) return dialog.close();
  // Collected first: behind the open palette nothing is available.
  commands = collect();
  if (!dialog?.isConnected) build();
  const context = dialog?.querySelector("[data-palette-context]");
  if (context instanceof HTMLElement) {
    context.textContent = document.body.dataset.context ?? "";
    context.hidden = !context.textContent;
  }
  input.value = "";
  filter = -1;
  active = 0;
  found = [];
  dialog?.showModal();
  input.focus();
  render();
  void search();
}

export function start() {
  on("click", "[data-palette]", openPalette);
  addKey({ keys: ["mod+k"], run: openPalette, label: () => t("palette.title") });
}
