// Suggestions from the server as a listbox: asked for, drawn, moved through.

import { all, idOf, icon, make, say } from "./dom.js";
import { ask } from "./net.js";
import { float, placeAt, sink } from "./place.js";
import { t } from "./words.js";

/** @typedef {{value?: string | number, label: string, hint?: string, icon?: string,
 *   url?: string, disabled?: boolean}} Choice */

/** @param {Choice} choice @returns {HTMLElement} */
function draw({ value = "", label, hint, icon: picture, url, disabled }) {
  return make(
    "li",
    {
      role: "option",
      "data-value": value,
      "data-label": label,
      "data-href": url,
      "aria-disabled": disabled ? "true" : null,
    },
    picture && icon(picture),
    make("span", { class: "clip" }, label),
    hint && make("span", { class: "muted end clip" }, hint),
  );
}

/**
 * Ask the server what fits. It answers JSON or ready-made `<li>` elements.
 * @param {string} url
 * @param {Record<string, string>} query
 * @param {AbortSignal} signal
 * @returns {Promise<HTMLElement[]>}
 */
export async function suggestions(url, query, signal) {
  const address = new URL(url, location.href);
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  const response = await ask(String(address), signal);
  if (!response.ok || response.redirected) throw new Error(String(response.status));
  if ((response.headers.get("Content-Type") ?? "").includes("json")) {
    const answer = await response.json();
    return (Array.isArray(answer) ? answer : answer.items ?? []).map(draw);
  }
  const parsed = new DOMParser().parseFromString(`<ul>${await response.text()}</ul>`, "text/html");
  return /** @type {HTMLElement[]} */ ([...(parsed.querySelector("ul")?.children ?? [])]);
}

/** @param {Element} option @returns {string} */
export function labelOf(option) {
  return option.getAttribute("data-label") ?? (option.textContent ?? "").trim().replace(/\s+/g, " ");
}

/**
 * Make a listbox that belongs to a field: focus stays in the field, which names the active option.
 * @param {HTMLElement} field
 * @param {HTMLElement} list
 * @param {(option: HTMLElement) => void} choose
 * @param {() => {left: number, right: number, top: number, bottom: number}} where what it stands under
 * @param {number} [width] pixels; else as wide as what it stands under
 */
export function listbox(field, list, choose, where, width) {
  list.setAttribute("role", "listbox");
  if (!list.hasAttribute("aria-label")) {
    list.setAttribute("aria-label", field.getAttribute("aria-label") ?? t("suggestions"));
  }
  list.hidden = true;
  /** @type {HTMLElement | null} */
  let active = null;

  /** @returns {HTMLElement[]} */
  const options = () => all(list, "[role=option]:not([aria-disabled=true])");

  /** @param {HTMLElement | null} option */
  const activate = (option) => {
    active?.setAttribute("aria-selected", "false");
    active = option;
    if (option) {
      option.setAttribute("aria-selected", "true");
      field.setAttribute("aria-activedescendant", idOf(option, "option"));
      option.scrollIntoView({ block: "nearest" });
    } else {
      field.removeAttribute("aria-activedescendant");
    }
  };

  const place = () => {
    const at = where();
    placeAt(list, at, { width: width ?? at.right - at.left });
  };

  const hide = () => {
    activate(null);
    sink(list);
    removeEventListener("resize", place);
    document.removeEventListener("scroll", follow, true);
    if (field.getAttribute("role") === "combobox") field.setAttribute("aria-expanded", "false");
  };

  /** @param {Event} event */
  const follow = (event) => {
    if (!list.contains(/** @type {Node} */ (event.target))) place();
  };

  /** @param {HTMLElement[]} items @param {boolean} first whether the first one is active at once */
  const show = (items, first) => {
    activate(null);
    if (!items.length) items = [make("li", { class: "g", role: "presentation" }, t("suggestions.none"))];
    list.replaceChildren(...items);
    for (const option of options()) option.setAttribute("aria-selected", "false");
    float(list);
    place();
    addEventListener("resize", place);
    document.addEventListener("scroll", follow, true);
    if (field.getAttribute("role") === "combobox") field.setAttribute("aria-expanded", "true");
    const found = options();
    if (first && found[0]) activate(found[0]);
    say(found.length ? t("suggestions.found", { n: found.length }) : t("suggestions.none"));
  };

  /** @param {number} step */
  const move = (step) => {
    const found = options();
    if (!found.length) return;
    const at = active ? found.indexOf(active) : step > 0 ? -1 : 0;
    activate(found[(at + step + found.length) % found.length]);
  };

  // Pressing must not take the focus from the field.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target instanceof Element && event.target.closest("[role=option]");
    if (option && option.getAttribute("aria-disabled") !== "true") choose(/** @type {HTMLElement} */ (option));
  });

  return { show, hide, move, active: () => active, isOpen: () => !list.hidden };
}
