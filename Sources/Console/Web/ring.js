// @ts-check
// Shards in the ring and in the lineage: the arc under the pointer or the focus is also marked in the table below.

/** @param {Document} root */
export function enhanceRings(root) {
  for (const type of ["mouseover", "focusin"]) {
    root.addEventListener(type, (event) => {
      const link = event.target instanceof Element ? event.target.closest("[data-shard]") : null;
      for (const marked of root.querySelectorAll("tr.marked")) marked.classList.remove("marked");
      if (link) root.getElementById(link.getAttribute("data-shard") ?? "")?.classList.add("marked");
    });
  }
}
