// One type: what it is, and its fields.

import { inline } from "../inline.js";
import { html } from "../lib.js";
import { fieldsList } from "./fields_list.js";
import { typeId } from "./types.js";

export function typeSection(name, schema) {
  return html`<details class="docs-part" id=${typeId(name)}>
    <summary><h3><code>${name}</code></h3></summary>
    <p>${inline(schema.description)}</p>
    ${fieldsList(schema, name)}
  </details>`;
}
