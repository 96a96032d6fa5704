// The fields of a type, each with its type, whether it must be there, and its meaning.

import { inline } from "../inline.js";
import { html, nothing } from "../lib.js";
import { allowedTemplate, fieldId, typeTemplate } from "./types.js";

/** The fields of a schema. `owner`: the name of its type, by which its fields can be linked. */
export function fieldsList(schema, owner) {
  const fields = Object.entries(schema.properties ?? {});
  if (!fields.length) return html`<p class="muted">It has no fields of its own.</p>`;
  const required = new Set(schema.required ?? []);
  return html`<dl class="field-list">${fields.map(([name, field]) => html`
    <div id=${owner ? fieldId(owner, name) : nothing} tabindex=${owner ? "-1" : nothing}>
      <dt><code>${name}</code> <span class="type">${typeTemplate(field)}</span>
        ${required.has(name) ? html`<span class="must">must be there</span>` : nothing}</dt>
      <dd>${inline(field.description)}${defaultText(field)}${allowedTemplate(field)}</dd>
    </div>`)}</dl>`;
}

function defaultText({ default: value }) {
  return value === undefined || value === null ? "" : ` (${JSON.stringify(value)} where it is missing)`;
}
