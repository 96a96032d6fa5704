// The day on which the forecasts of a list are made: today, or another one.

import { selectField, textField } from "../fields.js";
import { date, plural } from "../format.js";
import { html, nothing } from "../lib.js";

/** A day as requests have it. */
export const momentOf = (day) => `${day}T00:00:00Z`;

/**
 * Show the choice of the day. `day`: the chosen one, "" for today; `change(day)` takes another;
 * `past`: rows that start before it, as the service told.
 */
export function asOfChoice({ day, past, change }) {
  const today = new Date().toISOString().slice(0, 10);
  return html`${past ? html`<div class="notice" id="list-past-starts"><p>${plural(past.rows, "row starts", "rows start")} before
      ${day ? "the day of the forecast" : "today"}, and cannot be scored: a forecast is of what is to come.</p>
      <div class="actions"><button type="button" @click=${() => change(past.day)}>Answer as of ${date(past.day)}</button></div></div>` : nothing}
    <div class="fields">
      ${selectField({ id: "list-as-of", label: "Forecast made on", value: day ? "other" : "", options: [["", "Today"], ["other", "Another day"]],
        onInput: (value) => change(value ? past?.day ?? today : "") })}
      ${day ? html`<div @change=${(event) => event.target.value && change(event.target.value)}>${textField({ id: "list-as-of-day",
        label: "Day of the forecast", type: "date", value: day, onInput: () => {} })}</div>` : nothing}</div>`;
}
