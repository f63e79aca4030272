// @ts-check
// Keys: / goes to the search, g and a letter to a page, ? lists them. Never while something is typed.
import { element } from "./dom.js";

/** @param {Document} root */
export function enhanceKeys(root) {
  let isAfterG = false;
  root.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target instanceof Element && target.closest("input, select, textarea, [contenteditable], dialog")) return;
    if (isAfterG) {
      isAfterG = false;
      const link = root.querySelector(`nav.side a[data-key="${CSS.escape(event.key)}"]`);
      if (link instanceof HTMLAnchorElement) { event.preventDefault(); link.click(); }
      return;
    }
    if (event.key === "g") {
      isAfterG = true;
      setTimeout(() => { isAfterG = false; }, 1500);
    } else if (event.key === "/") {
      const search = root.querySelector("input[type=search]");
      if (search instanceof HTMLInputElement) { event.preventDefault(); search.focus(); search.select(); }
    } else if (event.key === "?") {
      showKeys(root);
    }
  });
}

/** @param {Document} root */
function showKeys(root) {
  const rows = [...root.querySelectorAll("nav.side a[data-key]")].map((link) => element("tr", {},
    element("td", {}, element("kbd", {}, "g"), " ", element("kbd", {}, link.getAttribute("data-key") ?? "")),
    element("td", {}, link.textContent ?? "")));
  rows.push(element("tr", {}, element("td", {}, element("kbd", {}, "/")), element("td", {}, "Search of this page")));
  const close = element("button", { type: "button", class: "primary" }, "Close");
  const dialog = /** @type {HTMLDialogElement} */ (element("dialog", { "aria-label": "Keys" },
    element("h2", {}, "Keys"), element("table", {}, element("tbody", {}, ...rows)), close));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  root.body.append(dialog);
  dialog.showModal();
}
