// The one module that pages name. It starts the others and shows them what htmx brings later.

import * as answers from "./answers.js";
import * as buttons from "./buttons.js";
import * as combobox from "./combobox.js";
import * as dialog from "./dialog.js";
import * as drafts from "./drafts.js";
import * as focus from "./focus.js";
import * as guard from "./guard.js";
import * as htmxSetup from "./htmx-setup.js";
import * as incoming from "./incoming.js";
import * as keys from "./keys.js";
import * as live from "./live.js";
import * as macros from "./macros.js";
import * as mentions from "./mentions.js";
import * as menu from "./menu.js";
import * as palette from "./palette.js";
import * as paste from "./paste.js";
import * as preview from "./preview.js";
import * as select from "./select.js";
import * as sorting from "./sorting.js";
import * as strips from "./strips.js";
import * as tabs from "./tabs.js";
import * as theme from "./theme.js";
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
  guard,
  strips,
  // What closes a list by Esc comes before what closes the things around it.
  mentions,
  // A menu closes before what was chosen in it opens a dialog.
  menu,
  dialog,
  sorting,
  tabs,
  buttons,
  combobox,
  answers,
  macros,
  paste,
  drafts,
  preview,
  incoming,
  // Of two built-in keys the one added last comes first.
  palette,
  toast,
  keys,
  select,
  live,
  times,
  theme,
  focus,
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
