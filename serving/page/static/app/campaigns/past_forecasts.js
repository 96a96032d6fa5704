// The campaigns of the ledger, and of one of them what was forecast and what came.

import { readDraft, writeDraft } from "../drafts.js";
import { count, date, plural } from "../format.js";
import { html, nothing } from "../lib.js";
import { busy, notice } from "../parts.js";
import { Task, taskError } from "../task.js";
import { reviewView } from "./review.js";

const DRAFT = "campaigns.came";

export class PastForecasts {
  constructor(app, draw) {
    Object.assign(this, { app, draw });
    this.draft = readDraft(DRAFT, { open: null });
    this.listing = new Task(draw);
    this.reading = new Task(draw);
    this.list = null;
    this.review = null;
  }

  /** Ask for what is not known yet. */
  begin() {
    if (this.app.service.has_ledger && !this.list && !this.listing.isRunning) this.look();
  }

  /** Ask for the campaigns, and for the one that is open. */
  async look() {
    const found = await this.listing.run((signal) => this.app.api.get("v1/campaigns", { signal }));
    if (!found) return;
    this.list = found;
    const { open } = this.draft;
    if (open && found.campaigns.some((one) => one.name === open)) await this.show(open);
    else this.draw();
  }

  async show(name) {
    this.draft.open = name;
    writeDraft(DRAFT, this.draft);
    if (this.review?.campaign !== name) this.review = null;
    const path = `v1/campaigns/${encodeURIComponent(name)}`;
    const found = await this.reading.run((signal) => this.app.api.get(path, { signal }));
    if (!found) return;
    this.review = found;
    this.draw();
    this.app.announce(found.sentences[0]);
  }

  view() {
    if (!this.app.service.has_ledger) return noLedger();
    return html`
      <p>Forecasts are kept under the name of their campaign. What came is told by a list of posts:
        <code>creatorcast outcomes FILE</code>.</p>
      <div class="actions"><button type="button" class="quiet" @click=${() => this.look()}>Look again</button></div>
      ${this.listing.isRunning ? busy("Looking into the ledger …") : nothing}
      ${taskError(this.listing, () => this.look())}
      ${this.list ? this.listView() : nothing}
      ${this.reading.isRunning ? busy("Comparing forecasts with what came …") : nothing}
      ${taskError(this.reading, () => this.show(this.draft.open))}
      ${this.review ? reviewView(this.review) : nothing}`;
  }

  listView() {
    const { campaigns, waiting } = this.list;
    return html`
      ${waiting ? notice(`${plural(waiting, "forecast is", "forecasts are")} on the way into the ledger and not counted yet: look again in a moment.`) : nothing}
      ${campaigns.length ? campaignTable(campaigns, this.draft.open, (name) => this.show(name)) : html`<p>The ledger has no campaign yet. Name one where you ask for a forecast, and it is listed here.</p>`}`;
  }
}

function noLedger() {
  return html`<p>This service keeps no forecasts to compare: whoever runs it turns that on by <code>CREATORCAST_LEDGER=on</code>.</p>`;
}

function campaignTable(campaigns, open, show) {
  return html`<div class="scroll wide" tabindex="0" role="region" aria-label="Campaigns"><table>
    <caption class="only-heard">Campaigns: the name opens one</caption>
    <thead><tr><th scope="col">Campaign</th><th scope="col" class="number">Forecasts</th><th scope="col">First and last</th>
      <th scope="col" class="number">Partnerships</th><th scope="col" class="number">With an outcome</th>
      <th scope="col" class="number">Waiting</th><th scope="col" class="number">Cannot be compared</th></tr></thead>
    <tbody>${campaigns.map((one) => campaignRow(one, one.name === open, () => show(one.name)))}</tbody>
  </table></div>`;
}

function campaignRow(one, isOpen, show) {
  const { matured, young, partial, waiting, not_scored: notScored } = one.outcomes;
  const [first, last] = [date(one.first_forecast_at), date(one.last_forecast_at)];
  return html`<tr>
    <th scope="row"><button type="button" class="link" aria-pressed=${isOpen ? "true" : "false"} @click=${show}><bdi>${one.name}</bdi></button></th>
    <td class="number">${count(one.forecasts)}${one.after ? html`<p class="hint">${count(one.after)} of running posts</p>` : nothing}</td>
    <td>${first === last ? first : `${first} to ${last}`}</td>
    <td class="number">${count(one.partnerships)}</td>
    <td class="number">${count(matured)}</td>
    <td class="number">${count(young + partial + waiting)}</td>
    <td class="number">${count(notScored)}</td></tr>`;
}
