// Strong words and code in a line of Markdown; everything else stays text.

import { html } from "./lib.js";

/** Give a line as templates: **strong words** and `code`. */
export function inline(text) {
  return String(text ?? "").split(/(\*\*[^*]+\*\*|`[^`]+`)/).map((part) => {
    if (/^\*\*.+\*\*$/.test(part)) return html`<strong>${part.slice(2, -2)}</strong>`;
    if (/^`.+`$/.test(part)) return html`<code>${part.slice(1, -1)}</code>`;
    return part;
  });
}
