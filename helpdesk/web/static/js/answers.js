// Answer templates: what is chosen in the finder is filled in by the server and put at the cursor.
// Articles have a finder of their own beside it; macros.js puts in what the server answers.

import { on } from "./dom.js";
import { complaint, post } from "./net.js";
import { insert } from "./paste.js";
import { toast } from "./toast.js";
import { t } from "./words.js";

/** @param {HTMLInputElement} input */
function areaOf(input) {
  return input.closest("[role=tabpanel]")?.querySelector("textarea") ?? null;
}

/** Close the finder and go back to the text. @param {HTMLInputElement} input */
function leave(input) {
  const row = input.closest("[id]:not(input)");
  if (row?.hasAttribute("hidden") === false) {
    /** @type {HTMLElement | null} */ (document.querySelector(`[data-toggle="${row.id}"]`))?.click();
  }
  areaOf(input)?.focus();
}

/** @param {HTMLInputElement} input @param {string} key */
async function use(input, key) {
  const area = areaOf(input);
  const url = (input.dataset.answers ?? "").replace(/0$/, key);
  input.value = "";
  if (!area) return;
  try {
    const response = await post(url);
    if (!response.ok) return toast({ text: await complaint(response, t("failed.title")) });
    insert(area, (await response.json()).text.trimEnd());
    leave(input);
  } catch {
    toast({ text: t("failed.title") });
  }
}

export function start() {
  // Modules listen in turn: by now the button has shown or hidden the finder.
  for (const id of ["tk-answers", "kb-finder"]) {
    on("click", `[data-toggle=${id}]`, () => document.getElementById(`${id}-find`)?.focus());
  }
  document.addEventListener("macro-text", () => {
    const input = /** @type {HTMLInputElement | null} */ (document.getElementById("kb-finder-find"));
    if (!input || input.form?.hidden) return;
    input.value = "";
    leave(input);
  });
  on("combobox:choose", "input[data-answers]", (/** @type {any} */ event, input) => {
    void use(/** @type {HTMLInputElement} */ (input), event.detail.value);
  });
  on("keydown", "input[data-answers], input[data-inserts]", (/** @type {any} */ event, input) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    event.stopPropagation();
    leave(/** @type {HTMLInputElement} */ (input));
  });
}
