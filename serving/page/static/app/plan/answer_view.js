// A plan: the headline, the money, whom to sign, and what it rests on.

import { rangeBar, sharedScale } from "../charts/range.js";
import { frontierChart } from "../charts/frontier.js";
import { chance, count, date, estimate, estimatedMoney, money, percent, plural } from "../format.js";
import { guard, html, nothing } from "../lib.js";
import { figure, figures, notice, warnings } from "../parts.js";
import { choices } from "./choices.js";
import { leftOutView } from "./left_out_view.js";
import { addsWords, booked, feeSource, partName, platformLabel, range, repeatedQuote, sentence } from "./words.js";

/** Width of the picture of a range, in pixels. */
const BAR_WIDTH = 130;
/** Seconds that a search may take at most. */
export const LONGEST = 30;

/**
 * Show a plan. `actions`: what may be done with a creator of it (`mustHave`, `exclude`), and
 * `planBudget(amount)` and `searchLonger()`; `ui`: what is typed in its searches; `from`: of the
 * list, see run.js.
 */
export function answerView(plan, app, actions, ui, from) {
  return html`
    <p class="lead">${plan.sentence}</p>
    ${headFigures(plan)}
    ${planWarnings(plan)}
    ${searchEnd(plan, actions)}
    ${guard([plan, actions.form, actions.open], () => roster(plan, app, actions))}
    ${moneyView(plan, actions)}
    ${plan.frontier.length > 1 ? frontierChart(plan, actions.planBudget) : nothing}
    ${closePlans(plan)}
    ${leftOutView(plan, actions, ui, from)}
    ${basis(plan, app)}`;
}

function headFigures(plan) {
  const { total, currency, objective } = plan;
  const forecast = (name) => {
    const known = total[name];
    if (!known) return nothing;
    const label = name === "views" ? "Views" : "Engagements";
    return figure(label, estimate(known.p50), `8 of 10 outcomes: ${range(known)}`);
  };
  return figures(
    forecast("engagements"),
    forecast("views"),
    figure("Creators", count(total.creators), plural(total.deliverables, "deliverable")),
    figure("To spend", money(plan.spend, currency), `of ${money(plan.budget, currency)}; ${money(plan.left, currency)} left`),
    total.cpe === null ? nothing : figure("Cost of an engagement", estimatedMoney(total.cpe, currency), "by the middle case; fees without what is added to them"),
    objective.goal === null ? nothing : figure("Chance of the goal", chance(total.probability_goal), `of ${count(objective.goal)}`),
  );
}

function planWarnings(plan) {
  const isNamed = (text) => plan.roster.some(({ name }) => text.startsWith(name));
  const texts = plan.warnings
    .filter((text) => !plan.close_plans.some((other) => text.includes(other.text)))
    .map((text) => (isNamed(text) ? ended(text) : sentence(text)));
  if (!texts.length) return nothing;
  return html`<div class="notice"><ul class="warnings">${texts.map((text) => html`<li>${text}</li>`)}</ul></div>`;
}

/** What is to be known of a search that ended before it was proven that no plan is better. */
function searchEnd({ status, gap }, actions) {
  if (status === "complete") return nothing;
  const reason = status === "time limit" ? "The search ended at its time limit" : "This is the best plan that was found";
  return html`<div class="notice"><p>${reason}: one that is better by up to ${percent(gap, 1)} may exist.</p>
    ${longer(actions)}</div>`;
}

function longer({ form, searchLonger }) {
  if (Number(form.timeLimit) >= LONGEST) return nothing;
  return html`<button type="button" class="quiet" @click=${searchLonger}>Search longer (${LONGEST} s)</button>`;
}

/** Whom to sign: a row for each partnership, its range on the scale that all of them share. */
function roster(plan, app, actions) {
  const { measure } = plan.objective;
  const ranges = plan.roster.map((one) => rangeOf(one[measure]));
  const scale = sharedScale(ranges);
  const caption = "Whom to sign";
  return html`<h3 id="plan-roster">${caption}</h3>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="plan-roster"><table class="roster">
      <caption class="only-heard">${caption}</caption>
      <thead><tr><th scope="col">Creator</th><th scope="col">Booked</th><th scope="col" class="number">Fee</th>
        <th scope="col">${measure === "views" ? "Views" : "Engagements"}, 8 of 10 outcomes</th>
        <th scope="col" class="number">Cost of one, by the middle</th>
        <th scope="col" class="number">${addsWords(plan.objective)}</th>
        <th scope="col">In the next plan</th></tr></thead>
      <tbody>${plan.roster.map((one, place) => rosterRow(one, { plan, app, actions, scale, known: ranges[place] }))}</tbody>
      ${totalRow(plan)}
    </table></div>`;
}

function totalRow({ total, spend, currency, objective }) {
  const all = total[objective.measure];
  return html`<tfoot><tr><th scope="row">All ${count(total.creators)}</th><td>${plural(total.deliverables, "deliverable")}</td>
    <td class="number">${money(spend, currency)}</td>
    <td>${all ? `${range(all)}, middle ${estimate(all.p50)}` : "–"}</td>
    <td class="number">${estimatedMoney(total.cpe, currency)}</td><td></td><td></td></tr></tfoot>`;
}

function rangeOf(figure) {
  return figure && { low: figure.p10, middle: figure.p50, high: figure.p90 };
}

function rosterRow(one, { plan, app, actions, scale, known }) {
  const { currency, objective } = plan;
  const isOpen = actions.open.includes(one.partnership_id);
  return html`<tr>
    <th scope="row"><bdi class="name">${one.name}</bdi>
      <span class="note">${platformLabel(one.platform, app.service)}, ${one.band.replace("_", " ")}${one.niche ? `, ${one.niche}` : ""}</span>
      <button type="button" class="link" aria-expanded=${isOpen} aria-label="${isOpen ? "Less" : "More"} about ${one.name}"
        @click=${() => actions.toggle(one.partnership_id)}>${isOpen ? "Less" : "More"}</button></th>
    <td>${booked(one)}</td>
    <td class="number">${money(one.fee.total, currency)}${one.fee.source === "quoted" ? nothing : html`<span class="note">market fee</span>`}
      ${repeatedQuote(one.fee, currency) ? html`<span class="note quote">${repeatedQuote(one.fee, currency)}</span>` : nothing}
      ${isAbove(one) ? html`<span class="note above"><span aria-hidden="true">▼</span> above the safe fee</span>` : nothing}</td>
    <td>${known ? html`${rangeBar(known, scale, BAR_WIDTH)}<span class="note">${range(one[objective.measure])}, middle ${estimate(known.middle)}</span>` : "–"}</td>
    <td class="number">${estimatedMoney(one.cpe, currency)}</td>
    <td class="number">${objective.kind === "goal" ? percent(Math.max(one.adds, 0), 1) : estimate(Math.max(one.adds, 0))}</td>
    <td class="next">${choices(one.name, actions)}</td>
  </tr>
  ${isOpen ? html`<tr><td colspan="7">${details(one, plan, app)}</td></tr>` : nothing}`;
}

/** Whether the fee for engagement is above the highest that pays. */
function isAbove({ fee, break_even_fee: highest }) {
  return highest !== null && fee.for_engagement > highest;
}

function details(one, { currency }, app) {
  const { fee } = one;
  const parts = fee.parts.map(({ name, amount }) => `${partName(name)} ${money(amount, currency)}`).join(", ");
  const quote = repeatedQuote(fee, currency);
  return html`<div class="more"><p><b><bdi>${one.name}</bdi></b></p><p>${one.sentence}</p>
    <p>Fee ${feeSource(fee)}${quote && `: ${quote}`}.${parts ? ` In it: ${parts}; ${money(fee.for_engagement, currency)} are for engagement.` : ""}
      ${one.break_even_fee === null ? nothing : html`Safe fee for engagement, which pays with a chance of ${chance(app.service.default_confidence)} or of the confidence asked for: ${estimatedMoney(one.break_even_fee, currency)}${isAbove(one) ? ". This fee is above it: negotiate" : ""}.`}</p>
    <p>The forecast rests on ${app.service.evidence[one.evidence] ?? one.evidence}, ${count(one.horizon_days)} days after posting.
      ${one.completion_rate < 1 ? `${percent(one.completion_rate)} of the posts are expected to appear.` : ""}</p>
    ${warnings(one.warnings, app.service)}</div>`;
}

function ended(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function moneyView({ binding, next_1000: next, status }, actions) {
  if (!binding.length && !next) return nothing;
  return html`<h3>What rules cost, and what more money brings</h3><ul>
    ${next ? html`<li>${sentence(next.text)}
      ${next.adds === null && status === "complete" ? longer(actions) : nothing}</li>` : nothing}
    ${binding.map(({ text }) => html`<li>${sentence(text)}</li>`)}</ul>`;
}

/** Other rosters; a warning that tells one of them stands here in place of its plain text. */
function closePlans({ close_plans: plans, warnings: told }) {
  if (!plans.length) return nothing;
  const texts = plans.map(({ text }) => told.find((one) => one.includes(text)) ?? text);
  return html`<h3>Other plans that come close</h3>
    <ul>${texts.map((text) => html`<li>${sentence(text)}</li>`)}</ul>`;
}

function basis(plan, { service }) {
  const kinds = new Map();
  for (const { evidence } of plan.roster) kinds.set(evidence, (kinds.get(evidence) ?? 0) + 1);
  const told = [...kinds].map(([kind, number]) => `${count(number)} on ${service.evidence[kind] ?? kind}`).join(", ");
  return html`<p class="muted basis">Forecasts as of ${date(plan.as_of)} by the model ${plan.model_version}; they rest on: ${told}.
    ${plan.ledger ? `Ledger: ${plan.ledger}.` : ""}</p>`;
}
