// Fetching part of a page again and morphing it in: what is typed, focused and open stays.

import { get } from "./net.js";

/**
 * Morph an element into what the server says now.
 * @param {Element} element
 * @param {string} html a fragment, or a page that has an element of the same id
 */
export function morph(element, html) {
  const htmx = /** @type {any} */ (window).htmx;
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const same = element.id ? parsed.getElementById(element.id) : null;
  const fragment = same?.outerHTML ?? html;
  htmx.swap(element, fragment, { swapStyle: "morph:outerHTML", ignoreTitle: true }, { contextElement: element });
}

/**
 * Fetch an element again.
 * @param {Element} element
 * @param {string} [url] without it the page's own address
 * @returns {Promise<boolean>} whether there was something to show
 */
export async function refresh(element, url = location.href) {
  const response = await get(url);
  if (!response.ok || response.redirected) return false;
  const html = await response.text();
  if (!element.isConnected) return false;
  morph(element, html);
  return true;
}

/** Fetch the page's main part again; the whole page when that can't be done. */
export async function refreshPage() {
  const main = document.getElementById("main");
  // The page is asked for as a whole, although htmx fragments may have the same address.
  const response = await fetch(location.href, { credentials: "same-origin" });
  if (!main || !response.ok || response.redirected) {
    location.reload();
    return;
  }
  const html = await response.text();
  // A dialog that somebody fills in stands in the main part: what is in it must stay.
  const dialog = document.querySelector("dialog:modal");
  if (dialog) {
    dialog.addEventListener("close", () => void refreshPage(), { once: true });
    return;
  }
  if (new DOMParser().parseFromString(html, "text/html").getElementById("main")) morph(main, html);
  else location.reload();
}
