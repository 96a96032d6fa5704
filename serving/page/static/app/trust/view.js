// How good the forecasts are, by the record.

import { html, render } from "../lib.js";

/** Show the part in `root`; `app`: see main.js. */
export function mount(root, app) {
  render(html`<h1 id="trust-title">How good is it?</h1>`, root);
}
