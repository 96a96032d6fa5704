// Whom to sign within a budget.

import { readDraft, writeDraft } from "../drafts.js";
import { plural } from "../format.js";
import { guard, html, nothing, render } from "../lib.js";
import { notice } from "../parts.js";
import { Task, taskError } from "../task.js";
import { LONGEST, answerView } from "./answer_view.js";
import { Candidates } from "./candidates.js";
import { candidatesView } from "./candidates_view.js";
import { compareView } from "./compare_view.js";
import { EMPTY_FORM } from "./form_state.js";
import { formView } from "./form_view.js";
import { momentOf } from "./request.js";
import { PlanRun } from "./run.js";
import { shareView } from "./share_view.js";

const FORM = "plan";
const CLOSED = { search: "", isAllShown: false, hasFees: true, isTextShown: false, isOtherPlan: false, bestBy: "cpe_usd_p50", open: [] };

/** Show the part in `root`; `app`: see main.js. */
export function mount(root, app) {
  new PlanView(root, app).start();
}

class PlanView {
  constructor(root, app) {
    this.root = root;
    this.app = app;
    const draw = () => this.draw();
    this.candidates = new Candidates(app, { onChange: draw, onAsOf: (asOf) => this.setForm({ asOf }), asOf: () => momentOf(this.form) });
    this.run = new PlanRun(app, draw);
    this.reporting = new Task(draw);
    this.form = { ...EMPTY_FORM, ...readDraft(FORM, EMPTY_FORM) };
    this.ui = { ...CLOSED, set: (changes) => this.setUi(changes) };
  }

  start() {
    this.app.handed.addEventListener("list", () => this.takeHanded());
    addEventListener("hashchange", () => this.takeHanded());
    this.draw();
    this.takeHanded();
  }

  /** Take a list that was handed over, once this part is shown, unless another was given here. */
  takeHanded() {
    const handed = this.app.lists.list;
    if (!handed || handed === this.taken || this.app.part !== "plan") return;
    this.taken = handed;
    const { list } = this.candidates;
    if (list.rows === null || list.source === "handed") this.candidates.readHanded(handed);
    else this.draw();
  }

  setForm(changes, faults = null) {
    const { asOf } = this.form;
    this.form = { ...this.form, ...changes };
    if (faults) this.run.faults = { ...this.run.faults, ...faults };
    this.hasRoom = writeDraft(FORM, this.form);
    this.draw();
    // starts of the list are judged by the day; while a year is typed it is none yet
    if (asOf !== this.form.asOf && !(this.form.asOf && this.form.asOf < "2000")) this.candidates.readAgain?.();
  }

  setUi(changes) {
    Object.assign(this.ui, changes);
    this.draw();
  }

  /** Make a creator a must of the next plan, or keep it out of it; a second time takes that back. */
  mark(field, name) {
    const other = field === "mustHave" ? "exclude" : "mustHave";
    const isMarked = this.form[field].includes(name);
    const without = (names) => names.filter((one) => one !== name);
    this.setForm({
      [field]: isMarked ? without(this.form[field]) : [...this.form[field], name],
      [other]: without(this.form[other]),
    });
    const words = field === "mustHave" ? "must be in the next plan" : "is never in the next plan";
    this.app.announce(isMarked ? `${name} is free again.` : `${name} ${words}.`);
  }

  /** Show more of a partnership of the roster, or less. */
  toggle(id) {
    const { open } = this.ui;
    this.setUi({ open: open.includes(id) ? open.filter((one) => one !== id) : [...open, id] });
  }

  planBudget(budget) {
    this.setForm({ budget: String(budget) });
    return this.make();
  }

  searchLonger() {
    this.setForm({ timeLimit: String(LONGEST) });
    return this.make();
  }

  async make() {
    const isMade = await this.run.make(this.form, this.candidates);
    if (isMade) this.ui.set({ search: "", isAllShown: false, isOtherPlan: false });
    const wrong = this.root.querySelector("[aria-invalid]");
    for (const one of this.root.querySelectorAll("details:has([aria-invalid])")) one.open = true;
    (wrong ?? this.root.querySelector("#plan-answer")).focus();
  }

  draw() {
    render(html`<h1 id="plan-title">A plan</h1>
      <p>Whom to sign within a budget, and what all of them bring together.</p>
      <div class="columns">
        <form novalidate @submit=${(event) => this.submit(event)}>${this.questions()}</form>
        <div class="answer">${this.results()}</div>
      </div>`, this.root);
  }

  submit(event) {
    event.preventDefault();
    if (this.candidates.isReady && !this.run.task.isRunning) this.make();
  }

  questions() {
    const { candidates, run, form, app } = this;
    const set = (changes, faults) => this.setForm(changes, faults);
    return html`${candidatesView(candidates, this.ui)}
      ${guard([candidates.list], () => html`<datalist id="plan-names">
        ${candidates.names.map((name) => html`<option value=${name}></option>`)}</datalist>`)}
      ${formView({ form, set, faults: run.faults, candidates, app })}
      <div class="actions">
        <button type="submit" ?disabled=${!candidates.isReady || run.task.isRunning}>Make the plan</button>
        ${candidates.isReady ? nothing : html`<span class="hint">${this.whatIsMissing()}</span>`}
      </div>
      ${this.wrongFields()}
      ${this.progress()}`;
  }

  wrongFields() {
    const wrong = Object.values(this.run.faults).filter(Boolean).length;
    return wrong ? html`<p class="fault">${plural(wrong, "field")} must be corrected: see the marks above.</p>` : nothing;
  }

  whatIsMissing() {
    return this.candidates.list.rows === null
      ? "First give a list to choose from."
      : "First say which rows of the list are candidates.";
  }

  results() {
    const { run, form, app, candidates, ui, reporting } = this;
    const { plan } = run;
    const mark = (field, name) => this.mark(field, name);
    const actions = { form, mark, planBudget: (budget) => this.planBudget(budget), searchLonger: () => this.searchLonger(), open: ui.open, toggle: (id) => this.toggle(id) };
    const isOld = Boolean(plan) && run.isOutdated(form, candidates);
    return html`
      <h2 id="plan-answer" tabindex="-1">${run.kept && plan ? "Plan B" : "The plan"}</h2>
      ${taskError(run.task, () => this.make())}
      ${run.isCancelled ? notice("The search was stopped. What you typed is as it was.") : nothing}
      ${run.refusal ? refusalView(run.refusal, Boolean(plan)) : nothing}
      ${run.hasRoom ? nothing : notice("The plan is too large for the browser to keep: after a reload, make it again.")}
      ${plan ? html`
        <div role="status">${!run.refusal && isOld ? notice("The form or the list was changed since. Make the plan again to see what that does.") : nothing}</div>
        ${run.kept ? compareView(run.kept, run.shown, { swap: () => run.swap(), dropA: () => run.dropA() }) : nothing}
        <div class=${isOld ? "is-old" : ""}>${answerView(plan, app, actions, ui, run.shown)}</div>
        ${isOld ? html`<p class="hint">What you keep or hand on here is the plan from before the change.</p>` : nothing}
        <div class="actions"><button type="button" @click=${() => run.keepAsA()}>Keep as plan A, to compare</button></div>
        ${shareView({ plan, run, candidates, app, ui, reporting })}`
      : run.task.isRunning || run.refusal ? nothing : html`<p class="muted">Give a list and a budget, and make the plan. It is shown here.</p>`}`;
  }

  progress() {
    const { run } = this;
    if (!run.task.isRunning) return nothing;
    return html`<div class="progress">
      <p role="status">The best plan is searched for …</p>
      <progress max=${run.limit} value=${Math.min(run.seconds, run.limit)} aria-label="Time of the search"></progress>
      <p class="muted">${run.seconds} s of about ${run.limit} s at most</p>
      <button type="button" class="quiet" @click=${() => run.cancel()}>Stop</button></div>`;
  }
}

function refusalView({ isNoPlan, texts }, hasOlder) {
  return html`<div class="notice bad">
    <p><b>${isNoPlan ? "There is no such plan" : "The plan was not made"}</b></p>
    ${texts.length ? html`<ul>${texts.map((text) => html`<li>${text}</li>`)}</ul>` : html`<p>See the fields that are marked.</p>`}
    <p>What you typed is as it was.${hasOlder ? " The plan below is the one from before." : ""}</p></div>`;
}
