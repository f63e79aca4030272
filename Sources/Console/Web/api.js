// @ts-check
// Requests to this server. Changes are JSON of the same origin, which is what the server admits.

export class Refusal extends Error {
  /** @param {number} status @param {string} code @param {string} message */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>} the answer's JSON; `null` when it has none
 */
export async function ask(method, path, body, signal) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      signal,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(0, "unreachable", "The server does not answer.");
  }
  const text = await answer.text();
  let json = null;
  try { json = text ? JSON.parse(text) : null; } catch { /* not JSON: its status says enough */ }
  if (!answer.ok) {
    throw new Refusal(answer.status, json?.error?.code ?? "failed", json?.error?.message ?? `The server answered ${answer.status}.`);
  }
  return json;
}

/** A path of the API from segments that may hold anything. @param {...string} segments */
export function path(...segments) {
  return "/api/v1/" + segments.map(encodeURIComponent).join("/");
}
