// A choice between views, as buttons side by side.

import { html } from "../lib.js";

/** `options`: [name, text] pairs; `choose(name)` is told which one was pressed. */
export function switchOf(label, options, chosen, choose) {
  return html`<div class="switch" role="group" aria-label=${label}>${options.map(([name, text]) => html`
    <button type="button" class="quiet" aria-pressed=${name === chosen ? "true" : "false"}
      @click=${() => choose(name)}>${text}</button>`)}</div>`;
}
