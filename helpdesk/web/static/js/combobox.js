// Comboboxes: a field that finds people, organisations, tags … on the server while somebody types.

import { all, composing, icon, idOf, later, make } from "./dom.js";
import { labelOf, listbox, suggestions } from "./suggest.js";
import { isByHand, keep, touched } from "./typed.js";
import { t } from "./words.js";

const WAIT = 150;

/** @type {WeakSet<Element>} */
const ready = new WeakSet();

/** @param {HTMLElement} element */
function changed(element) {
  touched(element);
  element.dispatchEvent(new Event("input", { bubbles: true }));
  element.dispatchEvent(new Event("change", { bubbles: true }));
}

/** @param {HTMLInputElement} input @returns {HTMLElement} */
function frame(input) {
  return /** @type {HTMLElement} */ (input.closest(".combo") ?? input.parentElement);
}

/** @param {HTMLInputElement} input @returns {HTMLInputElement | null} the field of a single value */
function hiddenOf(input) {
  const name = CSS.escape(input.dataset.target ?? "");
  const selector = `input[type=hidden][name="${name}"]`;
  return frame(input).querySelector(selector) ?? (input.form?.querySelector(selector) ?? null);
}

/** @param {HTMLInputElement} input @returns {HTMLElement[]} */
function chips(input) {
  return all(frame(input), "[data-chip]");
}

/**
 * Complete a chip: its hidden field, its button.
 * @param {HTMLInputElement} input
 * @param {HTMLElement} chip
 */
function dress(input, chip) {
  if (chip.querySelector("input[type=hidden]")) return;
  const label = (chip.textContent ?? "").trim();
  const field = make("input", {
    type: "hidden",
    name: input.dataset.target,
    value: chip.dataset.chip,
    form: input.getAttribute("form"),
  });
  const remove = make("button", { type: "button", "data-chip-remove": true, "aria-label": t("remove", { label }) }, icon("x", "s12"));
  remove.addEventListener("click", () => {
    chip.remove();
    changed(input);
    input.focus();
  });
  chip.append(field, remove);
}

/** @param {HTMLInputElement} input @param {string} value @param {string} label */
function addChip(input, value, label) {
  input.value = "";
  if (chips(input).some((chip) => chip.dataset.chip === value)) return;
  const chip = make("span", { class: "tag", "data-chip": value }, label);
  // With an id of its own no morph takes it for another one.
  idOf(chip, "chip");
  keep(chip);
  (chips(input).at(-1) ?? input).before(chip);
  const last = chips(input).at(-1);
  if (last && last !== chip) last.after(chip);
  dress(input, chip);
  changed(input);
}

/**
 * What can be done when nothing is found: the button that `data-otherwise` names, as an option.
 * @param {HTMLInputElement} input
 * @returns {HTMLElement[]}
 */
function otherwiseOf(input) {
  const button = document.getElementById(input.dataset.otherwise ?? "");
  if (!button) return [];
  const label = `${button.getAttribute("aria-label") ?? button.textContent ?? ""}: ${input.value.trim()}`;
  const option = make("li", { role: "option", "data-otherwise": button.id, "data-label": label });
  option.append(icon("user-plus", "s14"), make("span", { class: "clip" }, label));
  return [option];
}

/** @param {HTMLInputElement} input */
function equip(input) {
  ready.add(input);
  const many = input.dataset.multiple !== undefined;
  const free = input.dataset.free !== undefined;
  const least = Number(input.dataset.min ?? 1);
  const known = input.getAttribute("aria-controls");
  let list = known ? document.getElementById(known) : null;
  if (!list) {
    list = /** @type {HTMLElement} */ (make("ul", { class: "listbox" }));
    keep(list);
    frame(input).append(list);
  }
  input.setAttribute("aria-controls", idOf(list, "list"));
  input.setAttribute("aria-expanded", "false");
  const popup = listbox(input, list, choose, () =>
    (many ? frame(input) : input).getBoundingClientRect(),
  );
  /** @type {AbortController | null} */
  let asking = null;
  let chosen = hiddenOf(input)?.value ? input.value : "";
  // What was typed has not been looked for yet; Enter meanwhile means the first that is found.
  let pending = false;
  let hasty = false;

  /** @param {HTMLElement} option */
  function choose(option) {
    const value = option.getAttribute("data-value") ?? "";
    const label = labelOf(option);
    close();
    const otherwise = option.getAttribute("data-otherwise");
    if (otherwise) return document.getElementById(otherwise)?.click();
    const href = option.getAttribute("data-href");
    if (input.dataset.go !== undefined && href) return location.assign(href);
    if (many) {
      addChip(input, value, label);
    } else {
      const hidden = hiddenOf(input);
      input.value = label;
      chosen = label;
      touched(input);
      if (hidden) {
        hidden.value = value;
        changed(hidden);
      }
    }
    const detail = { value, label, option };
    input.dispatchEvent(new CustomEvent("combobox:choose", { bubbles: true, detail }));
    if (input.dataset.submit !== undefined) input.form?.requestSubmit();
  }

  function close() {
    pending = hasty = false;
    asking?.abort();
    soon.cancel();
    popup.hide();
  }

  async function search() {
    const q = input.value.trim();
    asking?.abort();
    if (q.length < least || !input.isConnected) {
      pending = hasty = false;
      return popup.hide();
    }
    const mine = new AbortController();
    asking = mine;
    /** @type {Record<string, string>} */
    const query = { q };
    for (const name of (input.dataset.include ?? "").split(/\s+/).filter(Boolean)) {
      const field = input.form?.elements.namedItem(name);
      if (field && "value" in field) query[name] = String(field.value);
    }
    try {
      const found = await suggestions(input.dataset.source ?? "", query, mine.signal);
      if (mine.signal.aborted || document.activeElement !== input) return;
      if (!found.length) found.push(...otherwiseOf(input));
      popup.show(found, !free && q !== "");
      const first = hasty ? popup.active() : null;
      pending = hasty = false;
      if (first) choose(first);
    } catch {
      if (!mine.signal.aborted) {
        pending = hasty = false;
        popup.show([make("li", { class: "g", role: "presentation" }, t("suggestions.failed"))], false);
      }
    }
  }
  const soon = later(() => void search(), WAIT);

  input.addEventListener("input", (event) => {
    const hidden = many ? null : hiddenOf(input);
    if (hidden?.value && input.value !== chosen) {
      hidden.value = "";
      chosen = "";
      changed(hidden);
    }
    // While an input method composes, what stands there is not yet a word.
    if (!(/** @type {InputEvent} */ (event).isComposing) && isByHand(event)) {
      pending = input.value.trim() !== "";
      hasty = false;
      soon();
    }
  });
  input.addEventListener("compositionend", () => soon());
  input.addEventListener("focus", () => least === 0 && !popup.isOpen() && !input.value && soon());
  input.addEventListener("click", () => least === 0 && !popup.isOpen() && soon());
  input.addEventListener("blur", () => {
    close();
    if (many && free && input.value.trim()) addChip(input, input.value.trim(), input.value.trim());
  });
  input.addEventListener("keydown", (event) => {
    // With Ctrl, Enter is the page's own key; what was typed goes along with the form.
    if (composing(event) || (event.key === "Enter" && (event.ctrlKey || event.metaKey))) return;
    const open = popup.isOpen();
    const active = popup.active();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (open) popup.move(event.key === "ArrowDown" ? 1 : -1);
      else void search();
    } else if (event.key === "Enter" && pending && !free) {
      hasty = true;
      soon.cancel();
      void search();
    } else if (event.key === "Enter" && open && active) {
      choose(active);
    } else if ((event.key === "Enter" || event.key === ",") && many && free && input.value.trim()) {
      addChip(input, input.value.trim(), input.value.trim());
    } else if (event.key === "Escape" && open) {
      close();
    } else if (event.key === "Backspace" && many && !input.value) {
      const last = chips(input).at(-1);
      if (!last) return;
      last.remove();
      changed(input);
      return;
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
}

/** @param {ParentNode} root */
export function scan(root) {
  for (const input of all(root, "input[data-combobox]")) {
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.autocomplete = "off";
    if (!ready.has(input)) equip(input);
    for (const chip of chips(input)) dress(input, chip);
  }
}
