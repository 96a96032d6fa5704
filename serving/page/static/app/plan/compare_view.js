// Two plans side by side: A, which was kept, and B, which is shown.

import { chance, count, estimate, estimatedMoney, money, plural } from "../format.js";
import { html, nothing } from "../lib.js";
import { table } from "../parts.js";
import { booked, range } from "./words.js";

/** Show the plans A and B beside each other. */
export function compareView(a, b, { swap, dropA }) {
  const caption = "Plan A and plan B";
  return html`<section class="card" aria-labelledby="plan-compare"><h2 id="plan-compare">Plan A beside plan B</h2>
    <p class="muted">A is the plan that you kept, B the one below.</p>
    ${table({ caption, head: ["Figure", "Plan A", "Plan B"], rows: figureRows(a, b) })}
    <p class="hint">8 of 10 outcomes lie in a range. Where the ranges overlap, either plan may bring more.</p>
    ${rosters(a, b)}
    <div class="actions"><button type="button" class="quiet" @click=${swap}>Swap A and B</button>
      <button type="button" class="quiet" @click=${dropA}>Forget plan A</button></div>
  </section>`;
}

function figureRows(a, b) {
  const row = (label, tell) => [label, tell(a), tell(b)];
  const forecast = (name) => ({ total }) => (total[name] ? `${estimate(total[name].p50)} (${range(total[name])})` : "not known of all");
  const rows = [
    row("Budget", ({ budget, currency }) => money(budget, currency)),
    row("To spend", ({ spend, currency }) => money(spend, currency)),
    row("Creators", ({ total }) => count(total.creators)),
    row("Deliverables", ({ total }) => count(total.deliverables)),
    row("Engagements", forecast("engagements")),
  ];
  if (a.total.views || b.total.views) rows.push(row("Views", forecast("views")));
  rows.push(row("Cost of an engagement", ({ total, currency }) => estimatedMoney(total.cpe, currency)));
  if (a.objective.goal !== null || b.objective.goal !== null) {
    rows.push(row("Chance of the goal", ({ objective, total }) =>
      objective.goal === null ? "no goal" : `${chance(total.probability_goal)} (of ${count(objective.goal)})`));
  }
  if (a.model_version !== b.model_version) rows.push(row("Model", ({ model_version: version }) => version));
  return rows;
}

const keyOf = ({ platform, name }) => `${platform} ${name}`;

function rosters(a, b) {
  const inA = new Map(a.roster.map((one) => [keyOf(one), one]));
  const inB = new Map(b.roster.map((one) => [keyOf(one), one]));
  const onlyA = a.roster.filter((one) => !inB.has(keyOf(one)));
  const onlyB = b.roster.filter((one) => !inA.has(keyOf(one)));
  const both = b.roster.filter((one) => inA.has(keyOf(one)));
  const changed = both.filter((one) => booked(one) !== booked(inA.get(keyOf(one))));
  const same = both.length - changed.length;
  return html`<div class="sides">
    ${side("Only in A", onlyA, a.currency)}
    ${side("Only in B", onlyB, b.currency)}
    <div><h3>In both</h3>
      ${changed.length ? html`<ul>${changed.map((one) => html`<li><bdi>${one.name}</bdi>: ${booked(inA.get(keyOf(one)))} in A, ${booked(one)} in B</li>`)}</ul>` : nothing}
      <p>${plural(same, "creator")} with the same deliverables.</p></div>
  </div>`;
}

function side(title, entries, currency) {
  return html`<div><h3>${title}</h3>${entries.length
    ? html`<ul>${entries.map((one) => html`<li><bdi>${one.name}</bdi>: ${booked(one)}, ${money(one.fee.total, currency)}</li>`)}</ul>`
    : html`<p>nobody</p>`}</div>`;
}
