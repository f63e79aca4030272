// @ts-check
// <time datetime>: the server writes UTC; here it becomes the reader's own time, with UTC in the title.

const format = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
});

/** @param {ParentNode} root */
export function enhanceTimes(root) {
  rewrite(root);
  document.addEventListener("refreshed", (event) => rewrite(/** @type {Element} */ (event.target)));
}

/** @param {ParentNode} root */
export function rewrite(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.getAttribute("datetime") ?? "");
    if (Number.isNaN(moment.getTime())) continue;
    time.setAttribute("title", moment.toISOString());
    time.textContent = format.format(moment);
  }
}
