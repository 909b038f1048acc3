// The words that scripts show, in the reader's language, from the JSON block of the page.

/** @type {Record<string, string> | undefined} */
let words;

/** @returns {Record<string, string>} */
function load() {
  const block = document.getElementById("strings");
  return block ? JSON.parse(block.textContent || "{}") : {};
}

/**
 * Return a text by its key, with its `%(name)s` placeholders filled.
 *
 * A key that the page does not know is shown as it is: ugly, but nothing breaks.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  words ??= load();
  return fill(words[key] ?? key, values);
}

/**
 * Fill the `%(name)s` and `%(name)d` placeholders of a text.
 * @param {string} text
 * @param {Record<string, string | number>} values
 * @returns {string}
 */
export function fill(text, values) {
  return text.replace(/%\((\w+)\)[sd]|%%/g, (hole, name) => {
    if (hole === "%%") return "%";
    return name in values ? String(values[name]) : hole;
  });
}
