// The ticket's page: kept up to date, who else is here, panes, paging back, pictures.

import { isWriting, markSeen, seen, showUnseen } from "./composer.js";
import { load } from "./dialog.js";
import { all, isField, later, on } from "./dom.js";
import { csrf, get, post } from "./net.js";

/** How often the server is told that the page is still open, in milliseconds. */
const STILL_HERE = 20_000;
/** Somebody who typed so lately is writing. */
const WRITING_FOR = 8_000;

/** @returns {HTMLElement | null} */
const page = () => document.getElementById("ticket");
/** @returns {HTMLElement | null} */
const lines = () => document.getElementById("tk-lines");
/** @returns {HTMLElement | null} */
const wrap = () => document.getElementById("tk-timeline");

// ---- Keeping up to date ----

/** @returns {string} the place of the oldest entry on the page, so that it stays */
function since() {
  const places = all(document, "#tk-lines [data-place]").map((line) => line.dataset.place ?? "");
  if (!places.length) return "";
  return wrap()?.dataset.order === "newest" ? places[places.length - 1] : places[0];
}

/** @returns {Record<string, string>} what the server must know to draw the same part of the page */
function view() {
  return {
    show: wrap()?.dataset.show ?? "all",
    order: wrap()?.dataset.order ?? "oldest",
    since: since(),
    in: page()?.dataset.in ?? "",
  };
}

/** @returns {boolean} whether the reader looks at the end of the timeline */
function atEnd() {
  const box = lines();
  return !box || box.scrollHeight - box.scrollTop - box.clientHeight < 80;
}

function toEnd() {
  const box = lines();
  if (box && wrap()?.dataset.order !== "newest") box.scrollTop = box.scrollHeight;
}

/** How many of the reader's own acts were answered; each answer shows the ticket as it became. */
let acts = 0;

/** Fetch what may have changed and put each part in its place. @param {boolean} [withComposer] */
async function refresh(withComposer = false) {
  const url = page()?.dataset.refresh;
  const head = document.getElementById("tk-head");
  if (!url || !head) return;
  const query = new URLSearchParams(view());
  if (withComposer) query.set("composer", "1");
  const before = acts;
  const response = await get(`${url}?${query}`).catch(() => null);
  if (!response?.ok || response.redirected) return;
  const html = await response.text();
  // What was asked before an act may show the ticket as it was before it.
  if (acts !== before) return void refresh(withComposer);
  const stay = atEnd();
  const htmx = /** @type {any} */ (window).htmx;
  htmx.swap(head, html, { swapStyle: "none" }, { contextElement: page() });
  if (stay) toEnd();
  await lookAtNew();
}

/** Who writes is told what came meanwhile; who only reads has seen it. */
async function lookAtNew() {
  const newest = wrap()?.dataset.newest ?? "0";
  if (Number(newest) <= Number(seen())) return;
  if (isWriting()) await showUnseen(page()?.dataset.unseen ?? "");
  else markSeen(newest);
}

const refreshSoon = later(() => void refresh(), 300);

/** @param {any} event */
function onNews(event) {
  const { kind, ref } = event.detail;
  if (kind === "presence") return void showPresence();
  // Our own act came back with its answer already; a message's way out is news each time.
  if (kind !== "delivery" && ref && Number(ref) <= Number(wrap()?.dataset.newest ?? 0)) return;
  refreshSoon();
}

// ---- Who else is here ----

let typedAt = 0;
let wasWriting = false;

/** @param {Response | null} response */
async function putPresence(response) {
  const place = document.getElementById("tk-presence");
  if (!place || !response?.ok) return;
  const html = await response.text();
  const htmx = /** @type {any} */ (window).htmx;
  htmx.swap(place, html, { swapStyle: "innerHTML" });
}

async function showPresence() {
  await putPresence(await get(page()?.dataset.presence ?? "").catch(() => null));
}

async function stillHere() {
  const url = page()?.dataset.presence;
  if (!url || document.hidden) return;
  wasWriting = Date.now() - typedAt < WRITING_FOR;
  await putPresence(await post(url, { writing: wasWriting ? "1" : "0" }).catch(() => null));
}

function leave() {
  const url = page()?.dataset.leave;
  if (!url) return;
  const body = new FormData();
  body.set("csrf_token", csrf());
  navigator.sendBeacon(url, body);
}

// ---- Reading ----

/** Earlier entries come in above; what was being read stays where it is. */
function holdPlace() {
  // Other parts of the page may be swapped in between: the request tells which swap is meant.
  /** @type {{request: unknown, fromEnd: number} | null} */
  let held = null;
  document.addEventListener("htmx:beforeSwap", (/** @type {any} */ event) => {
    const box = lines();
    if (!box || event.detail.target?.id !== "tk-earlier" || wrap()?.dataset.order === "newest") return;
    held = { request: event.detail.xhr, fromEnd: box.scrollHeight - box.scrollTop };
  });
  document.addEventListener("htmx:afterSettle", (/** @type {any} */ event) => {
    const box = lines();
    if (!box || !held || event.detail.xhr !== held.request) return;
    box.scrollTop = box.scrollHeight - held.fromEnd;
    held = null;
    dropDoubleDays();
    const button = /** @type {HTMLElement | null} */ (box.querySelector("#tk-earlier button"));
    button?.focus({ preventScroll: true });
  });
}

/** A day that goes on from one page to the next has one heading. */
function dropDoubleDays() {
  let last = "";
  for (const day of all(document, "#tk-lines .day")) {
    const name = day.textContent?.trim() ?? "";
    if (name === last) day.remove();
    last = name;
  }
}

/** Show a message with its remote pictures where it stands, in a frame that runs nothing. */
function loadPictures(/** @type {MouseEvent} */ event, /** @type {HTMLAnchorElement} */ link) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const body = link.closest(".bub")?.querySelector(".bub-b");
  if (!body) return;
  event.preventDefault();
  const frame = document.createElement("iframe");
  frame.src = link.href;
  frame.title = link.textContent?.trim() ?? "";
  frame.className = "pictures";
  frame.setAttribute("sandbox", "allow-same-origin allow-popups allow-popups-to-escape-sandbox");
  frame.addEventListener("load", () => {
    const inside = frame.contentDocument?.documentElement;
    if (inside) frame.style.height = `${Math.min(inside.scrollHeight + 8, 4000)}px`;
  });
  body.replaceChildren(frame);
  link.closest(".bub-x")?.remove();
}

/** @param {HTMLElement} button */
function choosePane(button) {
  const place = document.getElementById("tk");
  if (!place) return;
  place.dataset.pane = button.dataset.pane;
  for (const one of all(document, ".tk-panes [data-pane]")) {
    one.setAttribute("aria-pressed", String(one === button));
  }
  if (button.dataset.pane === "talk") toEnd();
}

/** The entry an address names is shown, whatever end the timeline opens at. */
function begin() {
  const named = location.hash.startsWith("#e") ? document.getElementById(location.hash.slice(1)) : null;
  if (named) {
    named.classList.remove("mid");
    named.scrollIntoView({ block: "center" });
  } else {
    toEnd();
  }
}

/** A message to everybody that was taken back stands in its dialog again, once. */
function reopenRecalled() {
  const address = new URL(location.href);
  const entry = address.searchParams.get("recalled");
  if (!entry) return;
  address.searchParams.delete("recalled");
  history.replaceState(history.state, "", address);
  void load("tk-dialog", `${address.pathname}/broadcast?recalled=${encodeURIComponent(entry)}`);
}

if (page()) {
  page()?.addEventListener("live", onNews);
  document.addEventListener("htmx:beforeOnLoad", (/** @type {any} */ event) => {
    if (event.detail.requestConfig?.verb !== "get") acts += 1;
  });
  // What is overdue from now on looks another way, and other words go with it.
  page()?.addEventListener("due", () => refreshSoon());
  document.addEventListener("htmx:configRequest", (/** @type {any} */ event) => {
    const { parameters, verb, path } = event.detail;
    if (verb === "get" || !String(path).startsWith("/tickets/")) return;
    for (const [name, value] of Object.entries(view())) {
      if (!(name in parameters)) parameters[name] = value;
    }
  });
  // The page is brought up to date part by part; fetching all of it would lose what was loaded.
  document.addEventListener("undone", (event) => {
    event.preventDefault();
    void refresh(true);
  });
  document.addEventListener("input", (event) => {
    if (!(event.target instanceof Element) || !event.target.closest("[data-composer]")) return;
    typedAt = Date.now();
    if (!wasWriting) void stillHere();
  });
  on("click", "[data-unfold]", (_event, button) => {
    lines()?.classList.remove("folded");
    button.closest(".tl-fold")?.remove();
  });
  on("click", "[data-pictures]", loadPictures);
  on("click", ".tk-panes [data-pane]", (_event, button) => choosePane(button));
  on("click", "[data-fill]", (_event, button) => {
    const field = document.getElementById(button.dataset.fill);
    if (isField(field)) /** @type {HTMLInputElement} */ (field).value = button.dataset.value;
  });
  on("click", "[data-clear-value]", (_event, button) => {
    const field = button.form?.querySelector("input[name=value]");
    if (field) field.value = "";
  });
  on("click", "[data-clash-done]", (_event, button) => {
    setTimeout(() => button.closest(".strip")?.remove(), 300);
  });
  reopenRecalled();
  holdPlace();
  begin();
  void stillHere();
  setInterval(() => void stillHere(), STILL_HERE);
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) void stillHere();
  });
}
