// The composer of a ticket: tabs, formatting, preview, the clash strip, the timer of a call.
// It stands on the ticket's page and in the preview of a queue; both load this module.

import { composing, on } from "./dom.js";
import { get, post } from "./net.js";
import { insert } from "./paste.js";
import { choose } from "./tabs.js";
import { t } from "./words.js";

/** The button with which a form was sent last: "Send anyway" presses it again. */
let submitter = /** @type {HTMLElement | null} */ (null);

/** @returns {HTMLElement | null} */
function composer() {
  return document.querySelector("[data-composer]");
}

/** @param {string} kind `reply`, `note`, `call` or `side` @returns {HTMLTextAreaElement | null} */
function bodyOf(kind) {
  return /** @type {any} */ (document.getElementById(`tk-${kind}-body`));
}

/**
 * Open the composer at one of its tabs and move focus into the text.
 * @param {string} kind
 */
export function openComposer(kind) {
  const tab = document.getElementById(`tk-tab-${kind}`);
  const box = composer();
  if (!tab || !box) return;
  box.classList.add("open");
  choose(tab);
  // Whoever writes to others says first to whom.
  const nobody = kind === "side" && !document.querySelector("#tk-panel-side [data-chip]");
  (nobody ? document.getElementById("tk-side-to") : bodyOf(kind))?.focus();
}

/** The note's yellow says at a glance that the customer won't see it. @param {Element} tab */
function colour(tab) {
  const kind = (tab.getAttribute("aria-controls") ?? "").replace("tk-panel-", "");
  tab.closest("[data-composer]")?.classList.toggle("note", kind === "note");
  tab.closest("[data-composer]")?.classList.toggle("aside", kind === "side");
}

// ---- Formatting ----

/** @type {Record<string, (text: string) => string>} */
const formats = {
  bold: (text) => `**${text || t("md.bold")}**`,
  code: (text) => (text.includes("\n") ? `\`\`\`\n${text}\n\`\`\`` : `\`${text || t("md.code")}\``),
  link: (text) => `[${text || t("md.link")}](https://)`,
  list: (text) => prefixed(text || t("md.item"), "- "),
  quote: (text) => prefixed(text, "> "),
};

/** @param {string} text @param {string} mark */
function prefixed(text, mark) {
  return text
    .split("\n")
    .map((line) => mark + line)
    .join("\n");
}

/** @param {MouseEvent} _event @param {HTMLElement} button */
function format(_event, button) {
  const area = button.closest("form")?.querySelector("textarea");
  const make = formats[button.dataset.md ?? ""];
  if (!area || !make) return;
  const selected = area.value.slice(area.selectionStart, area.selectionEnd);
  const start = area.selectionStart;
  const block = button.dataset.md === "list" || button.dataset.md === "quote";
  const before = block && start > 0 && area.value[start - 1] !== "\n" ? "\n" : "";
  area.focus();
  insert(area, before + make(selected));
  area.focus();
}

/** @param {MouseEvent} _event @param {HTMLElement} button */
async function preview(_event, button) {
  const form = button.closest("form");
  const area = form?.querySelector("textarea");
  const pane = /** @type {HTMLElement | null} */ (form?.querySelector("[data-preview-of]") ?? null);
  if (!area || !pane) return;
  const showing = button.getAttribute("aria-pressed") === "true";
  if (!showing) {
    const response = await post(button.dataset.mdPreview ?? "", { body: area.value }).catch(() => null);
    if (!response?.ok) return;
    const htmx = /** @type {any} */ (window).htmx;
    htmx.swap(pane, await response.text(), { swapStyle: "innerHTML" });
  }
  button.setAttribute("aria-pressed", String(!showing));
  pane.hidden = showing;
  area.hidden = !showing;
  if (showing) area.focus();
}

// ---- Somebody wrote meanwhile ----

/** @param {string} newest the newest entry that the writer has looked at */
export function markSeen(newest) {
  for (const field of document.querySelectorAll("[data-composer] input[data-seen]")) {
    const known = /** @type {HTMLInputElement} */ (field);
    if (Number(known.value) < Number(newest)) known.value = newest;
  }
}

/** @returns {string} the newest entry that the composer's page had shown */
export function seen() {
  const field = /** @type {HTMLInputElement | null} */ (
    document.querySelector("[data-composer] input[data-seen]")
  );
  return field?.value ?? "";
}

/** @returns {boolean} whether something is typed and not sent */
export function isWriting() {
  const areas = document.querySelectorAll("[data-composer] textarea.ed");
  return [...areas].some((area) => /** @type {HTMLTextAreaElement} */ (area).value.trim() !== "");
}

/** @param {HTMLElement} button */
function looked(button) {
  const strip = /** @type {HTMLElement | null} */ (button.closest("[data-clash]"));
  if (strip) markSeen(strip.dataset.clash ?? "");
  strip?.remove();
}

/** Show what others wrote since, while something is being typed. @param {string} url */
export async function showUnseen(url) {
  const place = document.getElementById("tk-clash");
  if (!place) return;
  const response = await get(`${url}?seen=${encodeURIComponent(seen())}`).catch(() => null);
  if (!response?.ok) return;
  const html = await response.text();
  if (!html.trim()) return;
  const htmx = /** @type {any} */ (window).htmx;
  htmx.swap(place, html, { swapStyle: "innerHTML" });
}

// ---- The timer of a call ----

/** @type {WeakMap<HTMLFormElement, number>} when a form's timer was started, less what had run */
const timers = new WeakMap();

/** @param {HTMLElement} button */
function toggleTimer(button) {
  const form = button.closest("form");
  if (!form) return;
  const field = /** @type {HTMLInputElement | null} */ (form.querySelector("input[name=seconds]"));
  const runs = timers.has(form);
  if (runs) timers.delete(form);
  else timers.set(form, Date.now() - Number(field?.value || 0) * 1000);
  button.setAttribute("aria-pressed", String(!runs));
  tick();
}

/** @param {number} seconds */
export function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function tick() {
  for (const shown of document.querySelectorAll("form[data-compose=call] [data-timer]")) {
    const form = /** @type {HTMLFormElement} */ (shown.closest("form"));
    const started = timers.get(form);
    const field = /** @type {HTMLInputElement | null} */ (form.querySelector("input[name=seconds]"));
    if (!field || (started === undefined && !field.value)) continue;
    if (started !== undefined) field.value = String(Math.round((Date.now() - started) / 1000));
    /** @type {HTMLElement} */ (shown).hidden = false;
    shown.textContent = clock(Number(field.value));
  }
}

// ---- Text from elsewhere on the page ----

/** @param {string} text @param {"reply" | "note"} [kind] */
export function takeOver(text, kind = "reply") {
  openComposer(kind);
  const area = bodyOf(kind);
  if (!area) return;
  area.setSelectionRange(area.value.length, area.value.length);
  const gap = area.value && !area.value.endsWith("\n") ? "\n\n" : "";
  insert(area, gap + text);
  area.focus();
}

/** Leave the text without losing it: the next Esc goes back to the list. @param {KeyboardEvent} event */
function onEscape(event) {
  const area = event.target;
  if (event.key !== "Escape" || composing(event) || !(area instanceof HTMLTextAreaElement)) return;
  if (!area.closest("[data-composer]") || area.getAttribute("aria-expanded") === "true") return;
  event.preventDefault();
  area.blur();
  composer()?.classList.remove("open");
  document.getElementById("tk-lines")?.focus();
}

document.addEventListener("tab:choose", (event) => colour(/** @type {Element} */ (event.target)));
document.addEventListener("keydown", onEscape);
document.addEventListener(
  "submit",
  (event) => {
    if (/** @type {Element} */ (event.target).matches("[data-compose]")) {
      submitter = /** @type {SubmitEvent} */ (event).submitter;
    }
  },
  true,
);
// What was sent leaves the field, also the one in which the cursor stands; what was typed since stays.
document.addEventListener("htmx:beforeSwap", (/** @type {any} */ event) => {
  const { elt, xhr, requestConfig } = event.detail;
  if (!elt.matches?.("form[data-compose]") || xhr.status >= 300) return;
  const area = /** @type {HTMLTextAreaElement | null} */ (elt.querySelector("textarea.ed"));
  const sent = requestConfig?.formData?.get("body");
  if (area && area.value === sent) area.value = "";
});
on("click", "[data-md]", format);
on("click", "[data-md-preview]", preview);
on("click", "[data-send-anyway]", (_event, button) => {
  looked(button);
  const form = /** @type {HTMLFormElement | null} */ (submitter?.closest("form") ?? null);
  if (submitter?.isConnected) form?.requestSubmit(submitter);
});
on("click", "[data-clash-seen]", (_event, button) => {
  looked(button);
  const panel = composer()?.querySelector("[role=tabpanel]:not([hidden]) textarea.ed");
  /** @type {HTMLElement | null | undefined} */ (panel)?.focus();
});
on("click", "[data-timer-toggle]", (_event, button) => toggleTimer(button));
on("click", "[data-composer-open]", (_event, button) => openComposer(button.dataset.composerOpen));
document.addEventListener("compose", (/** @type {any} */ event) => openComposer(event.detail.kind));
on("click", "[data-composer-close]", () => composer()?.classList.remove("open"));
on("click", "[data-use]", (_event, button) => takeOver(button.dataset.use));
on("click", "[data-quote]", (_event, button) => takeOver(`${prefixed(button.dataset.quote.trim(), "> ")}\n\n`));
on("upload:removed", "[data-compose]", (event) => {
  if (event.detail.id) void post(`/drafts/files/${encodeURIComponent(event.detail.id)}/remove`);
});
setInterval(tick, 1000);
