// The description of the service for people, made of GET /v1/openapi.json.

import { Api, save } from "./api.js";
import { Contents } from "./docs/contents.js";
import { Operation } from "./docs/operation.js";
import { typeSection } from "./docs/type_section.js";
import { KeyQuestion } from "./key_dialog.js";
import { html, nothing, render } from "./lib.js";
import { busy } from "./parts.js";
import { Task, taskError } from "./task.js";

/** How long it is shown what a copy came to. */
const COPIED_MS = 4000;

const element = (id) => document.getElementById(id);

/** The page: what its parts share is as in main.js, `api` and `announce`. */
class DocsPage {
  constructor() {
    this.keyQuestion = new KeyQuestion(element("key-dialog"), () => this.draw());
    this.api = new Api({
      askForKey: (reason) => this.keyQuestion.ask(reason),
      onWaiting: (text) => {
        this.waiting = text;
        this.draw();
      },
    });
    this.document = null;
    this.operations = [];
    this.loading = new Task(() => this.draw());
    addEventListener("hashchange", () => this.showTarget());
  }

  announce(text) {
    element("announce").textContent = text;
  }

  /** Show for some seconds what a copy came to. */
  showCopied(text) {
    clearTimeout(this.copiedTimer);
    this.copied = text;
    this.announce(text);
    this.draw();
    this.copiedTimer = setTimeout(() => {
      this.copied = "";
      this.draw();
    }, COPIED_MS);
  }

  async load() {
    const found = await this.loading.run((signal) => this.api.get("v1/openapi.json", { signal }));
    if (!found) return;
    this.document = found;
    this.operations = Object.entries(found.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, about]) => new Operation(this, path, method, about)));
    this.contents = new Contents(this);
    this.draw();
    this.showTarget();
  }

  /** Open what the address names, and what it stands in, and go there. */
  showTarget() {
    const target = element(decodeURIComponent(location.hash.slice(1)));
    if (!target || !this.document) return;
    for (let at = target; at; at = at.parentElement) {
      if (at instanceof HTMLDetailsElement) at.open = true;
    }
    target.scrollIntoView();
    (target.querySelector("summary") ?? target).focus();
  }

  draw() {
    render(html`
      ${this.waiting ? html`<p class="notice" role="status">${this.waiting}</p>` : nothing}
      ${this.keyQuestion.notice()}
      ${taskError(this.loading, () => this.load())}`, element("notices"));
    render(html`<h1>The service over HTTP</h1>
      ${this.loading.isRunning ? busy("Reading the description …") : nothing}
      ${this.document ? this.content() : nothing}
      ${this.copied ? html`<p class="copied" aria-hidden="true">${this.copied}</p>` : nothing}`, element("main"));
  }

  content() {
    const { schemas } = this.document.components;
    return html`<p>${this.document.info.description}</p>
      ${introduction(new URL("v1/predict", document.baseURI).href)}
      <p><button type="button" class="link" @click=${() => this.saveDocument()}>Save this description as OpenAPI (JSON)</button></p>
      <div class="docs-layout">
        <div>${this.contents.template()}</div>
        <div>
          <section aria-labelledby="addresses"><h2 id="addresses">Addresses</h2>
            ${this.operations.map((operation) => operation.template())}</section>
          <section aria-labelledby="types"><h2 id="types">Types</h2>
            <p>What bodies and answers are made of.</p>
            <div class="docs-types">${Object.entries(schemas).sort(([a], [b]) => a.localeCompare(b)).map(([name, schema]) => typeSection(name, schema))}</div></section>
        </div>
      </div>`;
  }

  saveDocument() {
    const text = JSON.stringify(this.document, null, 1);
    save(new Blob([text], { type: "application/json" }), "creatorcast_openapi.json");
  }
}

function introduction(address) {
  return html`<ul>
    <li>Send JSON by POST with the header <code>Content-Type: application/json</code>, for instance to <code>${address}</code>.</li>
    <li>Where the service asks for a key, send it in the header <code>Authorization: Bearer KEY</code>.</li>
    <li>Times are ISO 8601 with a zone, shares are from 0 to 1, and what is not known is null: never 0.</li>
    <li>An error says where it is, what is wrong and what is right. One wrong partnership does not keep the others from an answer.</li>
    <li>At status 503 try again after the seconds of <code>Retry-After</code>.</li>
  </ul>`;
}

new DocsPage().load();
