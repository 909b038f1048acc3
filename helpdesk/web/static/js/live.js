// Live updates: one stream a tab for all topics on the page, a slow poll where it is refused.

import { all, on, say } from "./dom.js";
import { refresh } from "./refresh.js";
import { t } from "./words.js";

const POLL_EVERY = 10_000;
/** Streams end now and then and begin anew at once: only a longer gap is shown. */
const PATIENCE = 6000;
/** After this long of polling the stream is tried again. */
const STREAM_AGAIN = 60_000;
/** A tab that is hidden for longer gives its connection back. */
const REST_AFTER = 20_000;
/** The server keeps events for half an hour; who was away longer looks again at everything. */
const KEPT = 25 * 60_000;
/** At most one refresh of an element in this time. */
const REFRESH_EVERY = 500;
/** The server remembers what it counts for two seconds, so what it says may be older than the news. */
const REMEMBERED = 2300;
const PAUSED = "hearth:live-paused";

/** @typedef {{id: number, topic: string, kind: string, ref: string}} News */

/** What a stream listens to beyond what is shown: going back to a row needs no new stream. */
const MOST_TOPICS = 40;
/** So long a page may go on changing before a running stream is exchanged for another. */
const SETTLE = 800;

/** @type {EventSource | null} */
let stream = null;
/** @type {string[]} */
let topics = [];
let last = document.body?.dataset.liveAfter ?? "";
let heardAt = Date.now();
let pollTimer = 0;
let restTimer = 0;
let gapTimer = 0;
let paused = sessionStorage.getItem(PAUSED) === "yes";
/** Ids of late: after a reconnection some come twice. @type {number[]} */
let recent = [];

/** @param {HTMLElement} element @returns {string[]} */
function topicsOf(element) {
  return (element.dataset.live ?? "").split(/[\s,]+/).filter(Boolean);
}

/** @param {"live" | "reconnecting" | "offline" | "paused" | "off"} state */
function show(state) {
  for (const element of all(document, "[data-live-state]")) {
    if (element.dataset.state === state) continue;
    // Only a loss is worth saying aloud.
    if (state === "offline" && element.dataset.state) say(t("live.offline"));
    element.dataset.state = state;
    element.hidden = state === "off";
    element.textContent = state === "off" ? "" : t(`live.${state}`);
  }
  for (const button of all(document, "[data-live-pause]")) {
    button.setAttribute("aria-pressed", String(paused));
  }
}

/** @param {News} news */
function deliver(news) {
  if (recent.includes(news.id)) return;
  recent = [...recent, news.id].slice(-200);
  for (const element of all(document, "[data-live]")) {
    if (topicsOf(element).includes(news.topic)) tell(element, news);
  }
}

/** @param {HTMLElement} element @param {Omit<News, "id">} news */
function tell(element, news) {
  const detail = { topic: news.topic, kind: news.kind, ref: news.ref };
  element.dispatchEvent(new CustomEvent(`live:${news.topic}`, { detail }));
  element.dispatchEvent(new CustomEvent("live", { detail }));
  const kinds = element.dataset.liveKinds?.split(/\s+/);
  const wanted = !kinds || kinds.includes(news.kind) || news.kind === "resync";
  if (!wanted || element.dataset.liveRefresh === undefined) return;
  refreshSoon(element);
  if (element.dataset.liveCounts !== undefined) refreshLater(element);
}

/** What waits to be fetched again. @type {WeakSet<Element>} */
const due = new WeakSet();

/** @param {HTMLElement} element */
function refreshSoon(element) {
  if (due.has(element)) return;
  due.add(element);
  setTimeout(() => {
    due.delete(element);
    if (!element.isConnected) return;
    // A failure is not worth a word here: the state beside "Live" says it already.
    refresh(element, element.dataset.liveRefresh || location.href).catch(() => undefined);
  }, REFRESH_EVERY);
}

/** When what is counted will have been counted anew. @type {WeakMap<Element, number>} */
const settling = new WeakMap();

/**
 * Numbers that were remembered a moment before the news are looked at once more when all is quiet.
 * @param {HTMLElement} element
 */
function refreshLater(element) {
  clearTimeout(settling.get(element));
  settling.set(element, window.setTimeout(() => refreshSoon(element), REMEMBERED));
}

/** Whoever was away for too long can't know what was missed. */
function lookAgain() {
  for (const element of all(document, "[data-live]")) {
    for (const topic of topicsOf(element)) tell(element, { topic, kind: "resync", ref: "" });
  }
}

/** @param {string} path */
function address(path) {
  const query = new URLSearchParams({ topics: topics.join(",") });
  if (last) query.set("after", last);
  return `${path}?${query}`;
}

function disconnect() {
  stream?.close();
  stream = null;
  clearTimeout(pollTimer);
  clearTimeout(gapTimer);
}

function connect() {
  disconnect();
  if (!topics.length) return show("off");
  if (paused) return show("paused");
  if (Date.now() - heardAt > KEPT) {
    last = "";
    lookAgain();
  }
  const source = new EventSource(address("/live"));
  stream = source;
  source.onopen = () => {
    heardAt = Date.now();
    clearTimeout(gapTimer);
    show("live");
  };
  source.onmessage = (event) => {
    last = event.lastEventId || last;
    heardAt = Date.now();
    deliver(JSON.parse(event.data));
  };
  source.onerror = () => {
    if (stream !== source) return;
    if (source.readyState === EventSource.CLOSED) {
      // The server answered, but not with a stream: it has too many of them, or we are signed out.
      stream = null;
      void poll(Date.now() + STREAM_AGAIN);
    } else {
      clearTimeout(gapTimer);
      gapTimer = window.setTimeout(() => stream === source && show(state()), navigator.onLine ? PATIENCE : 0);
    }
  };
}

/** @param {number} until when to try the stream again */
async function poll(until) {
  clearTimeout(pollTimer);
  if (paused || !topics.length || document.hidden) return;
  if (Date.now() > until) return connect();
  try {
    const response = await fetch(address("/live/poll"), { credentials: "same-origin" });
    if (!response.ok || response.redirected) throw new Error(String(response.status));
    const { events, after } = await response.json();
    const newest = after ?? events.at(-1)?.id;
    if (newest !== undefined) last = String(newest);
    heardAt = Date.now();
    events.forEach(deliver);
    show("live");
  } catch {
    show(navigator.onLine ? "reconnecting" : "offline");
  }
  pollTimer = window.setTimeout(() => void poll(until), POLL_EVERY);
}

function gather() {
  const wanted = [...new Set(all(document, "[data-live]").flatMap(topicsOf))];
  if (wanted.some((topic) => !topics.includes(topic))) {
    topics = [...wanted, ...topics.filter((topic) => !wanted.includes(topic))].slice(0, MOST_TOPICS);
    connect();
  } else {
    show(state());
  }
}

/** @returns {"live" | "reconnecting" | "offline" | "paused" | "off"} */
function state() {
  if (!topics.length) return "off";
  if (paused) return "paused";
  if (!navigator.onLine) return "offline";
  return stream && stream.readyState !== EventSource.OPEN ? "reconnecting" : "live";
}

function onVisibility() {
  clearTimeout(restTimer);
  if (document.hidden) restTimer = window.setTimeout(disconnect, REST_AFTER);
  else if (!stream) connect();
}

export function start() {
  on("click", "[data-live-pause]", () => {
    paused = !paused;
    sessionStorage.setItem(PAUSED, paused ? "yes" : "no");
    connect();
    // What happened meanwhile is shown at once.
    if (!paused && !last) lookAgain();
  });
  document.addEventListener("visibilitychange", onVisibility);
  addEventListener("online", connect);
  addEventListener("offline", () => topics.length && show("offline"));
  // A page in the browser's back-forward memory must not hold a connection.
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", (event) => event.persisted && connect());
}

let gathering = 0;

/** Topics of the whole page matter, so what is new only says that it is time to look. */
export function scan() {
  clearTimeout(gathering);
  gathering = window.setTimeout(gather, stream ? SETTLE : 50);
}
