// Whom a plan may choose from: a list that was handed over, pasted, opened or the example, and
// where it is longer than a plan may be, which part of it.

import { readDraft, removeDraft, writeDraft } from "../drafts.js";
import { base64Of, sizeFault } from "../list/file.js";
import { Task } from "../task.js";
import { EXAMPLE_NAME, EXAMPLE_TEXT } from "./example.js";
import { rankRows } from "./rank_rows.js";

const DRAFT = "plan.candidates";
const NONE = { name: "", source: "", rows: null, lines: [], counts: null, notes: [], rejected: [] };
const NO_FILTER = { platform: "", niche: "" };

/**
 * The candidates of the plan; `onChange` is told each change, `onAsOf` the day of a
 * list's forecasts, which `asOf()` gives as a moment.
 */
export class Candidates {
  constructor(app, { onChange, onAsOf, asOf }) {
    this.app = app;
    Object.assign(this, { onChange, onAsOf, asOf });
    this.reading = new Task(onChange);
    this.ranking = new Task(onChange);
    Object.assign(this, { hasRoom: true, handed: null, fileFault: undefined });
    Object.assign(this, readDraft(DRAFT, { list: NONE, text: "", filter: NO_FILTER, best: null, version: 0 }));
  }

  get limit() {
    return this.app.service.limits.partnerships;
  }

  /** Whether there are rows, few enough for a plan. */
  get isReady() {
    return this.list.rows !== null && this.chosen.length > 0 && this.chosen.length <= this.limit;
  }

  /** The positions of the rows that pass the filter. */
  get filtered() {
    const { platform, niche } = this.filter;
    return this.list.rows.flatMap((row, place) =>
      (!platform || row.platform === platform) && (!niche || row.niche === niche) ? [place] : []);
  }

  /** The rows that a plan chooses from: all that pass the filter, or the best of them. */
  get chosen() {
    return this.chosenPlaces.map((place) => this.list.rows[place]);
  }

  /** The line in the list of each row that a plan chooses from, null where it is not known. */
  get chosenLines() {
    return this.chosenPlaces.map((place) => this.list.lines[place] ?? null);
  }

  get chosenPlaces() {
    return this.best?.places ?? this.filtered;
  }

  /** The names that creators of the list can be called by, each once. */
  get names() {
    const names = (this.list.rows ?? []).map((row) => row.handle ?? row.creator_id ?? row.partnership_id);
    return [...new Set(names.filter(Boolean))];
  }

  /** Whether a creator of the list has a name; case and @ do not count. */
  knows(name) {
    const folded = fold(name);
    return (this.list.rows ?? []).some((row) =>
      [row.handle, row.creator_id, row.partnership_id].some((one) => one && fold(one) === folded));
  }

  setText(text) {
    this.text = text;
    this.keep();
  }

  setFilter(filter) {
    this.filter = { ...this.filter, ...filter };
    this.best = null;
    this.keepNew();
  }

  clear() {
    this.list = NONE;
    this.handed = null;
    this.filter = NO_FILTER;
    this.best = null;
    this.keepNew();
  }

  readPasted() {
    return this.read("Pasted rows", "pasted", { file: { name: "pasted", text: this.text } });
  }

  readExample() {
    return this.read(EXAMPLE_NAME, "example", { file: { name: "example.csv", text: EXAMPLE_TEXT } });
  }

  async readFile(file) {
    this.fileFault = sizeFault(file, this.app.service.limits, "plan");
    if (this.fileFault) {
      this.app.announce(this.fileFault);
      this.onChange();
      return undefined;
    }
    return this.read(file.name, "file", { file: { name: file.name, base64: await base64Of(file) } });
  }

  /** Take the list that another part of the page handed over. */
  readHanded(handed) {
    const { name, file, sheet, partnerships } = handed;
    this.handed = handed;
    this.onAsOf(handed.as_of?.slice(0, 10) ?? "");
    if (file) return this.read(name, "handed", { file, sheet });
    const counts = { read: partnerships.length, usable: partnerships.length, rejected: 0, blank: 0 };
    return this.take({ ...NONE, name, source: "handed", rows: partnerships, counts });
  }

  /** Read a list; `readAgain` does the same once more. */
  async read(name, source, question) {
    this.readAgain = () => this.read(name, source, question);
    const answer = await this.reading.run((signal) =>
      this.app.api.post("v1/lists/read", { ...question, as_of: this.asOf(), use: "plan" }, { signal }));
    if (!answer) return;
    const { partnerships: rows, lines, counts, notes, rejected } = answer;
    this.take({ name, source, rows, lines, counts, notes, rejected });
  }

  take(list) {
    this.list = list;
    this.filter = NO_FILTER;
    this.best = null;
    this.app.announce(`${list.counts.usable} of ${list.counts.read} rows can be used.`);
    this.keepNew();
  }

  /** Take the best rows by a measure, as many as a plan may have. */
  async takeBest(by) {
    const filtered = this.filtered;
    const found = await this.ranking.run((signal) => rankRows(this.app, this.list.rows, filtered, by, signal));
    if (!found) return;
    this.best = { by, places: found.places.slice(0, this.limit), without: found.without };
    this.app.announce(`The best ${this.best.places.length} rows are candidates.`);
    this.keepNew();
  }

  /** Keep candidates that are others than before, which `version` tells from those. */
  keepNew() {
    this.version = Date.now();
    this.keep();
  }

  keep() {
    const { list, text, filter, best, version } = this;
    this.hasRoom = writeDraft(DRAFT, { list, text, filter, best, version });
    if (!this.hasRoom) removeDraft(DRAFT);
    this.onChange();
  }
}

function fold(name) {
  return name.trim().replace(/^@/, "").toLowerCase();
}
