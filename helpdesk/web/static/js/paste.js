// Files: pasted, dropped or chosen, sent one by one with their progress shown.

import { all, icon, idOf, make, on, say } from "./dom.js";
import { csrf } from "./net.js";
import { keep, touched } from "./typed.js";
import { t } from "./words.js";

/** @typedef {{id: string | number, name: string, size: number, type: string, url?: string,
 *   markdown?: string}} Uploaded */

/** @param {number} size bytes @returns {string} */
function sizeOf(size) {
  if (size < 1024 * 1024) return t("file.kb", { n: Math.max(1, Math.round(size / 1024)) });
  return t("file.mb", { n: (size / 1024 / 1024).toFixed(1) });
}

/** @param {HTMLElement} place @returns {HTMLElement} */
function shelf(place) {
  const known = /** @type {HTMLElement | null} */ (place.querySelector("[data-upload-list]"));
  if (known) return known;
  const list = make("ul", { class: "uploads", "data-upload-list": true, "aria-label": t("files") });
  keep(list);
  place.append(list);
  return list;
}

/** @param {HTMLElement} place @param {string} type @param {object} detail */
function tell(place, type, detail) {
  place.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
}

/**
 * Put text where the cursor is, as if it were typed, so that Ctrl Z takes it back.
 * @param {HTMLTextAreaElement} area
 * @param {string} text
 */
export function insert(area, text) {
  const focused = document.activeElement;
  area.focus();
  // Nothing newer keeps the field's own undo.
  if (!document.execCommand("insertText", false, text)) {
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
  touched(area);
  if (focused instanceof HTMLElement && focused !== area) focused.focus();
}

/**
 * Put a picture or a file where the cursor is: as a paragraph where a line with words would begin
 * with it, else into the line.
 * @param {HTMLTextAreaElement} area
 * @param {string} text
 */
export function put(area, text) {
  const before = area.value.slice(0, area.selectionStart);
  const after = area.value.slice(area.selectionEnd);
  const leads = /(^|\n)$/.test(before) && /^[^\n]/.test(after);
  insert(area, leads ? `${text}\n\n` : text);
}

/** @param {HTMLElement} place @param {File} file @param {HTMLElement} chip */
function transfer(place, file, chip) {
  const state = /** @type {HTMLElement} */ (chip.querySelector("[data-upload-state]"));
  const limit = Number(place.dataset.uploadMax ?? 0);
  if (limit && file.size > limit) {
    return fail(place, file, chip, t("file.large", { limit: sizeOf(limit) }), false);
  }
  const request = new XMLHttpRequest();
  const body = new FormData();
  body.append("file", file, file.name || "image.png");
  request.open("POST", place.dataset.upload ?? "");
  request.setRequestHeader("X-CSRFToken", csrf());
  request.setRequestHeader("Accept", "application/json");
  request.upload.onprogress = (event) => {
    if (!event.lengthComputable) return;
    const percent = Math.round((event.loaded / event.total) * 100);
    state.textContent = t("file.sending", { percent });
  };
  request.onload = () => {
    /** @type {any} */
    let answer = {};
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      // Not our words: ours are used below.
    }
    if (request.status >= 400 || answer.id === undefined) {
      fail(place, file, chip, answer.error ?? t("file.refused"), request.status >= 500);
    } else {
      arrived(place, file, chip, answer);
    }
  };
  request.onerror = () => fail(place, file, chip, t("file.unreachable"), true);
  chip.querySelector("[data-upload-remove]")?.addEventListener("click", () => request.abort());
  request.send(body);
}

/** @param {HTMLElement} place @param {File} file @param {HTMLElement} chip @param {Uploaded} answer */
function arrived(place, file, chip, answer) {
  const state = /** @type {HTMLElement} */ (chip.querySelector("[data-upload-state]"));
  state.textContent = sizeOf(answer.size ?? file.size);
  chip.removeAttribute("aria-busy");
  chip.append(
    make("input", { type: "hidden", name: place.dataset.uploadName ?? "attachment", value: answer.id }),
  );
  const image = (answer.type ?? file.type).startsWith("image/");
  const area = place.querySelector("textarea");
  if (place.dataset.uploadInline !== undefined && image && area && (answer.markdown || answer.url)) {
    const name = answer.name.replace(/[[\]]/g, "");
    put(area, answer.markdown ?? `![${name}](${answer.url})`);
  }
  tell(place, "upload:done", { ...answer, chip });
  say(t("file.done", { name: answer.name ?? file.name }));
}

/** @param {HTMLElement} place @param {File} file @param {HTMLElement} chip @param {string} why @param {boolean} again */
function fail(place, file, chip, why, again) {
  const state = /** @type {HTMLElement} */ (chip.querySelector("[data-upload-state]"));
  chip.classList.add("failed");
  chip.removeAttribute("aria-busy");
  state.textContent = why;
  if (again) {
    const button = make("button", { type: "button", class: "btn sm" }, t("try-again"));
    button.addEventListener("click", () => {
      chip.replaceWith(send(place, file));
    });
    state.after(button);
  }
  tell(place, "upload:failed", { name: file.name, error: why });
  say(`${file.name}: ${why}`);
}

/** @param {HTMLElement} place @param {File} file @returns {HTMLElement} the file's chip */
function send(place, file) {
  const name = file.name || t("file.image");
  const remove = make(
    "button",
    { type: "button", class: "btn icon sm ghost", "data-upload-remove": true, "aria-label": t("remove", { label: name }) },
    icon("x", "s12"),
  );
  const chip = make(
    "li",
    { class: "upload", "aria-busy": "true" },
    icon(file.type.startsWith("image/") ? "image" : "paperclip", "s14"),
    make("span", { class: "clip" }, name),
    make("span", { class: "muted num", "data-upload-state": true }, t("file.sending", { percent: 0 })),
    remove,
  );
  idOf(chip, "upload");
  keep(chip);
  remove.addEventListener("click", () => {
    const id = chip.querySelector("input")?.value;
    chip.remove();
    tell(place, "upload:removed", { id });
  });
  transfer(place, file, chip);
  return chip;
}

/** @param {HTMLElement} place @param {Iterable<File>} files */
function sendAll(place, files) {
  const list = shelf(place);
  for (const file of files) list.append(send(place, file));
}

/** @param {ClipboardEvent} event @param {HTMLElement} place */
function onPaste(event, place) {
  const data = event.clipboardData;
  // Cells from a spreadsheet come as text and as a picture of it: the text is meant.
  if (!data?.files.length || data.types.includes("text/plain")) return;
  event.preventDefault();
  sendAll(place, data.files);
}

/** @param {DragEvent} event */
function carriesFiles(event) {
  return Boolean(event.dataTransfer?.types.includes("Files"));
}

export function start() {
  on("paste", "[data-upload]", onPaste);
  on("dragover", "[data-upload]", (event, place) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    place.classList.add("dropping");
  });
  on("dragleave", "[data-upload]", (event, place) => {
    if (!place.contains(event.relatedTarget)) place.classList.remove("dropping");
  });
  on("drop", "[data-upload]", (event, place) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    place.classList.remove("dropping");
    sendAll(place, event.dataTransfer.files);
  });
  // A file dropped beside the composer must not replace the page.
  for (const type of ["dragover", "drop"]) {
    document.addEventListener(type, (event) => {
      if (!event.defaultPrevented && carriesFiles(/** @type {DragEvent} */ (event))) event.preventDefault();
    });
  }
  on("change", "[data-upload] input[type=file][data-upload-input]", (_event, input) => {
    sendAll(input.closest("[data-upload]"), [...input.files]);
    input.value = "";
  });
  on("click", "[data-upload-list] [data-upload-remove]", (_event, button) => {
    // Chips that the server drew, for files of a draft.
    const chip = button.closest("li");
    const place = button.closest("[data-upload]");
    if (!chip?.isConnected || !place) return;
    const id = chip.querySelector("input[type=hidden]")?.value;
    chip.remove();
    tell(place, "upload:removed", { id });
  });
}

/** A form is not sent while its files are on their way. @param {ParentNode} root */
export function scan(root) {
  for (const place of all(root, "[data-upload]")) {
    if (place.dataset.uploadReady) continue;
    place.dataset.uploadReady = "yes";
    place.addEventListener(
      "submit",
      (/** @type {SubmitEvent} */ event) => {
        if (!place.querySelector(".upload[aria-busy]")) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        say(t("file.wait"));
        const submitter = /** @type {HTMLElement | null} */ (event.submitter);
        const form = /** @type {HTMLFormElement} */ (event.target);
        place.addEventListener("upload:done", () => form.requestSubmit(submitter), { once: true });
      },
      true,
    );
  }
}
