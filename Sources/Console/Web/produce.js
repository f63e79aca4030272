// @ts-check
// Writes records: one from its fields, or one for each line.
import { ask, path } from "./api.js";
import { say } from "./forms.js";

/** @param {Document} root */
export function enhanceProduce(root) {
  for (const form of root.querySelectorAll("form[data-produce]")) {
    if (!(form instanceof HTMLFormElement)) continue;
    restore(form);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const fields = new FormData(form);
      try {
        const records = form.dataset.produce === "one" ? [one(fields)] : lines(String(fields.get("lines") ?? ""));
        say(form, "…");
        const answer = await ask("POST", path("topics", String(fields.get("topic")), "records"), { records });
        const place = answer?.records?.[0];
        const where = records.length === 1 && place?.offset !== undefined ? ` Partition ${place.partition}, offset ${place.offset}.` : "";
        say(form, (records.length === 1 ? "Written." : `${records.length} records written.`) + where, "good");
      } catch (error) {
        say(form, error instanceof Error ? error.message : String(error), "bad");
      }
    });
  }
}

/** A record that is sent again comes with the address. @param {HTMLFormElement} form */
function restore(form) {
  const stored = sessionStorage.getItem("millrace.resend");
  if (form.dataset.produce !== "one" || !stored || !new URLSearchParams(location.search).has("resend")) return;
  sessionStorage.removeItem("millrace.resend");
  const record = JSON.parse(stored);
  for (const name of ["key", "value", "headers"]) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) field.value = record[name] ?? "";
  }
}

/** @param {FormData} fields */
function one(fields) {
  /** @type {Record<string, any>} */
  const record = { value: String(fields.get("value") ?? "") };
  const key = String(fields.get("key") ?? "");
  if (key) record.key = key;
  const partition = String(fields.get("partition") ?? "");
  if (partition) record.partition = Number(partition);
  const headers = String(fields.get("headers") ?? "").split("\n").filter((line) => line.trim());
  if (headers.length) {
    record.headers = Object.fromEntries(headers.map((line) => {
      const colon = line.indexOf(":");
      if (colon < 1) throw new Error(`This header has no colon: ${line}`);
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }));
  }
  return record;
}

/** @param {string} text */
function lines(text) {
  return text.split("\n").filter((line) => line.trim()).map((line) => {
    try {
      const json = JSON.parse(line);
      if (json && typeof json === "object" && ("value" in json || "key" in json)) {
        return { ...json, value: asText(json.value), ...("key" in json ? { key: asText(json.key) } : {}) };
      }
    } catch { /* a line that is not JSON is a value */ }
    return { value: line };
  });
}

/** @param {unknown} value */
function asText(value) {
  return value === null || value === undefined || typeof value === "string" ? value : JSON.stringify(value);
}
