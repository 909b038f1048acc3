// Macros: a text that is not sent at once is put where it is typed, as if it had been typed there.

import { insert } from "./paste.js";

/** @param {{kind: string, text: string}} what */
function put(what) {
  const tab = document.getElementById(`tk-tab-${what.kind}`);
  tab?.click();
  const area = document.getElementById(`tk-${what.kind}-body`);
  if (!(area instanceof HTMLTextAreaElement)) return;
  /** @type {HTMLElement | null} */ (
    document.querySelector(`[data-composer-open="${what.kind}"]`)
  )?.click();
  area.setSelectionRange(area.value.length, area.value.length);
  insert(area, area.value.trim() ? `\n\n${what.text}` : what.text);
  area.focus();
}

export function start() {
  document.addEventListener("macro-text", (/** @type {any} */ event) => {
    // The dialog gives focus back when it closes; the text is written after that.
    setTimeout(() => put(event.detail), 0);
  });
}
