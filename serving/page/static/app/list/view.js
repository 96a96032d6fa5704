// A list of creators: how it is read, and who is worth the fee.

import { html, render } from "../lib.js";

/** Show the part in `root`; `app`: see main.js. */
export function mount(root, app) {
  render(html`<h1 id="list-title">A list</h1>`, root);
}
