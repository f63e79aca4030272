// @ts-check
// <mr-json><pre>…</pre></mr-json>: JSON as a tree to fold. Numbers are shown as they are written, since those of 64 bits are
// more than a script's numbers hold. What is not JSON, or is long, stays text.
import { element } from "./dom.js";

const longestText = 200_000;
const mostNodes = 5_000;

class JSONTree extends HTMLElement {
  connectedCallback() {
    const source = this.querySelector("pre");
    if (!source || this.querySelector(".tree")) return;
    const text = source.textContent ?? "";
    if (text.length > longestText || !/^\s*[[{]/.test(text)) return;
    const tree = new Reader(text).read();
    if (!tree) return;
    source.replaceWith(element("div", { class: "tree" }, tree));
  }
}

/** Reads JSON into elements, one pass, numbers as text. */
class Reader {
  /** @param {string} text */
  constructor(text) {
    this.tokens = text.match(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]|\S/g) ?? [];
    this.at = 0;
    this.nodes = 0;
  }

  /** @returns {HTMLElement | null} */
  read() {
    try {
      const node = this.value("", 0);
      return this.at === this.tokens.length ? node : null;
    } catch { return null; }
  }

  /** @param {string} key @param {number} depth @returns {HTMLElement} */
  value(key, depth) {
    if (++this.nodes > mostNodes || depth > 60) throw new Error("too large");
    const token = this.tokens[this.at++];
    const label = key === "" ? [] : [element("span", { class: "key" }, key), ": "];
    if (token === "{" || token === "[") return this.nest(label, token, depth);
    if (token?.startsWith('"')) {
      return element("div", { class: "leaf" }, ...label, element("span", { class: "string" }, token));
    }
    if (!/^(-?\d|true$|false$|null$)/.test(token ?? "")) throw new Error("not JSON");
    return element("div", { class: "leaf" }, ...label, element("span", { class: "other" }, token));
  }

  /** @param {(Node | string)[]} label @param {string} token @param {number} depth */
  nest(label, token, depth) {
    const end = token === "{" ? "}" : "]";
    const children = [];
    while (this.tokens[this.at] !== end) {
      if (children.length > 0 && this.tokens[this.at++] !== ",") throw new Error("not JSON");
      let key = String(children.length);
      if (token === "{") {
        key = JSON.parse(this.tokens[this.at++]);
        if (this.tokens[this.at++] !== ":") throw new Error("not JSON");
      }
      children.push(this.value(key, depth + 1));
    }
    this.at++;
    const size = token === "{" ? `{${children.length}}` : `[${children.length}]`;
    return element("details", { open: depth < 2 }, element("summary", {}, ...label, size), ...children);
  }
}

customElements.define("mr-json", JSONTree);
