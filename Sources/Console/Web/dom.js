// @ts-check
// Makes elements. Text is only ever text: nothing here or elsewhere in the console assigns markup.

/**
 * @param {string} name
 * @param {Record<string, string | boolean | EventListener>} [attributes] `true` is an attribute without a value, `false` none;
 *     a function is a listener, for example of `click`
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** Control characters by their pictures, marks that turn the direction of text by their code: as the server writes them.
 * @param {string} text */
export function visible(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\u007f/g, "\u2421")
    .replace(/[\u0080-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
      (c) => `\u27e8U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}\u27e9`);
}

/** Says something to everybody, screen readers included. @param {string} text */
export function announce(text) {
  let place = document.getElementById("announcer");
  if (!place) {
    place = element("div", { id: "announcer", class: "sr", role: "status", "aria-live": "polite" });
    document.body.append(place);
  }
  place.textContent = text;
}

/** @param {number} value */
export function count(value) {
  return value < 10000 ? String(value) : String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}
