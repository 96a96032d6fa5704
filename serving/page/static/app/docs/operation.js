// One address: what it takes, what it answers, when it refuses, and a form to try it.

import { inline } from "../inline.js";
import { html, nothing } from "../lib.js";
import { fieldsList } from "./fields_list.js";
import { Trial } from "./trial.js";
import { allowedTemplate, nameOfType, typeTemplate } from "./types.js";

export class Operation {
  constructor(page, path, method, about) {
    Object.assign(this, { page, path, method: method.toUpperCase(), about });
    this.id = `op-${about.operationId}`;
    this.trial = new Trial(page, this);
  }

  get label() {
    return `${this.method} ${this.path}`;
  }

  /** The schema of the body, null where it takes none. */
  get bodySchema() {
    const content = this.about.requestBody?.content["application/json"];
    return content ? this.resolve(content.schema) : null;
  }

  get examples() {
    return this.about.requestBody?.content["application/json"].examples ?? {};
  }

  resolve(schema) {
    const name = nameOfType(schema);
    return name ? this.page.document.components.schemas[name] : schema;
  }

  template() {
    const { about } = this;
    return html`<details class="docs-part" id=${this.id}>
      <summary><h3><span class="method ${this.method.toLowerCase()}">${this.method}</span> <code>${this.path}</code></h3>
        <span class="muted">${about.summary}</span></summary>
      ${about.description ? html`<p>${inline(about.description)}</p>` : nothing}
      ${this.parameters()}
      ${this.body()}
      ${this.answer()}
      ${this.refusals()}
      ${this.trial.template()}
    </details>`;
  }

  parameters() {
    const { parameters } = this.about;
    if (!parameters?.length) return nothing;
    return html`<h4>Parameters</h4><dl class="field-list">${parameters.map((one) => html`<div>
      <dt><code>${one.name}</code> <span class="type">${typeTemplate(one.schema)}</span>
        <span class="muted">in the ${one.in === "path" ? "address" : one.in}</span>
        ${one.required ? html`<span class="must">must be there</span>` : nothing}</dt>
      <dd>${inline(one.description)}${allowedTemplate(one.schema)}</dd></div>`)}</dl>`;
  }

  body() {
    const content = this.about.requestBody?.content["application/json"];
    if (!content) return nothing;
    return html`<h4>Body: ${typeTemplate(content.schema)}</h4>${fieldsList(this.bodySchema)}`;
  }

  answer() {
    const { description, content = {} } = this.about.responses["200"];
    return html`<h4>Answer</h4><p>${description}.</p>
      ${Object.entries(content).map(([media, { schema }]) => html`<p><code>${media}</code>: ${typeTemplate(schema)}</p>
        ${nameOfType(schema) ? html`<details><summary>Fields of the answer</summary>${fieldsList(this.resolve(schema))}</details>` : nothing}`)}`;
  }

  refusals() {
    const refused = Object.entries(this.about.responses).filter(([status]) => status !== "200");
    return html`<details><summary>When it refuses</summary>
      <p>Each is an <a href="#type-Error">Error</a> with the place, the fault and what is right.</p>
      <dl class="field-list">${refused.map(([status, { description }]) => html`<div>
        <dt><code>${status}</code></dt><dd>${inline(description)}</dd></div>`)}</dl></details>`;
  }
}
