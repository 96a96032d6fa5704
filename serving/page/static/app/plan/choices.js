// What the next plan is to do with a creator.

import { html } from "../lib.js";

/** Buttons that make a creator a must of the next plan, or keep it out. */
export function choices(name, { form, mark }) {
  const button = (field, text) => html`<button type="button" class="quiet small"
    aria-pressed=${form[field].includes(name)} aria-label="${text}: ${name}" @click=${() => mark(field, name)}>${text}</button>`;
  return html`${button("mustHave", "Must")}${button("exclude", "Never")}`;
}
