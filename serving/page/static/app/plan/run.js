// The search for a plan: the question, how long it takes, and what came of it.

import { readDraft, removeDraft, writeDraft } from "../drafts.js";
import { ServiceError, errorText } from "../api.js";
import { plural } from "../format.js";
import { Task } from "../task.js";
import { formPlaces, readForm, sortErrors } from "./request.js";
import { sentence } from "./words.js";

const ANSWER = "plan.answer";
/** Seconds between two looks at the clock while a plan is searched for. */
const TICK = 0.5;
/** Seconds that an answer may take beyond what the search may. */
const GRACE = 120;

/** The plan that is shown, the one that it is compared with, and the search for another. */
export class PlanRun {
  constructor(app, onChange) {
    this.app = app;
    this.onChange = onChange;
    this.task = new Task(onChange);
    this.seconds = 0;
    Object.assign(this, { faults: {}, refusal: null, isCancelled: false, hasRoom: true });
    Object.assign(this, readDraft(ANSWER, { plan: null, question: null, version: 0, lines: [], counts: null, kept: null }));
  }

  /** Most seconds that the search of the form may take. */
  get limit() {
    return 2 * (this.asked?.time_limit ?? 5);
  }

  /** Search for the plan of a form among candidates; `budget`: in place of that of the form. */
  async make(form, candidates) {
    const { settings, faults } = readForm(form);
    Object.assign(this, { faults, refusal: null, isCancelled: false });
    if (Object.keys(faults).length) {
      this.app.announce(`The plan was not made: ${plural(Object.keys(faults).length, "field")} must be corrected.`);
      this.onChange();
      return false;
    }
    const kept = form.campaign.trim() ? { campaign: form.campaign.trim() } : { keep: false };
    this.asked = { ...settings, ...kept };
    return this.ask(form, candidates);
  }

  async ask(form, candidates) {
    const question = this.asked;
    const { version, chosenLines: lines, list: { counts } } = candidates;
    const clock = this.startClock();
    const plan = await this.task.run((signal) => this.answerOf(question, candidates.chosen, signal, form));
    clearInterval(clock);
    if (!plan) return false;
    Object.assign(this, { plan, question, version, lines, counts });
    this.keep();
    this.app.noteModel(plan.model_version);
    this.app.announce(plan.sentence);
    return true;
  }

  /** Give the plan; undefined where the service tells why there is none, which `refusal` keeps. */
  async answerOf(question, partnerships, signal, form) {
    const seconds = 2 * question.time_limit + GRACE;
    try {
      return await this.app.api.post("v1/plan", { ...question, partnerships }, { signal, seconds });
    } catch (error) {
      if (!(error instanceof ServiceError) || ![400, 422].includes(error.status)) throw error;
      const { faults, others } = sortErrors(error.errors, formPlaces(form));
      this.faults = faults;
      this.refusal = { isNoPlan: error.code === "no_plan", texts: others.map(refusalText) };
      this.app.announce("There is no plan.");
      return undefined;
    }
  }

  /** Give the page for the client of the plan that is shown, as HTML, and whether it is the same. */
  async report(kind, partnerships, signal) {
    const question = { ...this.question, as_of: this.plan.as_of, report: kind, keep: false };
    delete question.campaign;
    const seconds = 2 * question.time_limit + GRACE;
    const answer = await this.app.api.post("v1/plan", { ...question, partnerships }, { signal, seconds });
    const isSame = JSON.stringify(signed(answer)) === JSON.stringify(signed(this.plan));
    return { page: answer.report, isSame };
  }

  startClock() {
    const started = performance.now();
    this.seconds = 0;
    return setInterval(() => {
      this.seconds = Math.floor((performance.now() - started) / 1000);
      this.onChange();
    }, 1000 * TICK);
  }

  cancel() {
    this.task.cancel();
    this.isCancelled = true;
    this.app.announce("The search was stopped.");
    this.onChange();
  }

  /** The plan that is shown, what was asked, of which candidates, their lines and the counts of the list. */
  get shown() {
    const { plan, question, version, lines, counts } = this;
    return { plan, question, version, lines, counts };
  }

  /** Keep the plan that is shown as A, to compare others with. */
  keepAsA() {
    this.kept = this.shown;
    this.app.announce("Kept as plan A.");
    this.keep();
  }

  dropA() {
    this.kept = null;
    this.keep();
  }

  /** Change A and B. */
  swap() {
    Object.assign(this, this.kept, { kept: this.shown });
    this.keep();
  }

  keep() {
    this.hasRoom = writeDraft(ANSWER, { ...this.shown, kept: this.kept });
    if (!this.hasRoom) removeDraft(ANSWER);
    this.onChange();
  }

  /** Whether the plan chose from these candidates. */
  isOf(candidates) {
    return candidates.version === this.version;
  }

  /** Whether list or form say something else than what the plan was made of. */
  isOutdated(form, candidates) {
    if (!this.isOf(candidates)) return true;
    const { campaign, keep, ...asked } = this.question;
    return JSON.stringify(readForm(form).settings) !== JSON.stringify(asked);
  }
}

/** Whom a plan signs, and for how much. */
function signed({ roster }) {
  return roster.map((one) => [one.partnership_id, one.deliverables, one.fee.total]);
}

function refusalText(error) {
  const { code, where, what, expected } = error;
  if (code === "no_plan") return sentence(`${what}${expected ? `: ${expected}` : ""}`);
  return errorText({ ...error, where: where.replace(/^partnerships\[(\d+)\]/, (_, place) => `Row ${Number(place) + 1}`) });
}
