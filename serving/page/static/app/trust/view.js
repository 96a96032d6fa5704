// How good the forecasts are: the record of the model that answers, in the words of a manager.

import { save } from "../api.js";
import { chart } from "../charts/frame.js";
import { coverageChart } from "../charts/coverage.js";
import { errorChart } from "../charts/error_bars.js";
import { reliabilityChart } from "../charts/reliability.js";
import { readDraft, writeDraft } from "../drafts.js";
import { selectField } from "../fields.js";
import { html, nothing, render } from "../lib.js";
import { actionButton, busy, notice } from "../parts.js";
import { Task, taskError } from "../task.js";
import { cardTemplate } from "./card.js";
import {
  aboutSection, dataSection, growthSection, limitsSection, recalibrationSection, watchSection,
} from "./facts.js";
import { EVIDENCE, SPLITS, headline } from "./headline.js";

const DRAFT = "trust";
const INITIAL = { split: "seen", evidence: "history", isCardOpen: false };
const CARD_FILES = { markdown: "md", html: "html" };

/** Show the part in `root`; `app`: see main.js. */
export function mount(root, app) {
  const view = new TrustView(root, app);
  addEventListener("hashchange", () => view.follow());
  view.load();
}

class TrustView {
  constructor(root, app) {
    Object.assign(this, { root, app, model: null, watch: null, card: null });
    this.chosen = readDraft(DRAFT, INITIAL);
    this.loading = new Task(() => this.draw());
    this.cardLoading = new Task(() => this.draw());
    this.saving = new Task(() => this.draw());
  }

  async load() {
    const found = await this.loading.run(async (signal) => {
      const model = await this.app.api.get("v1/model", { signal });
      return { model, watch: await this.app.api.get("v1/watch", { signal }) };
    });
    if (!found) return;
    Object.assign(this, found, { card: null });
    this.app.noteModel(this.model.version);
    this.draw();
    if (this.chosen.isCardOpen) this.loadCard();
  }

  /** Load the record of another model, where one answers since. */
  follow() {
    const isOther = this.model && this.model.version !== this.app.service.model_version;
    if (this.app.part === "trust" && isOther && !this.loading.isRunning) this.load();
  }

  choose(change) {
    this.chosen = { ...this.chosen, ...change };
    writeDraft(DRAFT, this.chosen);
    this.draw();
  }

  async loadCard() {
    const card = await this.cardLoading.run(async (signal) => {
      const response = await this.app.api.call("v1/model/card", { signal });
      return response.text();
    });
    if (card === undefined) return;
    this.card = card;
    this.draw();
  }

  openCard(isOpen) {
    if (isOpen !== this.chosen.isCardOpen) this.choose({ isCardOpen: isOpen });
    if (isOpen && this.card === null && !this.cardLoading.isRunning) this.loadCard();
  }

  async saveCard(kind) {
    this.savedKind = kind;
    const saved = await this.saving.run(async (signal) => {
      const response = await this.app.api.call(`v1/model/card?kind=${kind}`, { signal });
      save(await response.blob(), `model_card_${this.model.version}.${CARD_FILES[kind]}`);
      return true;
    });
    if (saved) this.app.announce("The model card is saved.");
  }

  draw() {
    render(html`<h1 id="trust-title">How good is it?</h1>
      ${taskError(this.loading, () => this.load())}
      ${this.loading.isRunning && !this.model ? busy("Reading the record of the model …") : nothing}
      ${this.model ? this.content() : nothing}`, this.root);
  }

  content() {
    const { model, watch } = this;
    return html`
      ${aboutSection(model)}
      ${this.hasTest() ? this.testSections() : this.noTest()}
      ${recalibrationSection(model)}
      ${watchSection(watch, model)}
      ${dataSection(model)}
      ${growthSection(model)}
      ${limitsSection(model)}
      ${this.cardSection()}`;
  }

  hasTest() {
    return Boolean(this.model.summary && Object.values(this.model.summary).some((row) => row.rows));
  }

  noTest() {
    const isStarter = this.model.trained_on === "published figures";
    const reason = isStarter
      ? "The starter model was not trained, so there is no test of it on your own posts."
      : "No test of this model is recorded: how good its forecasts are is not known.";
    return html`<section><h2>The test</h2>${notice(reason)}
      ${this.model.record.tests.map((text) => html`<p>${text}</p>`)}</section>`;
  }

  testSections() {
    const { model } = this;
    const splits = Object.keys(SPLITS).filter((name) => model.summary[name]?.rows);
    return html`
      <section><h2>Forecasts compared with what came later</h2>
        <p>The model was given only what was known before. Then its forecasts were compared with the posts that came later.</p>
        <div class="record-splits">${splits.map((split) => headline(model, split))}</div>
      </section>
      ${this.rangesSection(splits)}
      ${this.errorsSection(splits)}`;
  }

  rangesSection(splits) {
    const { split, evidence } = this.selection(splits);
    const cells = (this.model.backtest.coverage ?? [])
      .filter((cell) => cell.split === split && cell.evidence === evidence);
    return html`<section><h2>Can the ranges be relied on?</h2>
      ${this.model.backtest.reliability?.length
        ? chart(reliabilityChart(this.model.backtest.reliability))
        : html`<p class="muted">The record of this model has no figures for each part of the range: it was trained before they were kept. Train it again to have them.</p>`}
      <div class="fields record-choice">
        ${this.splitField("trust-split", splits, split)}
        ${selectField({
          id: "trust-evidence", label: "What was known of them", value: evidence,
          options: Object.entries(EVIDENCE).map(([name, text]) => [name, text]),
          onInput: (value) => this.choose({ evidence: value }),
        })}
      </div>
      ${cells.length
        ? chart(coverageChart(cells, this.app.service))
        : html`<p>No later post tells this: nothing is known of these ranges.</p>`}
    </section>`;
  }

  errorsSection(splits) {
    const { split } = this.selection(splits);
    const rows = this.model.backtest.table.filter((row) => row.split === split);
    return html`<section><h2>Is it better than a simple rule?</h2>
      ${splits.length > 1
        ? html`<div class="fields record-choice">${this.splitField("trust-error-split", splits, split)}</div>` : nothing}
      ${chart(errorChart(rows, SPLITS[split]))}
    </section>`;
  }

  splitField(id, splits, value) {
    return selectField({
      id, label: "Which creators", value,
      options: splits.map((name) => [name, SPLITS[name]]),
      onInput: (split) => this.choose({ split }),
    });
  }

  selection(splits) {
    const { split, evidence } = this.chosen;
    return {
      split: splits.includes(split) ? split : splits[0],
      evidence: evidence in EVIDENCE ? evidence : INITIAL.evidence,
    };
  }

  saveButton(label, kind) {
    return actionButton({
      label, onClick: () => this.saveCard(kind), isBusy: this.saving.isRunning, quiet: true,
    });
  }

  cardSection() {
    const { isCardOpen } = this.chosen;
    return html`<section><h2>The model card</h2>
      <p>All of this on a few pages, with the recipe and how to make the same model again: to file, or to hand on.</p>
      <div class="actions">
        ${this.saveButton("Save as a page (HTML)", "html")}
        ${this.saveButton("Save as text (Markdown)", "markdown")}
      </div>
      ${taskError(this.saving, () => this.saveCard(this.savedKind))}
      <details .open=${isCardOpen} @toggle=${(event) => this.openCard(event.target.open)}>
        <summary>Read it here</summary>
        ${this.cardLoading.isRunning ? busy("Reading the card …") : nothing}
        ${taskError(this.cardLoading, () => this.loadCard())}
        ${this.card === null ? nothing : cardTemplate(this.card)}
      </details>
    </section>`;
  }
}
