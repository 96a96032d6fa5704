// What one creator would bring: the forecast, the fee, and the reasons.

import { html, render } from "../lib.js";

/** Show the part in `root`; `app`: see main.js. */
export function mount(root, app) {
  render(html`<h1 id="creator-title">One creator</h1>`, root);
}
