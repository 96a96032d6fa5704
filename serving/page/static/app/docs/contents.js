// The table of contents, and the search for addresses, types and fields.

import { textField } from "../fields.js";
import { plural } from "../format.js";
import { inline } from "../inline.js";
import { html, nothing } from "../lib.js";
import { fieldId, typeId } from "./types.js";

/** Results that are shown; how many more there are is told. */
const MOST_RESULTS = 40;

export class Contents {
  constructor(page) {
    this.page = page;
    this.text = "";
    this.entries = [...this.listEntries()];
  }

  /** Everything that can be found: {label, note, href, text}. */
  *listEntries() {
    for (const one of this.page.operations) {
      yield entry(one.label, one.about.summary, one.id, one.about.description);
    }
    for (const [name, schema] of Object.entries(this.page.document.components.schemas)) {
      yield entry(name, schema.description, typeId(name));
      for (const [field, { description }] of Object.entries(schema.properties ?? {})) {
        yield entry(`${name}.${field}`, description, fieldId(name, field));
      }
    }
  }

  find() {
    const words = this.text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return null;
    const last = (label) => label.toLowerCase().split(".").at(-1);
    const rank = ({ label }) => (last(label) === words[0] ? 0 : last(label).includes(words[0]) ? 1 : 2);
    return this.entries.filter(({ text }) => words.every((word) => text.includes(word)))
      .sort((a, b) => rank(a) - rank(b));
  }

  search(text) {
    this.text = text;
    this.page.draw();
  }

  template() {
    const found = this.find();
    return html`<div class="docs-contents">
      <div role="search">${textField({
        id: "docs-search", label: "Search addresses, types and fields", type: "search",
        value: this.text, onInput: (text) => this.search(text),
      })}
        <p class="hint" role="status">${found === null ? "" : found.length ? `${plural(found.length, "place")} found` : "Nothing found: try another word."}</p>
        ${found?.length ? results(found) : nothing}
      </div>
      <details class="toc" open><summary>Contents</summary>
        <nav aria-label="Contents"><ul>
          ${this.page.operations.map((one) => html`<li><a href="#${one.id}">${one.label}</a></li>`)}
          <li><a href="#types">Types</a></li>
        </ul></nav>
      </details>
    </div>`;
  }
}

function entry(label, note, id, more = "") {
  const text = `${label} ${note ?? ""} ${more ?? ""}`.toLowerCase();
  return { label, note, href: `#${id}`, text };
}

function results(found) {
  const rest = found.length - MOST_RESULTS;
  return html`<ul class="results" aria-label="Found">${found.slice(0, MOST_RESULTS).map(({ label, note, href }) => html`
    <li><a href=${href}>${label}</a> <span class="muted">${inline(note)}</span></li>`)}</ul>
    ${rest > 0 ? html`<p class="hint">${rest} more: add a word to see them.</p>` : nothing}`;
}
