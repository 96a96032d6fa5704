// Two plans side by side: A, which was kept, and B, which is shown.

import { chance, count, estimate, estimatedMoney, money, percent, plural } from "../format.js";
import { html, nothing } from "../lib.js";
import { table } from "../parts.js";
import { booked, range } from "./words.js";

const AIMS = { mean: "the most on average", cvar: "good even in a bad case", quantile: "a figure to promise", goal: "the best chance of the goal" };
const RULE_WORDS = {
  min_creators: "creators, at least", max_creators: "creators, at most", min_share: "share of the budget, at least",
  max_share: "share of the budget, at most", max_fee: "fee of one creator, at most", least_probability: "chance of the goal, at least",
  exclude: "never", fee_parts: "added to fees:",
};

/** Show the plans A and B beside each other, each with the question that it answers. */
export function compareView({ plan: a, question: askedA }, { plan: b, question: askedB }, { swap, dropA }) {
  const caption = "Plan A and plan B";
  return html`<section class="card" aria-labelledby="plan-compare"><h2 id="plan-compare">Plan A beside plan B</h2>
    <p class="muted">A is the plan that you kept, B the one below.</p>
    ${table({ caption, head: ["Figure", "Plan A", "Plan B"], rows: [...figureRows(a, b), ...ruleRows(askedA, askedB)] })}
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
  rows.push(row("Cost of an engagement, by the middle case", ({ total, currency }) => estimatedMoney(total.cpe, currency)));
  for (const objective of badCases(a, b)) {
    rows.push(row(badCaseLabel(objective), (plan) => (isSameAim(plan.objective, objective) ? estimate(plan.objective.value) : "not asked for")));
  }
  if (a.objective.goal !== null || b.objective.goal !== null) {
    rows.push(row("Chance of the goal", ({ objective, total }) =>
      objective.goal === null ? "no goal" : `${chance(total.probability_goal)} (of ${count(objective.goal)})`));
  }
  if (a.model_version !== b.model_version) rows.push(row("Model", ({ model_version: version }) => version));
  return rows;
}

const isSameAim = (one, other) => one.kind === other.kind && one.level === other.level && one.measure === other.measure;

/** The aims of the plans that are about bad cases, each once. */
function badCases(a, b) {
  const aims = [a.objective, b.objective].filter(({ kind }) => kind === "cvar" || kind === "quantile");
  return aims.length === 2 && isSameAim(...aims) ? [aims[0]] : aims;
}

function badCaseLabel({ kind, level, measure }) {
  return kind === "cvar"
    ? `Average of the worst ${percent(level)} of cases, ${measure}`
    : `Reached in all but ${percent(level)} of cases, ${measure}`;
}

/** The rules and settings in which two plans differ. */
function ruleRows(a, b) {
  const [inA, inB] = [ruleTexts(a), ruleTexts(b)];
  const names = [...new Set([...Object.keys(inA), ...Object.keys(inB)])];
  return names.filter((name) => inA[name] !== inB[name])
    .map((name) => [html`<bdi>${name}</bdi>`, inA[name] ?? "no rule", inB[name] ?? "no rule"]);
}

/** What was asked for, in words, by what it is about. */
function ruleTexts({ rules, max_deliverables: most, market_fee: end, by, maximise }) {
  const texts = { "Most of": maximise, Aim: AIMS[by], "Deliverables of one creator, at most": count(most), "Market fee": end };
  const add = (value, path) => {
    if (value === undefined) return;
    if (Array.isArray(value)) texts[path] = value.join(", ");
    else if (typeof value === "object") for (const [name, inner] of Object.entries(value)) add(inner, `${path} ${ruleWord(name)}`.trim());
    else texts[path] = String(value);
  };
  add(rules, "Rule:");
  return texts;
}

const ruleWord = (name) => RULE_WORDS[name] ?? name.replaceAll("_", " ");

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
