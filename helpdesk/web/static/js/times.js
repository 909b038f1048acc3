// Times in the reader's zone, kept up to date with the same wording as helpdesk/web/i18n.py.

import { all, say } from "./dom.js";
import { fill, t } from "./words.js";

const EVERY = 30_000;
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** @type {Intl.DateTimeFormat | undefined} */
let format;

/** @returns {Intl.DateTimeFormat} */
function formatter() {
  const options = /** @type {Intl.DateTimeFormatOptions} */ ({
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const timeZone = document.documentElement.dataset.zone || "UTC";
  try {
    return new Intl.DateTimeFormat("en-GB", { ...options, timeZone });
  } catch {
    // A zone that this browser does not know yet.
    return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
  }
}

/**
 * Return a moment's parts in the reader's zone; `number` counts days, to compare them.
 * @param {Date} moment
 */
function local(moment) {
  format ??= formatter();
  /** @type {Record<string, string>} */
  const parts = {};
  for (const { type, value } of format.formatToParts(moment)) parts[type] = value;
  const [year, month, day] = [Number(parts.year), Number(parts.month), Number(parts.day)];
  const number = Date.UTC(year, month - 1, day) / 1000 / DAY;
  return { year, month, day, number, clock: `${parts.hour}:${parts.minute}` };
}

/** @param {number} number days since 1970-01-01, which was a Thursday */
function weekday(number) {
  return t(`day.${DAYS[(number + 4) % 7]}`);
}

/** @param {ReturnType<typeof local>} here */
function shortDate(here) {
  const values = { day: here.day, month: t(`month.${MONTHS[here.month - 1]}`), year: here.year };
  return here.year === local(new Date()).year ? t("date.day", values) : t("date.year", values);
}

/**
 * Return a length of time as people say it: `24m`, `1h 46m`, `2d 3h`.
 * @param {number} seconds
 * @returns {string}
 */
export function duration(seconds) {
  const minutes = Math.floor(Math.abs(seconds) / MINUTE);
  if (minutes < 60) return t("time.m", { m: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) {
    const rest = minutes % 60;
    return rest ? t("time.hm", { h: hours, m: rest }) : t("time.h", { h: hours });
  }
  const days = Math.floor(hours / 24);
  const rest = hours % 24;
  return rest && days < 7 ? t("time.dh", { d: days, h: rest }) : t("time.d", { d: days });
}

/**
 * Return a short word for how long ago: minutes and hours, then the weekday, then the date.
 * @param {Date} moment
 * @returns {string}
 */
export function ago(moment) {
  const seconds = (Date.now() - moment.getTime()) / 1000;
  if (seconds < MINUTE) return t("time.now");
  if (seconds < HOUR) return t("time.m", { m: Math.floor(seconds / MINUTE) });
  if (seconds < DAY) return t("time.h", { h: Math.floor(seconds / HOUR) });
  const here = local(moment);
  return seconds < 6 * DAY ? weekday(here.number) : shortDate(here);
}

/**
 * Return the time of day, 24 hours: `09:12`.
 * @param {Date} moment
 * @returns {string}
 */
export function clockTime(moment) {
  return local(moment).clock;
}

/**
 * Return the day a moment falls on: `Today`, `Yesterday`, `Tue 17 Jun`.
 * @param {Date} moment
 * @returns {string}
 */
export function day(moment) {
  const here = local(moment);
  const today = local(new Date()).number;
  if (here.number === today) return t("day.today");
  if (here.number === today - 1) return t("day.yesterday");
  return t("date.weekday", { weekday: weekday(here.number), date: shortDate(here) });
}

/**
 * Return day and time: `Today 09:12`.
 * @param {Date} value
 * @returns {string}
 */
export function moment(value) {
  return t("date.time", { day: day(value), time: clockTime(value) });
}

const STYLES = /** @type {Record<string, (moment: Date) => string>} */ ({
  ago,
  day,
  moment,
  clock: clockTime,
});

/** Write a text only where it changed, so that nothing is selected away or drawn anew.
 * @param {Element} element @param {string} text */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {string | null | undefined} stamp @returns {Date | null} */
function parse(stamp) {
  const moment = new Date(stamp ?? "");
  return Number.isNaN(moment.getTime()) ? null : moment;
}

/** @param {ParentNode} root */
export function scan(root) {
  for (const element of all(root, "time[data-time]")) {
    const moment = parse(element.getAttribute("datetime"));
    const style = STYLES[element.dataset.time];
    if (moment && style) write(element, style(moment));
  }
  for (const element of all(root, "[data-since], [data-until]")) {
    const moment = parse(element.dataset.since ?? element.dataset.until);
    if (!moment) continue;
    const left = (moment.getTime() - Date.now()) / 1000;
    const words = element.dataset.words ?? "%(time)s";
    write(element, fill(words, { time: duration(left) }));
    if (element.dataset.until) element.classList.toggle("past", left < 0);
  }
  for (const chip of all(root, "[data-due]")) tick(chip);
  tellPassed();
}

const NEAR = 45 * MINUTE;
const NOT_NEAR = 2 * HOUR;
const AROUND = 28.9;
/** How soon lists call soon, as in `tickets/queries/groups.py`. */
const SOON = 2 * HOUR;

/** @typedef {"over" | "soon" | "later"} Stage */

/** What each chip was when it was last looked at, and of which moment. @type {WeakMap<Element, string>} */
const stages = new WeakMap();
/** Chips that have come to another stage since they were drawn. @type {Map<HTMLElement, Stage>} */
const passed = new Map();

/** @param {number} left seconds @returns {Stage} */
function stageOf(left) {
  if (left <= 0) return "over";
  return left <= SOON ? "soon" : "later";
}

/** Let a chip say how much time is left; its colours are those of `web/due.py`.
 * @param {HTMLElement} chip */
function tick(chip) {
  const due = parse(chip.dataset.due);
  const since = parse(chip.dataset.dueSince);
  if (!due || !since) return;
  const left = (due.getTime() - Date.now()) / 1000;
  const whole = (due.getTime() - since.getTime()) / 1000;
  const over = left <= 0;
  chip.classList.toggle("over", over);
  chip.classList.toggle("warn", !over && left <= Math.max(NEAR, Math.min(NOT_NEAR, whole / 5)));
  const said = chip.querySelector("[data-due-left]");
  if (said) write(said, (over ? "−" : "") + duration(left));
  const share = whole > 0 ? Math.max(0, Math.min(1, left / whole)) : 0;
  chip.querySelector(".val")?.setAttribute("stroke-dasharray", `${(share * AROUND).toFixed(1)} ${AROUND}`);
  chip.querySelector("[data-due-bar]")?.setAttribute("value", String(Math.round(100 * (1 - share))));
  const stage = stageOf(left);
  const known = stages.get(chip);
  stages.set(chip, `${chip.dataset.due} ${stage}`);
  if (known?.startsWith(`${chip.dataset.due} `) && !known.endsWith(` ${stage}`)) passed.set(chip, stage);
}

/** @param {HTMLElement} chip @returns {string} the ticket it is about: `#48213` */
function numberOf(chip) {
  const place = /** @type {HTMLElement | null} */ (chip.closest("[data-row], [data-ticket]"));
  const number = place?.dataset.row ?? place?.dataset.ticket;
  return number ? `#${number}` : "";
}

/** Who shows what is due is told, after all chips were drawn, of those that came to another stage. */
function tellPassed() {
  const told = [...passed];
  passed.clear();
  for (const [chip, stage] of told) {
    chip.dispatchEvent(new CustomEvent("due", { bubbles: true, detail: { stage } }));
  }
  const over = told.filter(([, stage]) => stage === "over").map(([chip]) => numberOf(chip));
  const named = [...new Set(over)].filter(Boolean);
  if (named.length) say(t("due.over", { what: named.join(", ") }));
}

/** @returns {number} milliseconds until some chip comes to another stage, at most the usual pause */
function untilNext() {
  let soonest = EVERY;
  for (const chip of all(document, "[data-due]")) {
    const left = (parse(chip.dataset.due)?.getTime() ?? 0) - Date.now();
    for (const ahead of [left, left - SOON * 1000]) {
      if (ahead > 0) soonest = Math.min(soonest, ahead + 50);
    }
  }
  return soonest;
}

function goOn() {
  setTimeout(() => {
    if (!document.hidden) scan(document);
    goOn();
  }, untilNext());
}

export function start() {
  goOn();
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) scan(document);
  });
}
