// @ts-check
// <button data-dialog="id">: opens a dialog of the page; inside it, [data-close] closes it.

/** @param {Document} root */
export function enhanceDialogs(root) {
  root.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const opener = target?.closest("[data-dialog]");
    const dialog = opener ? root.getElementById(opener.getAttribute("data-dialog") ?? "") : null;
    if (dialog instanceof HTMLDialogElement) dialog.showModal();
    if (target?.closest("[data-close]")) target.closest("dialog")?.close();
  });
  for (const opener of root.querySelectorAll("[data-dialog][hidden]")) opener.removeAttribute("hidden");
}
