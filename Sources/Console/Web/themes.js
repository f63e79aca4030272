// @ts-check
// The button that changes between light, dark and what the system says.

const names = /** @type {Record<string, string>} */ ({ system: "Theme: system", light: "Theme: light", dark: "Theme: dark" });
const order = ["system", "light", "dark"];

/** @param {Document} root */
export function enhanceThemes(root) {
  const button = root.querySelector("[data-theme-button]");
  if (!(button instanceof HTMLElement)) return;
  let theme = localStorage.getItem("millrace.theme") ?? "system";
  const show = () => { button.textContent = names[theme] ?? names.system; };
  button.hidden = false;
  button.addEventListener("click", () => {
    theme = order[(order.indexOf(theme) + 1) % order.length];
    if (theme === "system") {
      localStorage.removeItem("millrace.theme");
      delete document.documentElement.dataset.theme;
    } else {
      localStorage.setItem("millrace.theme", theme);
      document.documentElement.dataset.theme = theme;
    }
    show();
  });
  show();
}
