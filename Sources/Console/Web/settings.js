// @ts-check
// Settings of a topic: changes are collected beside what is, looked at as a difference, then applied together.
import { ask } from "./api.js";
import { element } from "./dom.js";

/** @param {Document} root */
export function enhanceSettings(root) {
  const card = root.querySelector("[data-settings]");
  if (!(card instanceof HTMLElement)) return;
  /** @type {Map<string, { before: string, after: string | null }>} `null` sets it back to the default */
  const changes = new Map();
  const bar = element("div", { class: "row", role: "status" });
  card.prepend(bar);
  const show = () => {
    bar.replaceChildren(...(changes.size === 0 ? [] : [
      element("b", {}, changes.size === 1 ? "1 change" : `${changes.size} changes`),
      button("Review", () => review(root, card, changes), "primary"),
      button("Forget", () => location.reload()),
    ]));
  };
  card.addEventListener("click", (event) => {
    const opener = event.target instanceof Element ? event.target.closest("[data-change]") : null;
    const row = opener?.closest("tr");
    if (!opener || !row) return;
    const name = row.dataset.setting ?? "";
    const before = row.dataset.value ?? "";
    const input = /** @type {HTMLInputElement} */ (element("input", { value: before, "aria-label": name }));
    const cell = row.querySelector("td");
    input.addEventListener("input", () => {
      if (input.value === before) changes.delete(name); else changes.set(name, { before, after: input.value });
      show();
    });
    cell?.replaceChildren(input);
    const reset = button("To default", () => {
      changes.set(name, { before, after: null });
      input.disabled = true;
      show();
    });
    if (row.dataset.isSet === undefined) reset.hidden = true;
    opener.replaceWith(reset);
    input.focus();
  });
}

/** @param {Document} root @param {HTMLElement} card @param {Map<string, { before: string, after: string | null }>} changes */
async function review(root, card, changes) {
  const output = element("output", { role: "status" });
  const rows = [...changes].map(([name, { before, after }]) => element("div", {},
    element("h3", {}, name), element("div", {}, element("del", {}, before || "(empty)")),
    element("div", {}, element("ins", {}, after === null ? "the default" : after || "(empty)"))));
  const apply = /** @type {HTMLButtonElement} */ (button("Apply", async () => {
    if (await send(false)) location.reload();
  }, "primary"));
  const dialog = /** @type {HTMLDialogElement} */ (element("dialog", { "aria-label": "Changes of settings" },
    element("h2", {}, "What changes"), element("div", { class: "diff" }, ...rows), output,
    element("p", { class: "row" }, apply, button("Back", () => dialog.close()))));
  /** @param {boolean} validateOnly */
  const send = async (validateOnly) => {
    /** @type {Record<string, string>} */
    const set = {};
    const reset = [];
    for (const [name, { after }] of changes) if (after === null) reset.push(name); else set[name] = after;
    try {
      await ask("POST", card.dataset.settings ?? "", { set, reset, validateOnly });
      output.textContent = validateOnly ? "The server would take this." : "Applied.";
      output.className = "good";
      return true;
    } catch (error) {
      output.textContent = error instanceof Error ? error.message : String(error);
      output.className = "bad";
      return false;
    }
  };
  dialog.addEventListener("close", () => dialog.remove());
  root.body.append(dialog);
  dialog.showModal();
  apply.disabled = !(await send(true));
}

/** @param {string} text @param {EventListener} act @param {string} [kind] */
function button(text, act, kind = "") {
  return element("button", { type: "button", class: kind, click: act }, text);
}
