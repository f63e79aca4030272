// @ts-check
// Login and logout.
import { ask } from "./api.js";
import { say } from "./forms.js";

/** @param {Document} root */
export function enhanceSession(root) {
  root.querySelector("[data-logout]")?.addEventListener("click", async () => {
    try { await ask("POST", "/api/v1/logout"); } finally { location.assign("/login"); }
  });
  for (const form of root.querySelectorAll("form[data-login]")) if (form instanceof HTMLFormElement) enhanceLogin(form);
}

/** @param {HTMLFormElement} form */
function enhanceLogin(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = new FormData(form);
    const token = String(fields.get("token") ?? "").trim();
    const body = token ? { token } : { user: fields.get("user"), password: fields.get("password") };
    say(form, "…");
    try {
      await ask("POST", "/api/v1/login", body);
      location.assign(safe(String(fields.get("next") ?? "/")));
    } catch (error) {
      say(form, error instanceof Error ? error.message : String(error), "bad");
    }
  });
}

/** Only a path of this server. @param {string} next */
function safe(next) {
  return /^\/(?![/\\])/.test(next) ? next : "/";
}
