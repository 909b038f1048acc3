// The preview beside a list: follows the current row, with the next one fetched ahead.

import { all, available, later } from "./dom.js";
import { get } from "./net.js";
import { rows } from "./select.js";
import { strip } from "./strips.js";
import { t } from "./words.js";

/** Moving quickly through rows fetches nothing. */
const WAIT = 120;
/** Nothing is dimmed before this: most answers are quicker. */
const DIM_AFTER = 300;
/** What was fetched ahead is fresh for so long. */
const FRESH = 15_000;
const KEEP = 6;

/** @type {Map<string, {html: string, at: number}>} */
const ahead = new Map();
/** @type {AbortController | null} */
let running = null;

/** @returns {HTMLElement | undefined} */
function pane() {
  return all(document, "[data-preview-pane]").find(available);
}

/** @param {string} url @param {AbortSignal} [signal] @param {boolean} [unseen] */
async function fetched(url, signal, unseen = false) {
  const response = await get(url, { signal, headers: unseen ? { "X-Prefetch": "1" } : {} });
  if (!response.ok || response.redirected) throw new Error(String(response.status));
  return response.text();
}

/** @param {HTMLElement} place @param {string} html @param {string} url */
function fill(place, html, url) {
  const htmx = /** @type {any} */ (window).htmx;
  htmx.swap(place, html, { swapStyle: "innerHTML", ignoreTitle: true });
  place.scrollTop = 0;
  place.dataset.shown = url;
}

/** @param {HTMLElement} row */
async function show(row) {
  const place = pane();
  const url = row.dataset.preview;
  if (!place || !url || !row.isConnected) return;
  running?.abort();
  const mine = new AbortController();
  running = mine;
  const known = ahead.get(url);
  const dim = setTimeout(() => place.classList.add("htmx-request", "dim"), DIM_AFTER);
  place.setAttribute("aria-busy", "true");
  try {
    const fresh = known && Date.now() - known.at < FRESH ? known.html : undefined;
    fill(place, fresh ?? (await fetched(url, mine.signal)), url);
    ahead.delete(url);
    fetchNext(row);
  } catch {
    if (mine.signal.aborted) return;
    strip({
      name: "preview",
      tone: "danger",
      picture: "circle-alert",
      title: t("preview.failed"),
      actions: [{ label: t("try-again"), run: () => void show(row) }],
    });
  } finally {
    clearTimeout(dim);
    if (running === mine) {
      place.classList.remove("htmx-request", "dim");
      place.removeAttribute("aria-busy");
    }
  }
}

/** @param {HTMLElement} row */
function fetchNext(row) {
  const list = row.closest("[data-list]");
  if (!list) return;
  const here = rows(list);
  const url = here[here.indexOf(row) + 1]?.dataset.preview;
  if (!url || ahead.has(url)) return;
  fetched(url, undefined, true).then(
    (html) => {
      ahead.set(url, { html, at: Date.now() });
      for (const old of [...ahead.keys()].slice(0, -KEEP)) ahead.delete(old);
    },
    // It will be fetched when it is wanted.
    () => undefined,
  );
}

const showSoon = later((/** @type {HTMLElement} */ row) => void show(row), WAIT);

export function start() {
  document.addEventListener("list:current", (/** @type {any} */ event) => {
    const { row, now } = event.detail;
    if (!row.dataset.preview || pane()?.dataset.shown === row.dataset.preview) return showSoon.cancel();
    showSoon(row);
    if (now) showSoon.now();
  });
  // What was fetched ahead may show what has just been changed or typed.
  const stale = () => ahead.clear();
  document.addEventListener("draft:saved", stale);
  document.addEventListener("live", stale, true);
  document.addEventListener("htmx:afterRequest", (/** @type {any} */ event) => {
    if (event.detail.requestConfig?.verb !== "get") stale();
  });
}
