// Work that a view waits for: the newest one counts, and what it waits for, or why it failed, is
// shown.

import { ServiceError } from "./api.js";
import { html, nothing } from "./lib.js";

export class Task {
  /** `onChange` draws the view anew. */
  constructor(onChange) {
    this.onChange = onChange;
    this.controller = null;
    this.error = null;
    this.work = null;
  }

  get isRunning() {
    return this.controller !== null;
  }

  /**
   * Run `work(signal)` in place of what runs, and give its result; undefined where it failed, which
   * `error` then tells, or where newer work took its place.
   */
  async run(work) {
    this.controller?.abort();
    const controller = new AbortController();
    Object.assign(this, { controller, work, error: null });
    this.onChange();
    try {
      const result = await work(controller.signal);
      return this.controller === controller ? result : undefined;
    } catch (error) {
      if (this.controller === controller && !controller.signal.aborted) this.error = error;
      if (!(error instanceof ServiceError) && !controller.signal.aborted) console.error(error);
      return undefined;
    } finally {
      if (this.controller === controller) {
        this.controller = null;
        this.onChange();
      }
    }
  }

  cancel() {
    this.controller?.abort();
    this.controller = null;
    this.onChange();
  }
}

/** Show why a task failed, with a button that calls `again` where it is given. */
export function taskError(task, again) {
  if (!task.error) return nothing;
  const { message } = task.error;
  const text = task.error instanceof ServiceError ? message : `The page failed: ${message}`;
  const button = again
    ? html`<button type="button" class="quiet" @click=${again}>${task.error.code === "no_key" ? "Give the key" : "Try again"}</button>`
    : nothing;
  return html`<div class="notice bad" role="alert"><p>${text}</p>${button}</div>`;
}
