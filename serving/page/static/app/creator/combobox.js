// A field in which a known creator is looked for: what fits the text is listed below it, and chosen
// by mouse or by keyboard (the combobox of WAI-ARIA, with a list).

import { count, plural } from "../format.js";
import { html, nothing } from "../lib.js";
import { Task, taskError } from "../task.js";

/** Milliseconds without a further key after which the service is asked. */
const PAUSE = 180;
const MOST = 12;

/** Name a known creator as people do: its handle, else its id. */
export function creatorName({ handle, creator_id: id }) {
  return handle ? `@${handle}` : id;
}

/** What is known of a creator, in one line. */
export function creatorLine({ platform, followers, niche, creator_id: id, handle }, service) {
  const label = service.platforms.find((one) => one.name === platform)?.label ?? platform;
  const size = followers === null ? "followers unknown" : `${count(followers)} followers`;
  return [label, size, niche, handle ? id : null].filter(Boolean).join(" · ");
}

export class CreatorSearch {
  /** `onChoose(creator)` is told the choice; `onChange` draws the view anew. */
  constructor(app, onChoose, onChange) {
    Object.assign(this, { app, onChoose, onChange });
    this.task = new Task(onChange);
    Object.assign(this, { text: "", found: null, isOpen: false, active: -1, timer: null });
  }

  type(text) {
    Object.assign(this, { text, isOpen: true, active: -1 });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), PAUSE);
    this.onChange();
  }

  open() {
    this.isOpen = true;
    if (this.found?.text === this.text) this.onChange();
    else this.ask();
  }

  close() {
    // the field also loses its focus when it is taken out of the page, in the middle of a drawing
    if (!this.isOpen) return;
    Object.assign(this, { isOpen: false, active: -1 });
    this.onChange();
  }

  async ask() {
    const { text } = this;
    const query = new URLSearchParams({ search: text.slice(0, 200), limit: MOST });
    const found = await this.task.run((signal) => this.app.api.get(`v1/creators?${query}`, { signal }));
    if (!found) return;
    this.found = { ...found, text };
    this.active = -1;
    this.app.announce(this.summary);
    this.onChange();
  }

  /** The creators that fit what is typed; none while they are asked for. */
  get options() {
    return this.isOpen && this.found?.text === this.text ? this.found.creators : [];
  }

  get summary() {
    const { total, creators } = this.found;
    if (!total) return "No known creator has that in its id or handle.";
    const shown = total > creators.length ? ` The first ${creators.length} are shown.` : "";
    return `${plural(total, "creator")} found.${shown}`;
  }

  choose(creator) {
    Object.assign(this, { text: "", found: null });
    this.close();
    this.onChoose(creator);
  }

  onKey(event) {
    const found = this.options;
    const last = found.length - 1;
    const steps = {
      ArrowDown: () => (this.isOpen ? this.move(this.active >= last ? 0 : this.active + 1) : this.open()),
      ArrowUp: () => (this.isOpen ? this.move(this.active <= 0 ? last : this.active - 1) : this.open()),
      Enter: () => found.length && this.choose(found[Math.max(this.active, 0)]),
      Escape: () => this.close(),
    };
    // the list goes before the focus does, so that the focus has somewhere to go
    if (event.key === "Tab") return this.close();
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    step();
  }

  move(place) {
    this.active = this.options.length ? place : -1;
    this.onChange();
    document.getElementById(`creator-option-${this.active}`)?.scrollIntoView({ block: "nearest" });
  }

  template() {
    const { options } = this;
    return html`<div class="field combobox">
      <label for="creator-search">Find a creator</label>
      <input id="creator-search" type="text" role="combobox" autocomplete="off" spellcheck="false"
        aria-autocomplete="list" aria-expanded=${options.length > 0 ? "true" : "false"}
        aria-controls="creator-options" aria-describedby="creator-search-hint"
        aria-activedescendant=${this.active >= 0 ? `creator-option-${this.active}` : ""}
        .value=${this.text} @input=${(event) => this.type(event.target.value)}
        @focus=${() => this.open()} @keydown=${(event) => this.onKey(event)}
        @blur=${() => this.close()}>
      <p class="hint" id="creator-search-hint">A part of its handle or its id. The service knows
        ${plural(this.app.service.creators, "creator")}.</p>
      <ul id="creator-options" role="listbox" tabindex="-1" aria-label="Known creators" class="options" ?hidden=${!options.length}>
        ${options.map((one, place) => this.option(one, place))}
      </ul>
      ${this.isOpen && this.found?.text === this.text ? html`<p class="hint">${this.summary}</p>` : nothing}
      ${taskError(this.task, () => this.ask())}
    </div>`;
  }

  option(creator, place) {
    const choose = (event) => {
      // the field keeps its focus, so that the list does not close before the choice
      event.preventDefault();
      this.choose(creator);
    };
    return html`<li id="creator-option-${place}" role="option" @mousedown=${choose}
      aria-selected=${place === this.active ? "true" : "false"}>
      <bdi class="name">${creatorName(creator)}</bdi>
      <span class="about">${creatorLine(creator, this.app.service)}</span></li>`;
  }
}
