// @ts-check
// Sets a group elsewhere: first what would change, before and after, then the change.
import { ask, path } from "./api.js";
import { announce, count, element } from "./dom.js";
import { say } from "./forms.js";

/** @param {Document} root */
export function enhanceSeek(root) {
  const form = root.querySelector("form[data-seek]");
  const preview = root.getElementById("seek-preview");
  if (!(form instanceof HTMLFormElement) || !preview) return;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = new FormData(form);
    const place = target(String(fields.get("to")), String(fields.get("value") ?? "").trim());
    if (!place) return say(form, "Give a number, or a time as 2026-11-30T12:00:00Z.", "bad");
    const chosen = String(fields.get("topic") ?? "");
    const select = form.elements.namedItem("topic");
    const topics = chosen ? [chosen]
      : select instanceof HTMLSelectElement ? [...select.options].map((option) => option.value).filter(Boolean) : [];
    const group = form.dataset.seek ?? "";
    say(form, "…");
    try {
      const rows = [];
      for (const topic of topics) rows.push(...await seek(group, topic, place, true));
      say(form, rows.length ? "" : "Nothing would change.");
      preview.replaceChildren(...(rows.length ? [table(rows), apply(form, preview, group, topics, place)] : []));
      announce(`${rows.length} partitions would be set.`);
    } catch (error) {
      preview.replaceChildren();
      say(form, error instanceof Error ? error.message : String(error), "bad");
    }
  });
}

/** What the API calls the place; `null` when it has none. @param {string} to @param {string} value */
function target(to, value) {
  if (to === "earliest") return "start";
  if (to === "latest") return "end";
  if (to === "offset") return /^\d+$/.test(value) ? value : null;
  if (to === "shift") {
    const sign = value.replace("−", "-");
    return /^[+-]?\d+$/.test(sign) ? (sign.startsWith("-") || sign.startsWith("+") ? sign : "+" + sign) : null;
  }
  const moment = /^\d{11,}$/.test(value) ? Number(value) : Date.parse(value);
  return Number.isNaN(moment) ? null : `@${moment}`;
}

/** @param {string} group @param {string} topic @param {string} to @param {boolean} dryRun */
async function seek(group, topic, to, dryRun) {
  const answer = await ask("POST", path("groups", group, "seek"), { topic, to, dryRun });
  return answer.map((/** @type {any} */ row) => ({ topic, ...row }));
}

/** @param {any[]} rows */
function table(rows) {
  const head = ["Topic", "Partition", "Before", "After", "Difference"];
  return element("div", { class: "scroll" }, element("table", {},
    element("caption", {}, "What would change"),
    element("thead", {}, element("tr", {}, ...head.map((title, index) =>
      element("th", { scope: "col", class: index > 0 ? "number" : "" }, title)))),
    element("tbody", {}, ...rows.map((row) => {
      const before = row.before ?? null;
      const change = before === null ? "" : row.after - before;
      return element("tr", {},
        element("th", { scope: "row", class: "name" }, row.topic),
        element("td", { class: "number" }, String(row.partition)),
        element("td", { class: "number" }, before === null ? "–" : count(before)),
        element("td", { class: "number" }, count(row.after)),
        element("td", { class: "number" }, change === "" ? "" : (change > 0 ? "+" : change < 0 ? "−" : "") + count(Math.abs(change))));
    }))));
}

/** @param {HTMLFormElement} form @param {Element} preview @param {string} group @param {string[]} topics @param {string} place */
function apply(form, preview, group, topics, place) {
  const button = element("button", { type: "button", class: "primary" }, "Set the group there");
  button.addEventListener("click", async () => {
    button.setAttribute("disabled", "");
    try {
      for (const topic of topics) await seek(group, topic, place, false);
      preview.replaceChildren();
      say(form, "The group was set.", "good");
    } catch (error) {
      say(form, error instanceof Error ? error.message : String(error), "bad");
    }
  });
  return element("p", {}, button);
}
