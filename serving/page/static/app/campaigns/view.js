// Posts that are online: where they will land; and what came of forecasts.

import { html, render } from "../lib.js";

/** Show the part in `root`; `app`: see main.js. */
export function mount(root, app) {
  render(html`<h1 id="campaigns-title">Running campaigns</h1>`, root);
}
