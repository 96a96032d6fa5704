// A list of creators: how it is read, and who is worth the fee.

import { ServiceError } from "../api.js";
import { sharedScale } from "../charts/range.js";
import { readDraft, removeDraft, writeDraft } from "../drafts.js";
import { areaField, checkField, selectField, textField } from "../fields.js";
import { count, plural } from "../format.js";
import { html, nothing, render } from "../lib.js";
import { busy, notice } from "../parts.js";
import { Task, taskError } from "../task.js";
import { columnsOf, sorted } from "./columns.js";
import { details } from "./details.js";
import { EXAMPLE, base64Of, sizeFault, stem } from "./file.js";
import { reading, rejectedRows } from "./reading.js";
import { RowTable } from "./table.js";

const DRAFT = "list";
const EMPTY = { name: "", text: "", base64: "", sheet: {}, campaign: "", rankBy: "" };
/** Letters from which on pasted cells are counted instead of shown: a field of text would be slow. */
const LONG = 20_000;
const FILES = [
  { answer: "xlsx", label: "Workbook (XLSX)", ending: "scored.xlsx" },
  { answer: "csv", label: "CSV", ending: "scored.csv" },
  { answer: "report", label: "Report for the client", ending: "report.html" },
  { answer: "report", label: "Report without fees", ending: "report-without-fees.html", hide_fees: true },
];

/** Show the part in `root`; `app`: see main.js. */
export function mount(root, app) {
  new ListView(root, app).start();
}

class ListView {
  constructor(root, app) {
    Object.assign(this, { root, app, answer: null, scores: null, fault: "", isKept: true });
    this.draft = readDraft(DRAFT, EMPTY);
    const draw = () => this.draw();
    this.readingTask = new Task(draw);
    this.scoring = new Task(draw);
    this.downloading = new Task(draw);
    this.explaining = new Task(() => this.drawDialog());
    this.table = new RowTable((id) => this.sortBy(id));
    this.filter = { text: "", platform: "", verdict: "" };
    this.shown = null;
    this.dialog = document.createElement("dialog");
    this.dialog.className = "list-dialog";
    this.dialog.setAttribute("aria-labelledby", "list-row-title");
  }

  start() {
    this.page = document.createElement("div");
    this.root.append(this.page, this.dialog);
    this.draw();
    if (this.hasList) this.read();
  }

  get hasList() {
    return Boolean(this.draft.base64 || this.draft.text.trim());
  }

  /** The list as requests bring it. */
  get file() {
    const { name, text, base64 } = this.draft;
    return base64 ? { name, base64 } : { name: "pasted", text };
  }

  keep(changes) {
    Object.assign(this.draft, changes);
    this.isKept = writeDraft(DRAFT, this.draft);
    if (!this.isKept) removeDraft(DRAFT);
  }

  /** Take another list: what was read of the one before goes. */
  take(changes) {
    this.scoring.cancel();
    Object.assign(this, { answer: null, scores: null, fault: "" });
    this.keep({ name: "", text: "", base64: "", sheet: {}, ...changes });
    this.draw();
  }

  typed(text) {
    this.readingTask.cancel();
    this.take({ text });
  }

  /** Take pasted cells at once where they are too many to be shown. */
  pasted(event) {
    const text = event.clipboardData.getData("text");
    if (text.length <= LONG) return;
    event.preventDefault();
    this.take({ text });
    this.read();
  }

  async choose(file) {
    if (!file) return;
    this.fault = sizeFault(file, this.app.service.limits) ?? "";
    if (this.fault) return this.draw();
    try {
      this.take({ name: file.name, base64: await base64Of(file) });
    } catch (error) {
      this.fault = error.message;
      return this.draw();
    }
    return this.read();
  }

  async read() {
    if (!this.hasList) {
      this.fault = "There is no list yet. Paste one, or choose a file.";
      return this.draw();
    }
    this.fault = "";
    const { sheet } = this.draft;
    const answer = await this.readingTask.run((signal) =>
      this.app.api.post("v1/lists/read", { file: this.file, use: "score", sheet }, { signal }));
    if (!answer) return undefined;
    Object.assign(this, { answer, scores: null });
    this.scoring.cancel();
    const { partnerships } = answer;
    this.app.hand("list", { name: this.draft.name || "pasted", partnerships, sheet, file: this.file });
    this.app.noteModel(answer.model_version);
    const { read, usable, rejected } = answer.counts;
    this.app.announce(`${plural(read, "row")} read: ${count(usable)} can be scored, ${count(rejected)} cannot.`);
    return this.draw();
  }

  correct(sheet) {
    this.keep({ sheet });
    this.read();
  }

  async score() {
    const { campaign, rankBy, sheet } = this.draft;
    const body = { file: this.file, sheet, ...(rankBy && { rank_by: rankBy }), ...(campaign.trim() && { campaign: campaign.trim() }) };
    this.progress = { read: 0 };
    this.scores = null;
    this.app.announce("Scoring has begun.");
    const scores = await this.scoring.run((signal) => this.receive(body, signal));
    if (!scores) return;
    this.scores = scores;
    this.shown = null;
    const { scored, rejected } = scores.counts;
    this.app.announce(`${plural(scored, "row")} scored, ${count(rejected)} rejected.`);
    this.arrange();
    this.draw();
    this.root.querySelector("#list-scored")?.focus();
    await this.askWhichModel();
  }

  /** Give all lines of the answer as one; a part that is missing is an error. */
  async receive(body, signal) {
    const rows = [];
    const rejected = [];
    let head;
    for await (const line of this.app.api.lines("v1/lists/score", body, { signal })) {
      if (line.kind === "error") throw new ServiceError(line.errors.map((one) => `${one.where} ${one.what}.`).join(" "), line);
      if (line.kind === "begin") head = line;
      if (line.kind === "rows") {
        rows.push(...line.rows);
        rejected.push(...line.rejected);
        this.progress = { read: line.read };
        this.draw();
      }
      if (line.kind === "end") return this.whole(head, rows, rejected, line);
    }
    throw new ServiceError("The answer broke off: the service stopped meanwhile.");
  }

  whole(head, rows, rejected, end) {
    const known = new Map(this.answer.lines.map((line, place) => [line, this.answer.partnerships[place]]));
    const rank = new Map(end.ranking.order.map((place, number) => [place, number + 1]));
    rows.forEach((row, place) => {
      const partnership = known.get(row.line) ?? {};
      const title = row.name || partnership.handle || row.creator_id || `Line ${row.line}`;
      Object.assign(row, { place, partnership, title, rank: rank.get(place) ?? null, followers: partnership.followers ?? null });
    });
    return { head, rows, rejected, ...end };
  }

  /** Ask which model answers now: the list stays of the one that scored it. */
  async askWhichModel() {
    try {
      const service = await this.app.api.get("v1/service");
      await this.app.noteModel(service.model_version);
    } catch {
      return;
    }
    this.draw();
  }

  /** Make the columns and the rows of the table anew. */
  arrange() {
    const { scores, app } = this;
    if (!this.shown) {
      const scale = sharedScale(scores.rows.map((row) => ({ low: row.engagements_p10, high: row.engagements_p90 })));
      this.columns = columnsOf({ service: app.service, header: scores.head.header, scale, open: (row) => this.open(row) });
      this.shown = new Set(this.columns.filter((one) => one.isShown).map((one) => one.id));
      this.sort = { id: "rank", direction: "ascending" };
    }
    const { text, platform, verdict } = this.filter;
    const wanted = text.trim().toLowerCase();
    const found = scores.rows.filter((row) =>
      (!platform || row.platform === platform) && (!verdict || (row.verdict ?? "none") === verdict)
      && (!wanted || `${row.title}\n${row.cells.join("\n")}`.toLowerCase().includes(wanted)));
    const column = this.columns.find((one) => one.id === this.sort.id);
    this.rows = sorted(found, column, this.sort.direction);
  }

  sortBy(id) {
    const column = this.columns.find((one) => one.id === id);
    const first = column.lowFirst ? "ascending" : "descending";
    const other = first === "ascending" ? "descending" : "ascending";
    this.sort = { id, direction: this.sort.id === id && this.sort.direction === first ? other : first };
    this.arrange();
    this.draw();
    this.app.announce(`In the order of ${column.label}, ${this.sort.direction}.`);
  }

  select(name, value) {
    this.filter[name] = value;
    this.arrange();
    this.app.announce(`${plural(this.rows.length, "row")} shown.`);
    this.draw();
  }

  toggle(id, isShown) {
    if (isShown) this.shown.add(id);
    else this.shown.delete(id);
    this.draw();
  }

  open(row) {
    Object.assign(this, { row, explained: null });
    this.drawDialog();
    this.dialog.showModal();
    this.explain();
  }

  async explain() {
    const { row } = this;
    const body = { partnerships: [row.partnership], keep: false, comparables: false, as_of: this.scores.head.as_of };
    const answer = await this.explaining.run((signal) => this.app.api.post("v1/explain", body, { signal }));
    if (!answer || row !== this.row) return;
    this.explained = answer.model_version === this.scores.head.model_version ? answer.results[0] : null;
    this.drawDialog();
  }

  drawDialog() {
    if (!this.row) return;
    render(details({ row: this.row, explained: this.explained, task: this.explaining, service: this.app.service,
      again: () => this.explain(), close: () => this.dialog.close() }), this.dialog);
  }

  download({ answer, ending, hide_fees = false }) {
    const body = { file: this.file, sheet: this.draft.sheet, answer, hide_fees,
      ...(this.draft.rankBy && { rank_by: this.draft.rankBy }), ...(this.scores && { as_of: this.scores.head.as_of }) };
    const name = `${stem(this.draft.name || "list")}.${ending}`;
    this.app.announce("The file is made.");
    return this.downloading.run((signal) => this.app.api.download("v1/lists/file", body, name, { signal }));
  }

  draw() {
    render(html`<h1 id="list-title">A list</h1>
      <p>Bring a list of creators as you keep it. You see how it is read, then who is worth the fee.</p>
      ${this.inputTemplate()}
      ${this.readingTask.isRunning ? busy("Reading the list …") : nothing}
      ${taskError(this.readingTask, () => this.read())}
      ${this.answer ? this.readTemplate() : nothing}
      ${this.scores ? this.scoresTemplate() : nothing}`, this.page);
    if (this.scores) {
      this.table.show(this.rows, this.columns.filter((one) => this.shown.has(one.id)), this.sort);
    }
  }

  inputTemplate() {
    const { draft } = this;
    const onDrop = (event) => {
      event.preventDefault();
      this.choose(event.dataTransfer.files[0]);
    };
    const onChange = (event) => {
      this.choose(event.target.files[0]);
      event.target.value = "";
    };
    return html`<section class="card" aria-label="Your list" @dragover=${(event) => event.preventDefault()} @drop=${onDrop}
      @paste=${(event) => this.pasted(event)}>
      ${draft.base64 || draft.text.length > LONG ? html`<p>${draft.base64 ? html`File: <b><bdi>${draft.name}</bdi></b>`
        : html`Pasted cells: <b>${plural(draft.text.trim().split("\n").length, "line")}</b>`}
        <button type="button" class="link" @click=${() => this.take({})}>Remove it</button></p>`
        : areaField({ id: "list-text", label: "Paste cells from a spreadsheet, with the names of the columns", rows: 6,
          value: draft.text, onInput: (text) => this.typed(text), fault: this.fault || undefined })}
      ${draft.base64 && this.fault ? html`<p class="fault" role="alert">${this.fault}</p>` : nothing}
      <div class="field"><label for="list-file">Or choose a file, or drop it here: CSV or XLSX</label>
        <input id="list-file" type="file" accept=".csv,.tsv,.txt,.xlsx,.xlsm,.gz" @change=${onChange}></div>
      ${this.isKept ? nothing : notice("This list is too large to be kept in this tab. After a reload it must be chosen again.")}
      <div class="actions"><button type="button" @click=${() => this.read()}>Read the list</button>
        ${this.hasList ? nothing : html`<button type="button" class="quiet" @click=${() => { this.take({ text: EXAMPLE }); this.read(); }}>Use an example list</button>`}</div>
    </section>`;
  }

  readTemplate() {
    const { answer, draft, app } = this;
    const isBusy = this.readingTask.isRunning;
    const rejected = this.scores?.rejected ?? answer.rejected;
    return html`${reading({ answer, sheet: draft.sheet, change: (sheet) => this.correct(sheet), platforms: app.service.platforms, isBusy })}
      ${rejectedRows({ rejected, isBusy: this.downloading.isRunning, download: () => this.download({ answer: "rejected", ending: "rejected.csv" }) })}
      ${this.scoreTemplate(isBusy)}`;
  }

  scoreTemplate(isBusy) {
    const { answer, draft, app } = this;
    const { usable, read } = answer.counts;
    const measures = [["", "The most for the money; engagements where no row has a fee"], ...app.service.measures.map((one) => [one.name, one.meaning])];
    return html`<h2>Score the list</h2><div class="fields">
      ${selectField({ id: "list-rank", label: "Best first by", value: draft.rankBy, options: measures, onInput: (rankBy) => { this.keep({ rankBy }); this.draw(); } })}
      ${app.service.has_ledger ? textField({ id: "list-campaign", label: "Campaign (optional)", value: draft.campaign,
        hint: "With a name the forecasts are kept, to compare them with what comes.", onInput: (campaign) => this.keep({ campaign }) }) : nothing}</div>
      ${taskError(this.scoring, () => this.score())}
      ${this.scoring.isRunning ? html`<div class="list-progress"><label for="list-progress">${count(this.progress.read)} of ${plural(read, "row")} done</label>
        <progress id="list-progress" max=${read} .value=${this.progress.read}></progress>
        <button type="button" class="quiet" @click=${() => { this.scoring.cancel(); app.announce("Scoring was cancelled."); }}>Cancel</button></div>`
        : html`<div class="actions"><button type="button" ?disabled=${!usable || isBusy} @click=${() => this.score()}>Score ${plural(usable, "row")}</button>
          <button type="button" class="quiet" ?disabled=${!usable || isBusy} @click=${() => app.go("plan")}>Make a plan of this list</button></div>`}`;
  }

  scoresTemplate() {
    const { scores, app, draft } = this;
    const { counts, head, ranking, ledger } = scores;
    const isOther = app.service.model_version !== head.model_version;
    return html`<h2 id="list-scored" tabindex="-1">Who is worth the fee</h2>
      <p data-scored>${plural(counts.read, "row")} read = ${count(counts.scored)} scored + ${count(counts.rejected)} rejected.
        Best first by: ${ranking.meaning} (${ranking.best}). Model <bdi>${head.model_version}</bdi>.
        ${ledger && draft.campaign.trim() ? html`Forecasts in the ledger: ${ledger}.` : nothing}</p>
      ${isOther ? html`<div class="notice"><p>Another model answers now (<bdi>${app.service.model_version}</bdi>). This list is whole of the model before.</p>
        <button type="button" class="quiet" @click=${() => this.score()}>Score again with the new model</button></div>` : nothing}
      <p>${app.service.verdicts.map((one) => [one, scores.rows.filter((row) => row.verdict === one.name).length])
        .filter(([, number]) => number).map(([one, number]) => `${one.mark} ${one.text}: ${count(number)}`).join(" · ")}</p>
      ${scores.notes.length ? html`<details><summary>Notes on the values</summary><ul>${scores.notes.map((note) => html`<li>${note}</li>`)}</ul></details>` : nothing}
      ${this.filterTemplate()}
      <p data-shown>${count(this.rows.length)} of ${plural(scores.rows.length, "row")} shown.</p>
      ${this.table.element}
      <h3>Files to forward</h3>
      <div class="actions">${FILES.map((file) => html`<button type="button" class="quiet" ?disabled=${this.downloading.isRunning}
        @click=${() => this.download(file)}>${file.label}</button>`)}</div>
      ${isOther ? notice("Files are made by the model that answers now. Score again, so that they are of the same model.") : nothing}
      ${this.downloading.isRunning ? busy("Making the file …") : nothing}
      ${taskError(this.downloading)}`;
  }

  filterTemplate() {
    const { scores, app, filter } = this;
    const present = new Set(scores.rows.map((row) => row.platform));
    const verdicts = [...app.service.verdicts.map((one) => [one.name, one.text]), ["none", "No verdict"]];
    return html`<div class="fields">
      ${textField({ id: "list-filter", label: "Show only rows with", type: "search", value: filter.text, onInput: (text) => this.select("text", text) })}
      ${selectField({ id: "list-only-platform", label: "Show only platform", value: filter.platform, onInput: (value) => this.select("platform", value),
        options: [["", "All"], ...app.service.platforms.filter((one) => present.has(one.name)).map((one) => [one.name, one.label])] })}
      ${selectField({ id: "list-only-verdict", label: "Show only verdict", value: filter.verdict, options: [["", "All"], ...verdicts],
        onInput: (value) => this.select("verdict", value) })}</div>
      <details><summary>Columns</summary><div class="list-choice">${this.columns.filter((one) => one.id !== "name").map((one) => checkField({
        id: `list-column-${one.id}`, label: one.isOwn ? `${one.label} (your list)` : one.label, value: this.shown.has(one.id),
        onInput: (value) => this.toggle(one.id, value) }))}</div></details>`;
  }
}
