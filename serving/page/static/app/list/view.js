// A list of creators: how it is read, and who is worth the fee.

import { ServiceError } from "../api.js";
import { sharedScale } from "../charts/range.js";
import { readDraft, removeDraft, writeDraft } from "../drafts.js";
import { areaField, checkField, selectField, textField } from "../fields.js";
import { count, date, plural } from "../format.js";
import { html, ifDefined, nothing, render } from "../lib.js";
import { actionButton, busy, notice } from "../parts.js";
import { Task, taskError } from "../task.js";
import { asOfChoice, momentOf } from "./as_of.js";
import { columnsOf, sorted } from "./columns.js";
import { details } from "./details.js";
import { EXAMPLE, base64Of, sizeFault, stem } from "./file.js";
import { notesOnRows, reading, rejectedRows, unclearNames } from "./reading.js";
import { RowTable } from "./table.js";

const DRAFT = "list";
const EMPTY = { name: "", text: "", base64: "", sheet: {}, campaign: "", rankBy: "", asOf: "", inUsd: false };
/** Seconds between looks whether a service that stopped is back, and how many there are. */
const [PAUSE, LOOKS] = [3, 200];
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
    Object.assign(this, { root, app, answer: null, scores: null, fault: "", fileFault: "", isKept: true });
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

  /** The moment of the forecast, where it is not now. */
  get moment() {
    return this.draft.asOf ? { as_of: momentOf(this.draft.asOf) } : {};
  }

  /** Take another list: what was read of the one before goes, and what was wrong with it. */
  take(changes) {
    this.scoring.cancel();
    this.readingTask.cancel();
    this.readingTask.error = this.scoring.error = this.downloading.error = null;
    Object.assign(this, { answer: null, scores: null, fault: "", fileFault: "" });
    this.keep({ name: "", text: "", base64: "", sheet: {}, asOf: "", ...changes });
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
    const fault = sizeFault(file, this.app.service.limits);
    if (fault) return this.refuse(file, fault);
    try {
      this.take({ name: file.name, base64: await base64Of(file) });
    } catch (error) {
      return this.refuse(file, error.message);
    }
    return this.read();
  }

  /** Tell why a file is not taken; the list before it stays. */
  refuse(file, fault) {
    this.fileFault = `${file.name}: ${fault}${this.hasList ? " The list before it stays." : ""}`;
    this.app.announce(this.fileFault);
    this.draw();
  }

  async read() {
    if (!this.hasList) {
      this.fault = "There is no list yet. Paste one, or choose a file.";
      return this.draw();
    }
    Object.assign(this, { fault: "", fileFault: "" });
    const { sheet, asOf } = this.draft;
    const answer = await this.readingTask.run((signal) =>
      this.app.api.post("v1/lists/read", { file: this.file, use: "score", sheet, ...this.moment }, { signal }));
    if (!answer) return undefined;
    Object.assign(this, { answer, scores: null, used: { sheet, asOf } });
    this.scoring.cancel();
    const { partnerships } = answer;
    this.app.hand("list", { name: this.draft.name || "pasted", partnerships, sheet, file: this.file, ...this.moment });
    this.app.noteModel(answer.model_version);
    const { read, usable, rejected } = answer.counts;
    this.app.announce(`${plural(read, "row")} read: ${count(usable)} can be scored, ${count(rejected)} cannot.`);
    return this.draw();
  }

  correct(sheet) {
    this.keep({ sheet });
    this.read();
  }

  answerAsOf(asOf) {
    this.keep({ asOf });
    this.read();
  }

  async readExample() {
    this.take({ text: EXAMPLE });
    await this.read();
    this.focusOn("#list-read");
  }

  remove() {
    this.take({});
    this.focusOn("#list-text");
  }

  focusOn(selector) {
    this.page.querySelector(selector)?.focus();
  }

  async score() {
    const { campaign, rankBy, sheet } = this.draft;
    const body = { file: this.file, sheet, ...this.moment, ...(rankBy && { rank_by: rankBy }), ...(campaign.trim() && { campaign: campaign.trim() }) };
    this.progress = { read: 0 };
    Object.assign(this, { scores: null, isBack: false });
    this.app.announce("Scoring has begun.");
    const work = this.scoring.run((signal) => this.receive(body, signal));
    this.focusOn("#list-cancel");
    const scores = await work;
    if (!scores) return this.awaitService();
    this.scores = scores;
    this.shown = null;
    const { scored, rejected } = scores.counts;
    this.app.announce(`${plural(scored, "row")} scored, ${count(rejected)} rejected.`);
    this.arrange();
    this.draw();
    this.root.querySelector("#list-scored")?.focus();
    await this.askWhichModel();
  }

  cancelScoring() {
    this.scoring.cancel();
    this.app.announce("Scoring was cancelled.");
    this.focusOn("#list-score button");
  }

  /** After the service stopped while it scored, find out when it is back. */
  async awaitService() {
    const { error } = this.scoring;
    if (!(error instanceof ServiceError) || error.status) return;
    for (let look = 0; look < LOOKS && this.scoring.error === error; look++) {
      const isBack = await this.app.api.get("v1/service").then(() => true, () => false);
      if (isBack && this.scoring.error === error) {
        this.isBack = true;
        this.app.announce("The service is back. Score the list again.");
        return this.draw();
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE * 1000));
    }
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
    const told = new Map();
    for (const name of rows.flatMap((row) => row.warnings)) told.set(name, (told.get(name) ?? 0) + 1);
    rows.forEach((row, place) => { // what few rows are warned of comes first
      const partnership = known.get(row.line) ?? {};
      const title = row.name || partnership.handle || row.creator_id || `Line ${row.line}`;
      row.warnings.sort((one, other) => told.get(one) - told.get(other));
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
    const scale = sharedScale(scores.rows.map((row) => ({ low: row.engagements_p10, high: row.engagements_p90 })));
    this.columns = columnsOf({ service: app.service, header: scores.head.header, scale, open: (row) => this.open(row), inUsd: this.draft.inUsd });
    if (!this.shown) {
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
      ...(this.draft.rankBy && { rank_by: this.draft.rankBy }), ...(this.scores ? { as_of: this.scores.head.as_of } : this.moment) };
    const name = `${stem(this.draft.name || "list")}.${ending}`;
    this.app.announce("The file is made.");
    return this.downloading.run((signal) => this.app.api.download("v1/lists/file", body, name, { signal }));
  }

  draw() {
    const held = this.page.contains(document.activeElement) ? document.activeElement : null;
    this.drawPage();
    if (held && document.activeElement === document.body) this.focusAgain(held);
  }

  /** Give the focus to what stands for a control that was drawn anew, else to what it was part of. */
  focusAgain(held) {
    const label = held.getAttribute("aria-label");
    const same = held.id ? `#${held.id}` : label && `[aria-label="${CSS.escape(label)}"]`;
    const found = (same && this.page.querySelector(same)) || this.page.querySelector("#list-read") || this.page.querySelector("#list-title");
    const fold = found.closest("details");
    if (fold) fold.open = true;
    found.focus({ preventScroll: true });
  }

  drawPage() {
    render(html`<h1 id="list-title" tabindex="-1">A list</h1>
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
        <button type="button" class="link" @click=${() => this.remove()}>Remove it</button></p>`
        : areaField({ id: "list-text", label: "Paste cells from a spreadsheet, with the names of the columns", rows: 6,
          value: draft.text, onInput: (text) => this.typed(text), fault: this.fault || undefined })}
      ${draft.base64 && this.fault ? html`<p class="fault" role="alert">${this.fault}</p>` : nothing}
      <div class="field"><label for="list-file">Or choose a file, or drop it here: CSV or XLSX</label>
        <input id="list-file" type="file" accept=".csv,.tsv,.txt,.xlsx,.xlsm,.gz" @change=${onChange}
          aria-describedby=${ifDefined(this.fileFault ? "list-file-fault" : undefined)} aria-invalid=${this.fileFault ? "true" : "false"}>
        ${this.fileFault ? html`<p class="fault" id="list-file-fault">${this.fileFault}</p>` : nothing}</div>
      ${this.isKept ? nothing : notice("This list is too large to be kept in this tab. After a reload it must be chosen again.")}
      <div class="actions"><button type="button" @click=${() => this.read()}>Read the list</button>
        ${Object.keys(draft.sheet).length ? html`<button type="button" class="quiet" @click=${() => this.correct({})}>Forget all corrections</button>` : nothing}
        ${this.hasList ? nothing : html`<button type="button" class="quiet" @click=${() => this.readExample()}>Use an example list</button>`}</div>
    </section>`;
  }

  readTemplate() {
    const { answer, draft, app } = this;
    const isBusy = this.readingTask.isRunning;
    const { error } = this.readingTask;
    const rejected = this.scores?.rejected ?? answer.rejected;
    const headerFault = error && draft.sheet.header_row !== this.used.sheet.header_row ? error.message : undefined;
    const asOf = asOfChoice({ day: draft.asOf, past: answer.past_starts, change: (day) => this.answerAsOf(day) });
    return html`${error ? html`<div class="notice"><p>The last change could not be used. What follows is the reading before it.</p>
        <button type="button" class="quiet" @click=${() => { this.keep(this.used); this.read(); }}>Take the change back</button></div>` : nothing}
      ${reading({ answer, sheet: draft.sheet, change: (sheet) => this.correct(sheet), platforms: app.service.platforms, asOf, headerFault })}
      ${rejectedRows({ rejected, isBusy: this.downloading.isRunning, download: () => this.download({ answer: "rejected", ending: "rejected.csv" }) })}
      ${this.scoreTemplate(isBusy || Boolean(error))}`;
  }

  scoreTemplate(isBusy) {
    const { answer, draft, app } = this;
    const { usable, read } = answer.counts;
    const unclear = unclearNames(answer);
    const names = unclear.length > 3 ? `${unclear.slice(0, 3).join(", ")} and ${count(unclear.length - 3)} more` : unclear.join(", ");
    const without = unclear.length ? ` without ${names}` : "";
    const measures = [["", "The most for the money; engagements where no row has a fee"], ...app.service.measures.map((one) => [one.name, one.meaning])];
    return html`<h2>Score the list</h2><div class="fields">
      ${selectField({ id: "list-rank", label: "Best first by", value: draft.rankBy, options: measures, onInput: (rankBy) => { this.keep({ rankBy }); this.draw(); } })}
      ${app.service.has_ledger ? textField({ id: "list-campaign", label: "Campaign (optional)", value: draft.campaign,
        hint: "With a name the forecasts are kept, to compare them with what comes.", onInput: (campaign) => this.keep({ campaign }) }) : nothing}</div>
      ${unclear.length ? notice(`Unclear values are not used: ${names}. Say above what they are, or score without them.`) : nothing}
      ${taskError(this.scoring, () => this.score())}
      ${this.scoring.error && this.progress.read ? html`<p>${plural(this.progress.read, "row was", "rows were")} done. They are not shown: one model answers a whole list.</p>` : nothing}
      ${this.scoring.error && this.isBack ? html`<div class="notice" role="status"><p>The service is back.</p>
        <button type="button" class="quiet" @click=${() => this.score()}>Score again</button></div>` : nothing}
      ${this.scoring.isRunning ? html`<div class="list-progress"><label for="list-progress">${count(this.progress.read)} of ${plural(read, "row")} done</label>
        <progress id="list-progress" max=${read} .value=${this.progress.read}></progress>
        <button type="button" id="list-cancel" class="quiet" @click=${() => this.cancelScoring()}>Cancel</button></div>`
        : html`<div class="actions" id="list-score">
          ${actionButton({ label: `Score ${plural(usable, "row")}${without}`, onClick: () => this.score(), isBusy: !usable || isBusy })}
          ${actionButton({ label: "Make a plan of this list", onClick: () => app.go("plan"), isBusy: !usable || isBusy, quiet: true })}</div>`}`;
  }

  scoresTemplate() {
    const { scores, app, draft } = this;
    const { counts, head, ranking, ledger } = scores;
    const isOther = app.service.model_version !== head.model_version;
    return html`<h2 id="list-scored" tabindex="-1">Who is worth the fee</h2>
      <p data-scored>${plural(counts.read, "row")} read = ${count(counts.scored)} scored + ${count(counts.rejected)} rejected${counts.blank ? `; ${plural(counts.blank, "blank line")} besides` : ""}.
        Forecast made on ${date(head.as_of)}${draft.asOf ? ", the day that you chose" : ""}. Model <bdi>${head.model_version}</bdi>.
        ${ledger && draft.campaign.trim() ? html`Forecasts in the ledger: ${ledger}.` : nothing}</p>
      ${isOther ? html`<div class="notice"><p>Another model answers now (<bdi>${app.service.model_version}</bdi>). This list is whole of the model before.</p>
        <button type="button" class="quiet" @click=${() => this.score()}>Score again with the new model</button></div>` : nothing}
      <p data-verdicts>${this.verdictCounts().join(" · ")}</p>
      <p data-ranking>${this.rankingText(ranking)}</p>
      ${notesOnRows([...new Set([...this.answer.notes, ...scores.notes])])}
      ${this.currencyTemplate()}
      ${this.filterTemplate()}
      <p data-shown>${count(this.rows.length)} of ${plural(scores.rows.length, "row")} shown. Scroll the table sideways for more columns; press a name for the reasons.</p>
      ${this.table.element}
      <h3>Files to forward</h3>
      <div class="actions">${FILES.map((file) => actionButton({ label: file.label,
        onClick: () => this.download(file), isBusy: this.downloading.isRunning, quiet: true }))}</div>
      ${isOther ? notice("Files are made by the model that answers now. Score again, so that they are of the same model.") : nothing}
      ${this.downloading.isRunning ? busy("Making the file …") : nothing}
      ${taskError(this.downloading)}`;
  }

  /** How many rows have each verdict; they add up to the rows that were scored. */
  verdictCounts() {
    const { scores, app } = this;
    const counts = app.service.verdicts.map((one) => [`${one.mark} ${one.text}`, scores.rows.filter((row) => row.verdict === one.name).length]);
    const all = [...counts, ["No verdict", scores.rows.filter((row) => !row.verdict).length]];
    return all.filter(([, number]) => number).map(([text, number]) => `${text}: ${count(number)}`);
  }

  /** What the rank says, and why rows have none, or have one without a verdict. */
  rankingText({ meaning, best, order }) {
    const { rows } = this.scores;
    const unranked = rows.length - order.length;
    const judged = rows.some((row) => row.rank && !row.verdict);
    return [`Rank 1 is the best by ${meaning} (${best}).`,
      unranked ? `${plural(unranked, "row has", "rows have")} no rank: this figure is not known for ${unranked === 1 ? "it" : "them"}, as where there is no fee.` : "",
      judged ? "The rank needs no verdict: a row without a fee, or without a benchmark for its cost, has none." : ""].filter(Boolean).join(" ");
  }

  /** Tell in which currencies amounts are, where they are several, and offer one for all. */
  currencyTemplate() {
    const currencies = [...new Set(this.scores.rows.filter((row) => row.fee_usd !== null).map((row) => row.currency ?? "USD"))].sort();
    if (!currencies.some((one) => one !== "USD")) return nothing;
    const { inUsd } = this.draft;
    return html`<p data-currencies>Amounts of the list are in ${currencies.join(", ")}. Rows are put in order by the amounts in USD, at the rates of the service.</p>
      <div class="fields">${selectField({ id: "list-currency", label: "Show amounts in", value: inUsd ? "usd" : "",
        options: [["", "The currency of the list"], ["usd", "USD"]],
        onInput: (value) => { this.keep({ inUsd: value === "usd" }); this.arrange(); this.draw(); } })}</div>`;
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
