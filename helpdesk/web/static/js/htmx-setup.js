// How htmx behaves here: safe settings, errors that say what is safe, changes that wait offline.

import { all } from "./dom.js";
import { csrf } from "./net.js";
import { clear, strip } from "./strips.js";
import { clockTime } from "./times.js";
import { t } from "./words.js";

/** Changes made while offline, oldest first. @type {{element: HTMLElement, event?: Event}[]} */
let waiting = [];
let offlineSince = "";

function configure() {
  const htmx = /** @type {any} */ (window).htmx;
  Object.assign(htmx.config, {
    allowEval: false,
    allowScriptTags: false,
    // Copying "style" from old elements to new ones would be an inline style to the browser.
    attributesToSettle: ["class", "width", "height"],
    // At once: focus that an answer asks for must not come after the reader's next step.
    defaultSettleDelay: 0,
    selfRequestsOnly: true,
    includeIndicatorStyles: false,
    historyCacheSize: 0,
    refreshOnHistoryMiss: true,
    scrollIntoViewOnBoost: false,
    timeout: 60_000,
    responseHandling: [
      { code: "204", swap: false },
      { code: "[23]..", swap: true },
      { code: "409|422", swap: true, error: true },
      { code: "[45]..", swap: false, error: true },
    ],
  });
  document.body.setAttribute("hx-ext", document.body.getAttribute("hx-ext") ?? "morph");
}

/** @param {any} event */
function addToken(event) {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = csrf();
}

/** @param {any} event */
function beforeSwap(event) {
  const { xhr } = event.detail;
  if (xhr.status < 400) return;
  if (xhr.getResponseHeader("HX-Retarget")) {
    event.detail.shouldSwap = true;
    // What the form takes out of an answer is not in this one: all of it is meant.
    event.detail.selectOverride = "unset";
    // One strip for a failure, however often it is repeated.
    for (const old of all(document, "#strips > .strip.danger:not([data-strip])")) old.remove();
  } else if (xhr.status !== 409 && xhr.status !== 422) {
    failed(event.detail);
  }
}

/** @param {any} detail */
function failed(detail) {
  if (inBackground(detail)) return;
  strip({
    name: "failed",
    tone: "danger",
    picture: "circle-alert",
    title: t("failed.title"),
    text: t("failed.unchanged"),
    actions: [{ label: t("try-again"), run: () => again(detail.elt, detail.requestConfig) }],
  });
}

/** @param {HTMLElement} element @param {any} config the request's, from htmx */
function again(element, config) {
  if (!element.isConnected) return;
  const event = config?.triggeringEvent;
  if (element instanceof HTMLFormElement && event?.type === "submit") {
    const submitter = event.submitter;
    element.requestSubmit(submitter?.isConnected ? submitter : undefined);
  } else if (config?.verb === "get") {
    // Also for what was fetched without anybody pressing anything.
    const { path, target } = config;
    void (/** @type {any} */ (window).htmx.ajax("GET", path, { source: element, target }));
  } else {
    /** @type {any} */ (window).htmx.trigger(element, event?.type ?? "click");
  }
}

/** What the page asks for by itself, again and again, is not worth a word when it fails once.
 * @param {any} detail */
function inBackground({ elt, requestConfig }) {
  const event = requestConfig?.triggeringEvent;
  return /^live/.test(event?.type ?? "") || (!event && /every/.test(elt?.getAttribute?.("hx-trigger") ?? ""));
}

function showOffline() {
  const text = waiting.length
    ? t("offline.waiting", { n: waiting.length })
    : t("offline.write");
  strip({
    name: "offline",
    tone: "pause",
    picture: "wifi-off",
    title: t("offline.since", { time: offlineSince }),
    text,
  });
}

function wentOffline() {
  offlineSince ||= clockTime(new Date());
  showOffline();
}

function cameBack() {
  offlineSince = "";
  clear("offline");
  clear("unreachable");
  const ready = waiting;
  waiting = [];
  for (const { element, event } of ready) again(element, { triggeringEvent: event });
}

/** No answer came. @param {any} event */
function noAnswer(event) {
  const { elt, requestConfig } = event.detail;
  if (!navigator.onLine) {
    // It never left the machine, so sending it later can't do anything twice.
    if (requestConfig?.verb !== "get") {
      waiting = waiting.filter(({ element }) => element !== elt);
      waiting.push({ element: elt, event: requestConfig.triggeringEvent });
    }
    wentOffline();
    return;
  }
  if (inBackground(event.detail)) return;
  strip({
    name: "unreachable",
    tone: "danger",
    picture: "wifi-off",
    title: t("unreachable.title"),
    text: t("unreachable.text"),
    actions: [{ label: t("try-again"), run: () => again(elt, requestConfig) }],
  });
}

/** Lead to what has to be put right. @param {any} event */
function afterSettle(event) {
  const { xhr, elt } = event.detail;
  if (xhr?.status !== 422) return;
  const near = elt?.isConnected ? elt : document;
  (near.querySelector('[aria-invalid="true"]') ?? document.querySelector('[aria-invalid="true"]'))?.focus();
}

export function start() {
  configure();
  document.addEventListener("htmx:configRequest", addToken);
  document.addEventListener("htmx:beforeSwap", beforeSwap);
  document.addEventListener("htmx:afterSettle", afterSettle);
  document.addEventListener("htmx:sendError", noAnswer);
  document.addEventListener("htmx:timeout", noAnswer);
  document.addEventListener("htmx:afterOnLoad", () => {
    clear("unreachable");
    if (offlineSince && navigator.onLine) cameBack();
  });
  addEventListener("offline", wentOffline);
  addEventListener("online", cameBack);
  if (!navigator.onLine) wentOffline();
}
