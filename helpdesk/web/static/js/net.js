// Requests that are not htmx's own: with the CSRF token, and with the same answer headers obeyed.

/** @returns {string} */
export function csrf() {
  const meta = document.querySelector("meta[name=csrf-token]");
  return meta?.getAttribute("content") ?? "";
}

/**
 * Send a change.
 *
 * Rejects only when no answer came; an answer of 400 and above is returned like any other.
 * @param {string} url
 * @param {FormData | URLSearchParams | Record<string, string> | null} [body]
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
export async function post(url, body = null, options = {}) {
  const plain = body && !(body instanceof FormData) && !(body instanceof URLSearchParams);
  const response = await fetch(url, {
    method: "POST",
    body: plain ? new URLSearchParams(body) : /** @type {BodyInit | null} */ (body),
    credentials: "same-origin",
    ...options,
    headers: { "X-CSRFToken": csrf(), Accept: "application/json", ...options.headers },
  });
  obey(response);
  return response;
}

/**
 * Fetch a fragment as htmx would.
 * @param {string} url
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
export async function get(url, options = {}) {
  return fetch(url, {
    credentials: "same-origin",
    ...options,
    headers: { "HX-Request": "true", ...options.headers },
  });
}

/**
 * Fetch JSON or HTML, whichever the server prefers to answer.
 * @param {string} url
 * @param {AbortSignal} [signal]
 * @returns {Promise<Response>}
 */
export async function ask(url, signal) {
  const accept = "application/json, text/html;q=0.9";
  return fetch(url, { credentials: "same-origin", signal, headers: { Accept: accept } });
}

/**
 * Do what the answer's `HX-Trigger` header says, for requests that htmx does not see.
 * @param {Response} response
 */
function obey(response) {
  const header = response.headers.get("HX-Trigger");
  if (!header) return;
  const events = header.startsWith("{")
    ? JSON.parse(header)
    : Object.fromEntries(header.split(",").map((name) => [name.trim(), null]));
  for (const [name, value] of Object.entries(events)) {
    const detail = value !== null && typeof value === "object" ? value : { value };
    document.body.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }
}

/**
 * Return what an answer says went wrong, in the words of the server if it has any.
 * @param {Response} response
 * @param {string} otherwise
 * @returns {Promise<string>}
 */
export async function complaint(response, otherwise) {
  if (!(response.headers.get("Content-Type") ?? "").includes("json")) return otherwise;
  const said = await response.json().catch(() => ({}));
  return [said.error, said.advice].filter(Boolean).join(". ") || otherwise;
}
