// @ts-check
// <mr-live data-every="2">: a part of the page that follows the server. The page is asked for again and what differs is
// taken over in place, so that the focus, a selection and what is folded out stay. Rests while nobody sees it.
import { announce } from "./dom.js";

const longest = 30;

class LiveRegion extends HTMLElement {
  connectedCallback() {
    if (this.timer !== undefined) return;
    this.every = Math.max(1, Number(this.dataset.every) || 2);
    this.wait = this.every;
    this.timer = 0;
    this.schedule();
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.schedule(0); });
    document.querySelector("[data-live-toggle]")?.removeAttribute("hidden");
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  /** @param {number} [seconds] */
  schedule(seconds = this.wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), (seconds ?? 2) * 1000);
  }

  async refresh() {
    if (document.hidden || !this.isConnected) return;
    if (document.documentElement.dataset.paused !== undefined) return this.schedule(this.every);
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(this.id);
      if (fresh) morph(this, fresh);
      this.wait = this.every;
      this.classList.remove("paused");
      this.dataset.refreshed = String(Number(this.dataset.refreshed ?? 0) + 1);
      this.dispatchEvent(new CustomEvent("refreshed", { bubbles: true }));
    } catch {
      if (!this.classList.contains("paused")) announce("The server does not answer; what is shown may be old.");
      this.classList.add("paused");
      this.wait = Math.min(longest, (this.wait ?? 2) * 2);
    }
    this.schedule();
  }
}

/** Makes `shown` what `fresh` is. Keeps nodes, and of them what a person did: values, checks, what is folded out.
 * @param {Element} shown @param {Element} fresh */
export function morph(shown, fresh) {
  const before = [...shown.childNodes];
  const after = [...fresh.childNodes];
  for (let index = 0; index < after.length; index++) {
    const old = before[index];
    const next = after[index];
    if (!old) shown.append(document.importNode(next, true));
    else if (old.nodeType !== next.nodeType || old.nodeName !== next.nodeName || keyOf(old) !== keyOf(next)) {
      shown.replaceChild(document.importNode(next, true), old);
    } else if (old instanceof Element && next instanceof Element) {
      if (old.isEqualNode(next) || old.hasAttribute("data-own")) continue;
      for (const { name } of [...old.attributes]) {
        if (!next.hasAttribute(name) && !kept(old, name)) old.removeAttribute(name);
      }
      for (const { name, value } of [...next.attributes]) {
        if (old.getAttribute(name) !== value && !kept(old, name)) old.setAttribute(name, value);
      }
      morph(old, next);
    } else if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
  }
  for (const extra of before.slice(after.length)) extra.remove();
}

/** @param {Node} node */
const keyOf = (node) => (node instanceof Element ? node.id || node.getAttribute("data-key") : null);

/** @param {Element} element @param {string} name */
const kept = (element, name) =>
  (name === "open" && element instanceof HTMLDetailsElement) || name === "value" || name === "checked" || name === "data-refreshed"
  || name === "class" && element instanceof LiveRegion;

customElements.define("mr-live", LiveRegion);

addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-live-toggle]") : null;
  if (!button) return;
  const root = document.documentElement;
  const isPaused = root.dataset.paused === undefined;
  if (isPaused) root.dataset.paused = ""; else delete root.dataset.paused;
  button.setAttribute("aria-pressed", String(isPaused));
  button.textContent = isPaused ? "Resume" : "Pause";
});
