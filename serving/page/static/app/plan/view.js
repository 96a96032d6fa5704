// Whom to sign within a budget.

import { html, render } from "../lib.js";

/** Show the part in `root`; `app`: see main.js. */
export function mount(root, app) {
  render(html`<h1 id="plan-title">A plan</h1>`, root);
}
