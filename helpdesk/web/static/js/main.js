// The one module that pages name. It starts the others and shows them what htmx brings later.

import * as dialog from "./dialog.js";
import * as htmxSetup from "./htmx-setup.js";
import * as keys from "./keys.js";
import * as menu from "./menu.js";
import * as strips from "./strips.js";
import * as times from "./times.js";
import * as toast from "./toast.js";
import * as typed from "./typed.js";

/**
 * `start` listens on the page, once. `scan` looks at what is new under a root; it may see the same
 * element again.
 * @type {{start?: () => void, scan?: (root: ParentNode) => void}[]}
 */
const parts = [
  htmxSetup,
  typed,
  strips,
  // A menu closes before what was chosen in it opens a dialog.
  menu,
  dialog,
  keys,
  toast,
  times,
];

/** @param {ParentNode} root */
function scan(root) {
  for (const part of parts) part.scan?.(root);
}

for (const part of parts) part.start?.();
scan(document);
document.addEventListener("htmx:load", (/** @type {any} */ event) => scan(event.detail.elt));
// Tests, and style for pages whose scripts run, can tell that all is ready.
document.documentElement.dataset.ready = "true";
