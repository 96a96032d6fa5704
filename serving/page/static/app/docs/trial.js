// A form that sends a request of one address to this service, with the same request for curl.

import { ServiceError } from "../api.js";
import { readDraft, writeDraft } from "../drafts.js";
import { areaField, selectField, textField } from "../fields.js";
import { html, nothing } from "../lib.js";
import { actionButton, busy } from "../parts.js";
import { Task } from "../task.js";
import { copyText } from "./copy.js";

/** Characters of an answer that are shown. */
const MOST_SHOWN = 60_000;

export class Trial {
  constructor(page, operation) {
    Object.assign(this, { page, operation, answer: null, fault: undefined });
    const [first] = Object.keys(operation.examples ?? {});
    this.draft = readDraft(`docs.${operation.id}`, { example: first, body: null, values: {} });
    this.sending = new Task(() => page.draw());
  }

  get body() {
    return this.draft.body ?? this.exampleText(this.draft.example);
  }

  exampleText(name) {
    const example = this.operation.examples[name];
    return example ? JSON.stringify(example.value, null, 2) : "";
  }

  change(part) {
    this.draft = { ...this.draft, ...part };
    this.fault = undefined;
    writeDraft(`docs.${this.operation.id}`, this.draft);
    this.page.draw();
  }

  /** The address with its parameters, relative to this page; null where one is missing. */
  get address() {
    const values = this.draft.values;
    const query = new URLSearchParams();
    let { path } = this.operation;
    for (const { name, in: place } of this.operation.about.parameters ?? []) {
      const value = (values[name] ?? "").trim();
      if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(value) || `{${name}}`);
      else if (value) query.set(name, value);
    }
    return `${path.slice(1)}${query.size ? `?${query}` : ""}`;
  }

  get curl() {
    const address = new URL(this.address, document.baseURI).href;
    const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
    if (!this.operation.bodySchema) return `curl -s ${quoted(address)}`;
    return `curl -s ${quoted(address)} \\\n  -H 'Content-Type: application/json' \\\n  -d ${quoted(this.body)}`;
  }

  /** What is sent; throws where it is no JSON. Nothing that is only tried is kept in the ledger. */
  readBody() {
    if (!this.operation.bodySchema) return undefined;
    const body = JSON.parse(this.body);
    const mayKeep = this.operation.bodySchema.properties.keep && !("campaign" in body);
    return mayKeep ? { keep: false, ...body } : body;
  }

  async send(event) {
    event.preventDefault();
    let body;
    try {
      body = this.readBody();
    } catch (error) {
      this.fault = `This is no JSON: ${error.message}`;
      this.page.draw();
      document.getElementById(`${this.operation.id}-body`).focus();
      return;
    }
    this.answer = null;
    const answer = await this.sending.run((signal) => this.ask(body, signal));
    if (answer === undefined) return;
    this.answer = answer;
    this.page.draw();
    this.page.announce(answer.title);
  }

  /** The answer as {title, text, isRefusal}. */
  async ask(body, signal) {
    const { method } = this.operation;
    const began = performance.now();
    try {
      const response = await this.page.api.call(this.address, { method, body, signal });
      const text = await response.text();
      const seconds = ((performance.now() - began) / 1000).toFixed(2);
      return { title: `Answered with ${response.status} after ${seconds} seconds.`, text: readable(text) };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      const title = error.status ? `Refused with ${error.status}: ${error.message}` : error.message;
      return { title, text: error.body ? JSON.stringify(error.body, null, 2) : "", isRefusal: true };
    }
  }

  template() {
    const { operation } = this;
    return html`<h4>Try it</h4>
      <form @submit=${(event) => this.send(event)} novalidate>
        ${this.parameterFields()}
        ${operation.bodySchema ? this.bodyFields() : nothing}
        <div class="actions">${actionButton({ label: "Send to this service", isBusy: this.sending.isRunning })}
          ${operation.bodySchema ? html`<button type="button" class="quiet" @click=${() => copyText(this.body, this.page)}>Copy the body</button>` : nothing}
          <button type="button" class="quiet" @click=${() => copyText(this.curl, this.page)}>Copy as curl</button></div>
        ${this.sending.isRunning ? busy("Waiting for the answer …") : nothing}
      </form>
      ${this.answer ? answerTemplate(this.answer, operation.label) : nothing}
      <details><summary>The same with curl</summary>
        <pre tabindex="0" role="region" aria-label="curl command for ${operation.label}">${this.curl}</pre></details>`;
  }

  parameterFields() {
    const parameters = this.operation.about.parameters ?? [];
    if (!parameters.length) return nothing;
    return html`<div class="fields">${parameters.map(({ name, required, schema }) => {
      const about = {
        id: `${this.operation.id}-${name}`,
        label: required ? name : `${name} (may stay empty)`,
        value: this.draft.values[name] ?? "",
        onInput: (value) => this.change({ values: { ...this.draft.values, [name]: value } }),
      };
      return schema.enum
        ? selectField({ ...about, options: ["", ...schema.enum].map((value) => [value, value || "any"]) })
        : textField(about);
    })}</div>`;
  }

  bodyFields() {
    const names = Object.keys(this.operation.examples);
    const keeps = this.operation.bodySchema.properties.keep;
    return html`${names.length > 1 ? selectField({
      id: `${this.operation.id}-example`, label: "Example", value: this.draft.example,
      options: names.map((name) => [name, this.operation.examples[name].summary ?? name]),
      onInput: (example) => this.change({ example, body: null }),
    }) : nothing}
    ${areaField({
      id: `${this.operation.id}-body`, label: "Body, JSON", rows: 12, value: this.body, fault: this.fault,
      hint: keeps ? "Sent with \"keep\": false unless it names a campaign or says otherwise: the ledger keeps nothing that is only tried." : undefined,
      onInput: (body) => this.change({ body }),
    })}`;
  }
}

/** JSON with line breaks; any other text as it is. */
function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function answerTemplate({ title, text, isRefusal }, label) {
  const isCut = text.length > MOST_SHOWN;
  return html`<div class="answer ${isRefusal ? "notice bad" : ""}"><p><strong>${title}</strong></p>
    ${text ? html`<pre tabindex="0" role="region" aria-label="Answer of ${label}">${text.slice(0, MOST_SHOWN)}</pre>` : nothing}
    ${isCut ? html`<p class="muted">These are the first ${MOST_SHOWN.toLocaleString("en-US")} of ${text.length.toLocaleString("en-US")} characters.</p>` : nothing}</div>`;
}
