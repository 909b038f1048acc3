// Strips: what failed, what is safe, what next. They stand in #strips and take no focus.

import { icon, make, on } from "./dom.js";
import { t } from "./words.js";

/**
 * Show a strip, in place of an earlier one of the same name.
 * @param {{name: string, tone: "danger" | "warn" | "pause" | "info", picture: string,
 *   title: string, text?: string,
 *   actions?: {label: string, run: () => void}[]}} what
 * @returns {HTMLElement}
 */
export function strip({ name, tone, picture, title, text = "", actions = [] }) {
  clear(name);
  const element = make(
    "div",
    { class: `strip ${tone}`, role: tone === "danger" ? "alert" : "status", "data-strip": name },
    icon(picture),
    make("span", { class: "grow" }, make("b", {}, title), text && ` ${text}`),
  );
  for (const { label, run } of actions) {
    const button = make("button", { class: "btn sm", type: "button" }, label);
    button.addEventListener("click", () => {
      element.remove();
      run();
    });
    element.append(button);
  }
  if (tone !== "pause") {
    element.append(
      make("button", { class: "btn sm ghost", type: "button", "data-dismiss": true }, t("close")),
    );
  }
  (document.getElementById("strips") ?? document.body).append(element);
  return element;
}

/**
 * Take a strip away.
 * @param {string} name
 */
export function clear(name) {
  for (const element of document.querySelectorAll("[data-strip]")) {
    if (element.getAttribute("data-strip") === name) element.remove();
  }
}

export function start() {
  on("click", "[data-dismiss]", (_event, button) => {
    button.closest(".strip, .banner, .toast, [data-dismissable]")?.remove();
  });
}
