// Posts that are online, typed by hand or as a list of readings, and what they will come to.

import { ServiceError } from "../api.js";
import { readDraft, writeDraft } from "../drafts.js";
import { plural } from "../format.js";
import { html, nothing } from "../lib.js";
import { busy, notice } from "../parts.js";
import { Task, taskError } from "../task.js";
import { EMPTY_POST, faultsOf, partnershipOf, postFields } from "./post_form.js";
import { EMPTY_LIST, ReadingList } from "./reading_list.js";
import { switchOf } from "./switch.js";
import { trackedView } from "./tracked.js";

const DRAFT = "campaigns.online";
const WAYS = [["post", "One post"], ["list", "A list of posts"]];
/** Partnerships and readings of one request. */
const MOST_PARTNERSHIPS = 500;
const MOST_READINGS = 20_000;
/** Rows of the table that are shown at first, and with each further step. */
const ROWS = 200;

export class OnlinePosts {
  constructor(app, draw) {
    Object.assign(this, { app, draw });
    this.draft = readDraft(DRAFT, { way: "post", post: EMPTY_POST, list: EMPTY_LIST });
    this.task = new Task(draw);
    this.list = new ReadingList(app, draw, this.draft.list, (list) => this.change({ list }, true));
    this.faults = {};
    this.others = [];
    this.answer = null;
    this.open = 0;
    this.progress = "";
  }

  /** `isGiven`: whether what was changed is what an answer rests on. */
  change(update, isGiven = false) {
    Object.assign(this.draft, update);
    this.isStale ||= isGiven;
    this.isKept = writeDraft(DRAFT, this.draft);
    this.draw();
  }

  view() {
    const { draft, task } = this;
    return html`
      <p>Tell what posts had when they were read. The answer is what they will come to.</p>
      ${switchOf("What to give", WAYS, draft.way, (way) => this.choose(way))}
      <form class="online" novalidate @submit=${(event) => this.submit(event)}>
        ${draft.way === "post" ? this.postView() : this.list.view()}
        ${this.isKept === false ? notice("The browser has no room to keep what you gave: it is lost when the page is loaded again.") : nothing}
        ${this.others.length ? html`<div class="notice bad" role="alert">${this.others.map((text) => html`<p>${text}</p>`)}</div>` : nothing}
        <div class="actions">
          <button type="submit">Forecast</button>
          ${task.isRunning ? html`<button type="button" class="quiet" @click=${() => task.cancel()}>Stop</button>` : nothing}
        </div>
      </form>
      ${task.isRunning ? busy(this.progress || "Forecasting …") : nothing}
      ${taskError(task, () => this.follow())}
      ${this.answer && this.isStale ? notice("What you gave has changed since this answer: press Forecast again.") : nothing}
      ${this.answer ? trackedView(this.answer, this.app.service, this) : nothing}`;
  }

  postView() {
    const change = (update, isGiven = true) => this.change({ post: { ...this.draft.post, ...update } }, isGiven);
    return postFields(this.draft.post, this.faults, this.app.service, change);
  }

  choose(way) {
    Object.assign(this, { answer: null, others: [] });
    this.change({ way });
  }

  show(place) {
    this.open = place;
    this.draw();
  }

  showMore() {
    this.shown += ROWS;
    this.draw();
  }

  async submit(event) {
    event.preventDefault();
    if (!this.task.isRunning && !this.list.isReading) await this.follow();
  }

  async follow() {
    Object.assign(this, { faults: {}, others: [], answer: null, open: 0, shown: ROWS, isStale: false });
    if (this.draft.way === "post") await this.followPost();
    else await this.followList();
    this.draw();
    if (Object.keys(this.faults).length) this.tellFaults();
  }

  async followPost() {
    const { partnership, faults } = partnershipOf(this.draft.post);
    if (Object.keys(faults).length) {
      this.faults = faults;
      return;
    }
    const campaign = this.draft.post.campaign.trim();
    const answer = await this.ask([partnership], campaign ? { campaign } : { keep: false }, true);
    if (answer) this.take(answer, true);
  }

  async followList() {
    const partnerships = await this.list.partnerships();
    if (!partnerships) return;
    const campaign = this.draft.list.campaign.trim();
    const answer = await this.ask(partnerships, campaign ? { campaign } : { keep: false });
    if (answer) this.take(answer);
  }

  take(answer, isTyped = false) {
    Object.assign(this, { answer, isTyped });
    this.app.noteModel(answer.model_version);
    const answered = answer.results.filter((one) => !one.errors);
    this.app.announce(answered.length === 1 ? answered[0].sentence : `${plural(answered.length, "partnership")} answered.`);
    this.draw();
    document.getElementById("tracked")?.focus();
  }

  /** Ask in parts that the service takes; refused fields of a typed post go to its form. */
  ask(partnerships, terms, isTyped = false) {
    return this.task.run(async (signal) => {
      const parts = partsOf(partnerships);
      let answer = null;
      for (const part of parts) {
        this.progress = parts.length > 1 ? `Forecasting, ${answer?.results.length ?? 0} of ${partnerships.length} …` : "";
        this.draw();
        const one = await this.askPart(part, terms, signal, isTyped);
        if (!one) return undefined;
        answer = answer ? { ...one, results: [...answer.results, ...one.results] } : one;
      }
      return answer;
    });
  }

  async askPart(partnerships, terms, signal, isTyped) {
    try {
      return await this.app.api.post("v1/track", { partnerships, ...terms }, { signal });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (isTyped && [400, 422].includes(error.status)) {
        Object.assign(this, faultsOf(error.errors));
        return null;
      }
      if (error.code === "none_scored") return { ...error.body, as_of: null };
      throw error;
    }
  }

  tellFaults() {
    const number = Object.keys(this.faults).length;
    this.app.announce(`${plural(number, "field")} to correct.`);
    document.querySelector("#campaigns [aria-invalid=true]")?.focus();
  }
}

/** Give partnerships in parts of at most MOST_PARTNERSHIPS and, but for single ones, MOST_READINGS. */
function partsOf(partnerships) {
  const parts = [];
  let readings = Infinity;
  for (const one of partnerships) {
    const own = one.published.reduce((sum, post) => sum + post.readings.length, 0);
    if (readings + own > MOST_READINGS || parts.at(-1).length >= MOST_PARTNERSHIPS) {
      parts.push([]);
      readings = 0;
    }
    parts.at(-1).push(one);
    readings += own;
  }
  return parts;
}
