// @ts-check
// <form data-api="POST /api/v1/topics">: sends its fields as JSON and says what came of it.
//
// A field's name is where its value is put (`configs.retention.ms` needs `data-path='["configs","retention.ms"]'`), its
// `data-as` is what it is: number, boolean, lines. {name} in the path stands for a field. `data-done` is where it leads.
import { ask } from "./api.js";
import { announce, element } from "./dom.js";

/** @param {ParentNode} root */
export function enhanceForms(root) {
  for (const form of root.querySelectorAll("form[data-api]")) {
    if (!(form instanceof HTMLFormElement)) continue;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void send(form);
    });
  }
}

/** @param {HTMLFormElement} form @param {string} text @param {string} kind */
export function say(form, text, kind = "") {
  let place = form.querySelector("output");
  if (!place) {
    place = /** @type {HTMLOutputElement} */ (element("output", { role: "status" }));
    form.append(place);
  }
  place.className = kind;
  place.textContent = text;
}

/** @param {HTMLFormElement} form */
async function send(form) {
  const [method, template] = (form.dataset.api ?? "").split(" ");
  const question = form.dataset.confirm;
  if (question && !confirm(question)) return;
  const taken = new Set();
  const path = template.replace(/\{(\w+)\}/g, (_, name) => {
    taken.add(name);
    return encodeURIComponent(String(new FormData(form).get(name) ?? ""));
  });
  const body = method === "DELETE" ? undefined : values(form, taken);
  const button = form.querySelector("button[type=submit]");
  button?.setAttribute("disabled", "");
  say(form, "…");
  try {
    const answer = await ask(method, path, body);
    const text = form.dataset.said ?? "Done.";
    say(form, text.replace(/\{(\w+)\}/g, (_, name) => String(answer?.[name] ?? "")), "good");
    announce(text);
    form.dispatchEvent(new CustomEvent("done", { bubbles: true, detail: answer }));
    if (form.dataset.done !== undefined) {
      const fields = new FormData(form);
      location.assign(form.dataset.done.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(fields.get(name) ?? "")))
        || location.href);
    }
  } catch (error) {
    say(form, error instanceof Error ? error.message : String(error), "bad");
  } finally {
    button?.removeAttribute("disabled");
  }
}

/** @param {HTMLFormElement} form @param {Set<string>} [taken] @returns {Record<string, any>} */
export function values(form, taken = new Set()) {
  /** @type {Record<string, any>} */
  const body = {};
  for (const field of form.elements) {
    if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement || field instanceof HTMLTextAreaElement)) continue;
    if (!field.name || field.disabled || taken.has(field.name)) continue;
    if (field instanceof HTMLInputElement && field.type === "radio" && !field.checked) continue;
    let value = /** @type {any} */ (field.value);
    if (field instanceof HTMLInputElement && field.type === "checkbox") value = field.checked;
    else if (value === "" && field.dataset.empty === undefined) continue;
    else if (field.dataset.as === "number") value = Number(value);
    else if (field.dataset.as === "lines") value = value.split("\n").filter(Boolean);
    const path = field.dataset.path ? JSON.parse(field.dataset.path) : [field.name];
    let place = body;
    for (const step of path.slice(0, -1)) place = place[step] ??= {};
    place[path[path.length - 1]] = value;
  }
  return body;
}
