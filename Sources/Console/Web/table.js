// @ts-check
// <mr-table>: a table that is whole on the page can be sorted by its columns here. Lists of many pages are sorted by the
// server, by links in their heads.

class SortTable extends HTMLElement {
  connectedCallback() {
    const heads = [...this.querySelectorAll("thead th")];
    heads.forEach((head, column) => {
      if (!head.textContent?.trim() || head.querySelector("button")) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => this.sort(column, heads));
    });
    this.addEventListener("refreshed", () => this.again());
    this.closest("mr-live")?.addEventListener("refreshed", () => this.again());
  }

  /** @param {number} column @param {Element[]} heads */
  sort(column, heads) {
    const down = heads[column].getAttribute("aria-sort") === "ascending";
    for (const head of heads) head.removeAttribute("aria-sort");
    heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
    this.order = { column, down };
    this.again();
  }

  /** Sorts by what was chosen, after the server brought rows in its own order. */
  again() {
    const body = this.querySelector("tbody");
    if (!this.order || !body) return;
    const { column, down } = this.order;
    /** @param {Element} row */
    const key = (row) => {
      const cell = row.children[column];
      return cell?.getAttribute("data-sort") ?? cell?.textContent?.trim() ?? "";
    };
    const rows = [...body.children].sort((left, right) => compare(key(left), key(right)) * (down ? -1 : 1));
    body.append(...rows);
  }
}

/** @param {string} left @param {string} right */
function compare(left, right) {
  const [a, b] = [Number(left), Number(right)];
  if (left !== "" && right !== "" && !Number.isNaN(a) && !Number.isNaN(b)) return a - b;
  return left.localeCompare(right, undefined, { numeric: true });
}

customElements.define("mr-table", SortTable);
