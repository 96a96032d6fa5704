// What one creator would bring: the forecast, the fee, and the reasons.

import { readDraft, removeDraft, writeDraft } from "../drafts.js";
import { errorText } from "../api.js";
import { html, nothing, render } from "../lib.js";
import { busy, notice } from "../parts.js";
import { Task, taskError } from "../task.js";
import { answerTemplate } from "./answer.js";
import { askAbout, atFee } from "./ask.js";
import { CreatorSearch } from "./combobox.js";
import { formTemplate } from "./form.js";
import { EMPTY_FORM, faultsOf, formOf, isKnown, readForm } from "./partnership.js";

const DRAFT = "creator";
/** Milliseconds without a further change after which the service is asked. */
const PAUSE = 350;
/** Milliseconds without a further change after which faults are told to screen readers. */
const FAULT_PAUSE = 1200;
const OLD_ANSWER = "The answer below is that to the form before your last change.";
/** How many of its own posts are shown. */
const SHOWN_POSTS = 48;
/** Fields that no forecast depends on. */
const LABELS = ["name", "campaign"];

/** Show the part in `root`; `app`: see main.js. */
export function mount(root, app) {
  new CreatorView(root, app).start();
}

class CreatorView {
  constructor(root, app) {
    Object.assign(this, { root, app });
    const draw = () => this.draw();
    this.asking = new Task(draw);
    this.detailing = new Task(draw);
    this.keeping = new Task(draw);
    this.search = new CreatorSearch(app, (creator) => this.chooseCreator(creator), draw);
    this.form = readDraft(DRAFT, EMPTY_FORM);
    this.form.who ||= app.service.creators ? "known" : "described";
    if (!app.service.creators) this.form.who = "described";
    if (!(this.form.currency in app.service.currencies)) this.form.currency = "USD";
    Object.assign(this, { answer: null, details: null, kept: "", copied: "", serviceFaults: {}, timer: null });
    Object.assign(this, { faultTimer: null, toldFaults: "" });
    this.read = readForm(this.form, app.service);
  }

  start() {
    this.app.handed.addEventListener("creator", ({ detail }) => this.takeOver(detail));
    if (this.app.lists.creator) return this.takeOver(this.app.lists.creator);
    if (isKnown(this.form) && this.form.creator) this.readDetails();
    this.ask();
  }

  /** Show a partnership that another part hands over; its creator may be one that is known. */
  async takeOver(partnership) {
    delete this.app.lists.creator;
    this.clear();
    this.form = formOf(partnership, this.app.service);
    const { creator_id: id, platform } = partnership;
    if (id && this.app.service.creators) {
      const query = new URLSearchParams({ search: id, ...(platform && { platform }) });
      const found = await this.detailing.run((signal) => this.app.api.get(`v1/creators?${query}`, { signal }));
      const creator = found?.creators.find((one) => one.creator_id === id);
      if (creator) Object.assign(this.form, { who: "known", creator });
    }
    this.set("fee", this.form.fee);
    if (this.form.creator) this.readDetails();
  }

  /** What is wrong in each field, as the page or else the service finds. */
  get faults() {
    return { ...this.serviceFaults, ...this.read.faults };
  }

  /** What the forecast that the form asks for depends on, as text; null where nothing can be asked. */
  get key() {
    const { partnership } = this.read;
    return partnership && JSON.stringify([partnership, this.form.currency]);
  }

  /** Whether the answer is not, or not yet, the one to the form. */
  get isStale() {
    const { answer, read } = this;
    return answer !== null && (answer.key !== this.key || Boolean(read.faults.fee) || !this.hasFee(read.fee));
  }

  hasFee(fee) {
    return fee === null ? this.answer.explained.fee === null : this.answer.priced.has(fee);
  }

  /** The result whose figures are shown: at the fee of the form, else the one of the answer. */
  shownResult() {
    const { answer, read } = this;
    return answer.priced.get(read.fee) ?? answer.explained;
  }

  set(name, value) {
    this.form = { ...this.form, [name]: value };
    if (!writeDraft(DRAFT, this.form)) this.app.announce("The browser has no room to keep what you type.");
    this.read = readForm(this.form, this.app.service);
    Object.assign(this, { kept: "", copied: "" });
    if (LABELS.includes(name)) return this.draw();
    this.serviceFaults = {};
    this.tellFaultsSoon();
    this.renew();
  }

  /** Have faults said once, after a pause; the text at the field is tied to it, but not announced. */
  tellFaultsSoon() {
    clearTimeout(this.faultTimer);
    this.faultTimer = setTimeout(() => this.tellFaults(), FAULT_PAUSE);
  }

  tellFaults() {
    const told = Object.values(this.faults).join(" ");
    const isNew = told !== this.toldFaults;
    this.toldFaults = told;
    if (told && isNew) this.app.announce(this.isStale ? `${told}. ${OLD_ANSWER}` : told);
  }

  /** Ask anew once nothing more is typed; not where the answer holds what is asked. */
  renew() {
    clearTimeout(this.timer);
    this.timer = null;
    this.asking.error = null;
    if (!this.read.partnership || this.read.faults.fee) this.asking.cancel();
    else if (!this.answer || this.isStale) this.timer = setTimeout(() => this.ask(), PAUSE);
    this.draw();
  }

  async ask() {
    this.timer = null;
    const { partnership, fee, faults } = this.read;
    if (!partnership || faults.fee) return this.draw();
    const { currency } = this.form;
    const answer = await this.asking.run((signal) => askAbout(this.app, { partnership, fee, currency }, signal));
    if (answer) {
      this.answer = answer;
      this.app.announce(this.shownResult().sentence ?? "The forecast is here.");
      this.app.noteModel(answer.model);
    }
    this.noteFaults();
    this.draw();
  }

  /** Put the errors of the service at their fields. */
  noteFaults() {
    const { error } = this.asking;
    if (!error?.errors?.length) return;
    this.serviceFaults = faultsOf(error.errors, this.read.reading?.lines).faults;
  }

  chooseCreator(creator) {
    this.details = null;
    this.set("creator", creator);
    this.readDetails();
    this.focus("creator-change");
  }

  changeCreator() {
    this.details = null;
    this.set("creator", null);
    this.focus("creator-search");
  }

  focus(id) {
    this.root.querySelector(`#${id}`)?.focus();
  }

  async readDetails() {
    const { creator_id: id, platform } = this.form.creator;
    const query = new URLSearchParams({ platform, posts: SHOWN_POSTS });
    const path = `v1/creators/${encodeURIComponent(id)}?${query}`;
    const details = await this.detailing.run((signal) => this.app.api.get(path, { signal }));
    if (!details) return;
    this.details = details;
    this.draw();
  }

  clear() {
    removeDraft(DRAFT);
    this.asking.cancel();
    this.detailing.cancel();
    const who = this.form.who;
    this.form = { ...EMPTY_FORM, who };
    this.read = readForm(this.form, this.app.service);
    Object.assign(this, { answer: null, details: null, serviceFaults: {}, kept: "", copied: "" });
    this.app.announce("The form is empty.");
    this.draw();
  }

  /** Keep the forecast in the ledger under the campaign's name. */
  async keep() {
    const { fee, partnership } = this.read;
    const { currency } = this.form;
    const campaign = this.form.campaign.trim();
    if (!campaign) {
      this.serviceFaults = { ...this.serviceFaults, campaign: "Give the campaign a name." };
      this.draw();
      return this.focus("creator-campaign");
    }
    this.serviceFaults = {};
    const body = { campaign, partnerships: [atFee(partnership, fee, currency)] };
    const answered = await this.keeping.run((signal) => this.app.api.post("v1/predict", body, { signal }));
    if (!answered) return;
    this.kept = answered.ledger === "kept" ? `It is kept for the campaign “${campaign}”.` : `It is ${answered.ledger}.`;
    this.app.announce(this.kept);
    this.draw();
  }

  async copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      this.copied = "Copied.";
    } catch {
      this.copied = "The browser does not let the page copy: show the text below, and copy it there.";
    }
    this.app.announce(this.copied);
    this.draw();
  }

  draw() {
    render(html`<h1 id="creator-title">One creator</h1>
      <div class="columns creator-columns">
        <div>${formTemplate(this)}</div>
        <div class="creator-answer" id="creator-answer" tabindex="-1" role="region" aria-label="The answer">${this.answerPart()}</div>
      </div>`, this.root);
  }

  answerPart() {
    const isWaiting = this.asking.isRunning || this.timer !== null;
    return html`
      ${this.errorPart()}
      ${isWaiting && !this.answer ? busy("The forecast is made …") : nothing}
      ${!this.answer && !isWaiting && !this.asking.error ? this.invitation() : nothing}
      ${this.answer ? html`${this.renewal(isWaiting)}
        <div class=${this.isStale ? "renewed" : ""}>${answerTemplate(this)}</div>` : nothing}`;
  }

  /** What is told above an answer that is not the one to the form. */
  renewal(isWaiting) {
    if (!this.isStale) return nothing;
    if (this.asking.isRunning) return busy("The answer below is being renewed …");
    return isWaiting ? html`<p class="busy">The answer below is renewed once you stop typing.</p>` : notice(OLD_ANSWER);
  }

  errorPart() {
    const { error } = this.asking;
    if (!error?.errors?.length || error.status >= 500) return taskError(this.asking, () => this.ask());
    const { faults, others } = faultsOf(error.errors);
    return html`<div class="notice bad" role="alert">
      ${Object.keys(faults).length ? html`<p>The forecast needs a correction in the form:
        ${Object.values(faults).join(" ")}</p>` : nothing}
      ${others.map((one) => html`<p>${errorText(one)}</p>`)}</div>`;
  }

  invitation() {
    if (Object.keys(this.read.faults).length) return notice("The forecast waits for a correction in the form.");
    const text = isKnown(this.form)
      ? "Find a creator in the form: its forecast appears here."
      : "Describe a creator in the form: its followers are enough for a first forecast, which appears here.";
    return html`<p class="muted">${text}</p>`;
  }
}
