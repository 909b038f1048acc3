// The form for calls: the timer, people made on the spot, files taken off.

import { clock } from "./composer.js";
import { on } from "./dom.js";
import { post } from "./net.js";

const form = /** @type {HTMLFormElement | null} */ (document.getElementById("log-form"));

/** @param {string} name @returns {HTMLInputElement | null} */
function hidden(name) {
  return form?.querySelector(`input[type=hidden][name="${name}"]`) ?? null;
}

// ---- The timer: it runs while somebody talks, and goes on where a draft left off ----

let startedAt = Date.now() - Number(hidden("seconds")?.value || 0) * 1000;
let running = true;

function tick() {
  const field = hidden("seconds");
  if (!field) return;
  if (running) field.value = String(Math.round((Date.now() - startedAt) / 1000));
  for (const shown of document.querySelectorAll(".stage-h [data-timer]")) {
    shown.textContent = clock(Number(field.value || 0));
  }
}

on("click", ".stage-h [data-timer-toggle]", (_event, button) => {
  running = !running;
  if (running) startedAt = Date.now() - Number(hidden("seconds")?.value || 0) * 1000;
  button.setAttribute("aria-pressed", String(running));
  tick();
});
tick();
setInterval(tick, 1000);

// ---- A caller nobody knows yet ----

on("click", "[data-new-person]", (_event, button) => {
  const words = document.getElementById(`${button.dataset.newPerson}-words`);
  const typed = hidden(button.dataset.newPerson)?.value ? "" : /** @type {any} */ (words)?.value ?? "";
  const opener = document.createElement("button");
  opener.type = "button";
  opener.dataset.dialog = "tk-dialog";
  opener.dataset.dialogUrl = `${button.dataset.url}&words=${encodeURIComponent(typed)}`;
  opener.hidden = true;
  button.after(opener);
  opener.click();
  opener.remove();
});

document.addEventListener("person-made", (/** @type {any} */ event) => {
  const { field, value, label } = event.detail;
  const words = /** @type {HTMLInputElement | null} */ (document.getElementById(`${field}-words`));
  const chosen = hidden(field);
  if (!words || !chosen) return;
  words.value = label;
  chosen.value = String(value);
  for (const type of ["input", "change"]) chosen.dispatchEvent(new Event(type, { bubbles: true }));
  document.getElementById("subject")?.focus();
});

on("upload:removed", "#log-form", (event) => {
  if (event.detail.id) void post(`/drafts/files/${encodeURIComponent(event.detail.id)}/remove`);
});
