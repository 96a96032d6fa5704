// A list of readings, as a file or as pasted cells: how the service reads it, and the partnerships
// that it makes of it.

import { ServiceError } from "../api.js";
import { areaField, selectField, textField } from "../fields.js";
import { count, plural } from "../format.js";
import { classMap, html, nothing } from "../lib.js";
import { base64Of, sizeFault } from "../list/file.js";
import { busy, notice, table } from "../parts.js";
import { Task, taskError } from "../task.js";

/** What the form holds at first; `columns`: column of the list -> what it is read as. */
export const EMPTY_LIST = { name: "", text: "", base64: "", platform: "", decimal: "", dates: "", columns: {}, campaign: "" };
const DECIMALS = [["", "As found"], [".", "1,234.5"], [",", "1.234,5"]];
const DATES = [["", "As found"], ["true", "Day first: 31/12/2026"], ["false", "Month first: 12/31/2026"]];
const EXAMPLE = "partnership_id,platform,post_id,posted_at,observed_at,likes,comments,shares\n" +
  "autumn-1,tiktok,v1,2026-10-01 10:00,2026-10-02 10:00,800,41,60";
/** How a column that is unclear is settled, by what settles it. */
const REMEDIES = {
  decimal: "Choose the kind of numbers under “How the list is to be read”.",
  dates: "Choose the order of dates under “How the list is to be read”.",
  column: "Choose below what it is.",
};
/** Rejected rows that are shown. */
const MOST_REJECTED = 50;

export class ReadingList {
  constructor(app, draw, draft, keep) {
    Object.assign(this, { app, draw, draft, keep });
    this.task = new Task(draw);
    this.read = null;
    this.fault = undefined;
    this.isOver = false;
  }

  get isReading() {
    return this.task.isRunning;
  }

  change(update) {
    this.draft = { ...this.draft, ...update };
    if (!("campaign" in update)) this.read = null;
    this.fault = undefined;
    this.keep(this.draft);
  }

  /** Give the partnerships of the list, undefined where it cannot be read. */
  async partnerships() {
    const { draft } = this;
    if (!draft.base64 && !draft.text.trim()) {
      return this.refuse("Choose a file, or paste the cells of a sheet with its header.");
    }
    this.fault = undefined;
    this.read ??= await this.task.run((signal) => this.ask(signal));
    if (!this.read) return this.fault && this.refuse(this.fault);
    const { read, usable } = this.read.counts;
    this.app.announce(`${plural(usable, "row")} of ${read} can be used.`);
    return this.read.partnerships.length ? this.read.partnerships : undefined;
  }

  /** Ask how the list is read; what is wrong with the list itself is told at its field. */
  async ask(signal) {
    try {
      return await this.app.api.post("v1/lists/read", this.question(), { signal });
    } catch (error) {
      if (!(error instanceof ServiceError) || ![400, 413, 422].includes(error.status)) throw error;
      this.fault = error.errors.map(({ what, expected }) => sentence(what, expected)).join(" ") || error.message;
      return null;
    }
  }

  refuse(fault) {
    this.fault = fault;
    this.draw();
    document.getElementById("readings-text")?.focus();
    return undefined;
  }

  question() {
    const { name, text, base64, platform, decimal, dates, columns } = this.draft;
    const sheet = { columns };
    if (platform) sheet.platform = platform;
    if (decimal) sheet.decimal = decimal;
    if (dates) sheet.day_first = dates === "true";
    return { use: "track", file: base64 ? { name, base64 } : { name: "pasted", text }, sheet };
  }

  /** Take the file of an input, which is then empty again: the same file may be chosen anew. */
  async takeFrom(input) {
    const [file] = input.files;
    await this.take(file);
    input.value = "";
  }

  async take(file) {
    if (!file) return;
    this.fault = sizeFault(file, this.app.service.limits, "track");
    if (this.fault) {
      this.refuse(this.fault);
      return;
    }
    this.change({ name: file.name, base64: await base64Of(file), text: "", columns: {} });
    this.app.announce(`${file.name} is chosen.`);
  }

  view() {
    const { draft, app } = this;
    const set = (name) => (value) => this.change({ [name]: value });
    return html`
      ${this.sourceView()}
      <details ?open=${Boolean(this.read?.columns.some((one) => one.ambiguous))}><summary>How the list is to be read</summary><div class="fields">
        ${selectField({ id: "readings-platform", label: "Platform of rows that name none", value: draft.platform, onInput: set("platform"),
          options: [["", "None"], ...app.service.platforms.map((one) => [one.name, one.label])] })}
        ${selectField({ id: "readings-decimal", label: "Numbers", value: draft.decimal, onInput: set("decimal"), options: DECIMALS })}
        ${selectField({ id: "readings-dates", label: "Dates", value: draft.dates, onInput: set("dates"), options: DATES })}
      </div></details>
      ${app.service.has_ledger ? textField({ id: "readings-campaign", label: "Campaign", value: draft.campaign, onInput: set("campaign"),
        hint: "Keeps these forecasts under the name, to compare them later. Where empty, nothing is kept." }) : nothing}
      ${this.isReading ? busy("Reading the list …") : nothing}
      ${taskError(this.task, () => this.partnerships().then(() => this.draw()))}
      ${this.read ? this.readView() : nothing}`;
  }

  sourceView() {
    const { draft } = this;
    const over = (isOver) => (event) => {
      event.preventDefault();
      this.isOver = isOver;
      this.draw();
    };
    const drop = (event) => {
      over(false)(event);
      this.take(event.dataTransfer.files[0]);
    };
    const text = areaField({
      id: "readings-text", label: "Or paste the cells of a sheet, with the header", rows: 6, placeholder: EXAMPLE,
      value: draft.text, fault: this.fault, onInput: (value) => this.change({ text: value, base64: "", name: "", columns: {} }),
      hint: "A row for each reading of a post: platform, posted_at, observed_at, likes, comments, shares, views; if known partnership_id, post_id, deliverables, goal_engagements. Usual headers in several languages are known.",
    });
    return html`<div class=${classMap({ drop: true, over: this.isOver })} @dragover=${over(true)} @dragleave=${over(false)} @drop=${drop}>
      <div class="field"><label for="readings-file">A file, CSV or XLSX</label>
        <input id="readings-file" type="file" accept=".csv,.tsv,.txt,.xlsx,.gz" @change=${(event) => this.takeFrom(event.target)}>
        ${draft.base64 ? html`<p class="hint">Chosen: <bdi>${draft.name}</bdi>
          <button type="button" class="link" @click=${() => this.change({ base64: "", name: "", columns: {} })}>Remove it</button></p>` : nothing}
      </div>
      ${text}</div>`;
  }

  readView() {
    const { counts, notes, rejected } = this.read;
    const blank = counts.blank ? ` ${plural(counts.blank, "line")} without any value besides.` : "";
    return html`<section class="card" aria-label="How the list was read">
      <p><strong>${plural(counts.read, "row")} read: ${count(counts.usable)} can be used, ${count(counts.rejected)} cannot.</strong>${blank}</p>
      ${notes.length ? html`<ul>${notes.map((text) => html`<li>${text}</li>`)}</ul>` : nothing}
      ${this.columnsView()}
      ${rejected.length ? rejectedView(rejected) : nothing}
      ${this.read.partnerships.length ? nothing : notice("No post of the list can be followed.", "bad")}
    </section>`;
  }

  /** What each column was read as, to be corrected. */
  columnsView() {
    const { columns, choices } = this.read;
    const options = [["-", "Not read"], ...choices.map((one) => [one.name, one.name])];
    const correct = (source) => (value) => this.change({ columns: { ...this.draft.columns, [source]: value } });
    const unclear = columns.filter((one) => one.ambiguous);
    return html`
      ${unclear.map((one) => notice(`${one.source}: ${one.ambiguous}. Its unclear values are not used. ${REMEDIES[one.settled_by] ?? ""}`))}
      <details><summary>What each column was read as</summary>
        <p class="hint">Choose another where one is wrong, and press Forecast again.</p>
        <div class="fields">${columns.map((one, place) => selectField({
          id: `readings-column-${place}`, label: one.source || "(no name)", value: one.column ?? "-",
          options, onInput: correct(one.source), hint: one.samples.slice(0, 2).join(", "),
        }))}</div></details>`;
  }
}

function sentence(what, expected) {
  return `The list ${what}${expected ? `: expected ${expected}` : ""}.`;
}

function rejectedView(rejected) {
  const shown = rejected.slice(0, MOST_REJECTED);
  const more = rejected.length - shown.length;
  const reasons = (row) => row.faults.map(faultText).join("; ");
  return html`<details open><summary>Rows that cannot be used</summary>
    ${table({
      caption: "Rows that cannot be used", head: ["Line", "Why", "The row"],
      rows: shown.map((row) => [row.line, reasons(row), row.cells.filter(Boolean).join(", ")]),
    })}
    ${more ? html`<p class="muted">And ${plural(more, "further row")}. The command writes them all to a file: creatorcast track FILE --out ANSWERS.csv</p>` : nothing}
  </details>`;
}

function faultText({ column, value, reason }) {
  return [column && `${column}${value ? ` ${value}` : ""}`, reason].filter(Boolean).join(": ");
}
