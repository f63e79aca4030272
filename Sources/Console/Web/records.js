// @ts-check
// <mr-records data-source="/api/v1/topics/T/records">: follows new records, takes them to a file, sends one again. The search
// itself is the page's: it is done by the server, and resumed by a link.
import { announce, count, element, visible } from "./dom.js";

const shownMax = 500;

class RecordScan extends HTMLElement {
  connectedCallback() {
    this.state = this.querySelector("[data-state]");
    this.querySelector("[data-follow]")?.addEventListener("click", (event) => this.follow(/** @type {Element} */ (event.currentTarget)));
    this.querySelector("[data-export]")?.addEventListener("click", () => this.take());
    for (const button of this.querySelectorAll("[data-follow], [data-export]")) button.removeAttribute("hidden");
    this.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("[data-resend]") : null;
      if (button) resend(/** @type {HTMLElement} */ (button));
    });
    for (const button of this.querySelectorAll("[data-resend]")) button.removeAttribute("hidden");
  }

  disconnectedCallback() { this.events?.close(); }

  /** What was asked for, from another place. @param {string} from */
  address(from) {
    const asked = new URLSearchParams(location.search);
    const address = new URL(this.dataset.source ?? "", location.href);
    for (const name of ["partition", "filter"]) {
      const value = asked.get(name);
      if (value) address.searchParams.set(name, value);
    }
    address.searchParams.set("from", from);
    return address;
  }

  /** @param {Element} button */
  follow(button) {
    if (this.events) {
      this.events.close();
      this.events = undefined;
      button.textContent = "Follow";
      this.say("Stopped.");
      return;
    }
    button.textContent = "Stop";
    const body = this.querySelector("tbody");
    let seen = 0;
    this.say("Waiting for new records…");
    this.querySelector("table")?.removeAttribute("hidden");
    this.events = new EventSource(this.address("end"));
    this.events.addEventListener("record", (event) => {
      seen += 1;
      body?.prepend(row(JSON.parse(event.data)));
      while (body && body.children.length > shownMax) body.lastElementChild?.remove();
      this.say(`${count(seen)} new records, newest first.`);
    });
    this.events.addEventListener("error", () => this.say("The connection broke; trying again…"));
  }

  /** What the search finds as a file of JSON lines. */
  async take() {
    const asked = new URLSearchParams(location.search);
    const address = new URL(this.dataset.source ?? "", location.href);
    // An export is in the order of the log.
    for (const [name, value] of asked) if (value && name !== "order" && name !== "cursor") address.searchParams.set(name, value);
    const answer = await fetch(address, { headers: { Accept: "application/x-ndjson" } });
    if (!answer.ok) return this.say(`The server answered ${answer.status}.`);
    const link = /** @type {HTMLAnchorElement} */ (element("a", {
      href: URL.createObjectURL(await answer.blob()), download: "records.ndjson" }));
    link.click();
    URL.revokeObjectURL(link.href);
    announce("Exported.");
  }

  /** @param {string} text */
  say(text) { if (this.state) this.state.textContent = text; }
}

/** A record that came while the page was open. @param {any} record */
function row(record) {
  const moment = record.timestamp >= 0 ? new Date(record.timestamp) : null;
  return element("tr", { class: "record" },
    element("td", { class: "number" }, String(record.partition)),
    element("td", { class: "number" }, count(record.offset)),
    element("td", { class: "nowrap hide-narrow" }, moment ? moment.toLocaleString() : "–"),
    element("td", {}, element("div", { class: "clip mono" }, text(record.key))),
    element("td", { class: "value" }, element("div", { class: "clip mono" }, text(record.value))));
}

/** @param {any} part */
function text(part) {
  return part?.format === "null" ? "null" : visible((part?.text ?? part?.base64 ?? "").slice(0, 2000));
}

/** To the form that writes records, with this one filled in. @param {HTMLElement} button */
function resend(button) {
  sessionStorage.setItem("millrace.resend", JSON.stringify({
    key: button.dataset.recordKey, value: button.dataset.recordValue, headers: button.dataset.recordHeaders }));
  location.assign(button.dataset.resend ?? "/produce");
}

customElements.define("mr-records", RecordScan);
