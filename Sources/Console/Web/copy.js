// @ts-check
// <div class="snippet"><pre>: a button that copies what is written there.
import { announce, element } from "./dom.js";

/** @param {ParentNode} root */
export function enhanceCopying(root) {
  for (const snippet of root.querySelectorAll(".snippet")) {
    const text = snippet.querySelector("pre");
    if (!text) continue;
    const button = element("button", { type: "button" }, "Copy");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent ?? "");
        button.textContent = "Copied";
        announce("Copied");
      } catch {
        // Plain HTTP from another machine has no clipboard: select it instead.
        getSelection()?.selectAllChildren(text);
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    snippet.append(button);
  }
}
