// Mentions: after `@` a list of people opens; choosing writes `@[Name](person:7)`.

import { composing, idOf, later, make, on } from "./dom.js";
import { insert } from "./paste.js";
import { labelOf, listbox, suggestions } from "./suggest.js";

const WAIT = 150;
const LONGEST = 30;
const WIDTH = 280;
/** An @ (also the wide one of Chinese keyboards) that is not part of an address. */
const PATTERN = new RegExp(`(?:^|[^\\w.@])([@＠]([^\\s@＠]{0,${LONGEST}}))$`);

/** @param {HTMLTextAreaElement} area @returns {{text: string, q: string} | null} */
function begun(area) {
  if (area.selectionStart !== area.selectionEnd) return null;
  const before = area.value.slice(Math.max(0, area.selectionStart - LONGEST - 2), area.selectionStart);
  const match = PATTERN.exec(before);
  return match ? { text: match[1], q: match[2] } : null;
}

/** What decides where a letter of a textarea stands. */
const COPIED = [
  ...["fontFamily", "fontSize", "fontWeight", "fontStyle", "letterSpacing", "lineHeight"],
  ...["textTransform", "wordSpacing", "textIndent", "tabSize", "direction", "boxSizing"],
  ...["paddingTop", "paddingRight", "paddingBottom", "paddingLeft", "borderTopWidth"],
  ...["borderRightWidth", "borderBottomWidth", "borderLeftWidth", "width"],
];

/**
 * Return where the cursor stands in the window, found with a copy of the textarea as text.
 * @param {HTMLTextAreaElement} area
 */
function cursorAt(area) {
  const mirror = make("div", { "aria-hidden": "true" });
  const style = getComputedStyle(area);
  for (const name of COPIED) mirror.style[name] = /** @type {any} */ (style)[name];
  Object.assign(mirror.style, {
    position: "absolute",
    visibility: "hidden",
    whiteSpace: "pre-wrap",
    overflowWrap: "break-word",
    top: "0",
    left: "0",
  });
  const mark = make("span", {}, "\u200b");
  mirror.append(area.value.slice(0, area.selectionStart), mark);
  document.body.append(mirror);
  const box = area.getBoundingClientRect();
  const left = box.left + mark.offsetLeft - area.scrollLeft;
  const top = box.top + mark.offsetTop - area.scrollTop;
  const bottom = top + mark.offsetHeight;
  mirror.remove();
  return { left, right: left, top, bottom };
}

/** @type {{area: HTMLTextAreaElement, list: HTMLElement, popup: ReturnType<typeof listbox>} | null} */
let open = null;
/** @type {AbortController | null} */
let asking = null;

function close() {
  asking?.abort();
  if (!open) return;
  open.popup.hide();
  open.area.removeAttribute("aria-controls");
  open.list.remove();
  open = null;
}

/** @param {HTMLTextAreaElement} area @param {HTMLElement} option */
function choose(area, option) {
  const start = begun(area);
  if (start) {
    area.setSelectionRange(area.selectionStart - start.text.length, area.selectionStart);
    const name = labelOf(option).replace(/[[\]]/g, "");
    insert(area, `@[${name}](person:${option.getAttribute("data-value")}) `);
  }
  close();
}

/** @param {HTMLTextAreaElement} area @param {HTMLElement[]} found */
function show(area, found) {
  if (!open || open.area !== area) {
    close();
    const list = /** @type {HTMLElement} */ (make("ul", { class: "listbox mentions" }));
    // Inside the open dialog, if there is one: the rest of the page lies behind it.
    (area.closest("dialog, main") ?? document.body).append(list);
    open = { area, list, popup: listbox(area, list, (option) => choose(area, option), () => cursorAt(area), WIDTH) };
    area.setAttribute("aria-controls", idOf(list, "list"));
  }
  open.popup.show(found, true);
}

/** @param {HTMLTextAreaElement} area */
async function search(area) {
  const start = begun(area);
  asking?.abort();
  if (!start || document.activeElement !== area) return close();
  const mine = new AbortController();
  asking = mine;
  try {
    const found = await suggestions(area.dataset.mentions ?? "", { q: start.q }, mine.signal);
    if (mine.signal.aborted) return;
    // Nobody of that name: then it is just text.
    if (found.some((item) => item.matches("[role=option]"))) show(area, found);
    else close();
  } catch {
    if (!mine.signal.aborted) close();
  }
}
const searchSoon = later((/** @type {HTMLTextAreaElement} */ area) => void search(area), WAIT);

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (!open || event.target !== open.area || composing(event)) return;
  const active = open.popup.active();
  if (event.key === "ArrowDown") open.popup.move(1);
  else if (event.key === "ArrowUp") open.popup.move(-1);
  else if ((event.key === "Enter" || event.key === "Tab") && active && !event.ctrlKey && !event.metaKey) {
    choose(open.area, active);
  } else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

export function start() {
  on("input", "textarea[data-mentions]", (event, area) => {
    if (event.isComposing) return;
    if (begun(area)) searchSoon(area);
    else {
      searchSoon.cancel();
      close();
    }
  });
  on("compositionend", "textarea[data-mentions]", (_event, area) => begun(area) && searchSoon(area));
  on("focusout", "textarea[data-mentions]", close);
  on("click", "textarea[data-mentions]", close);
  document.addEventListener("keydown", onKey, true);
}
