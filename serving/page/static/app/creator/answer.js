// The answer: the forecast in words and as a picture, what it costs, why it is so, and what it rests
// on.

import { chart } from "../charts/frame.js";
import { DOT_SHARES, outcomeDots } from "../charts/outcome_dots.js";
import { factorSteps } from "../charts/factor_steps.js";
import { chance, change, count, date, estimate, estimatedMoney, plural } from "../format.js";
import { html, nothing } from "../lib.js";
import { doubtNotice, figure, figures, splitWarnings, table, verdict, warnings } from "../parts.js";
import { answerText } from "./answer_text.js";
import { doubtText } from "./doubts.js";
import { feePanel } from "./fee_panel.js";
import { keepPanel } from "./keep_panel.js";
import { postsPanel } from "./posts_panel.js";

/** The answer of ask.js; `view` has the form and the state around it. */
export function answerTemplate(view) {
  const { answer, read, app } = view;
  const shown = view.shownResult();
  const { service } = app;
  const { doubts, others } = splitWarnings(shown.warnings, service);
  return html`
    <div class="headline">
      ${shown.verdict ? html`<p>${verdict(shown.verdict, service)}</p>` : nothing}
      <p class="lead">${shown.sentence}</p>
      ${doubtNotice(doubts.map((name) => doubtText(name, shown, service)))}
    </div>
    ${outcomes(answer.explained, shown)}
    ${mainFigures(shown, service)}
    ${feePanel(view, answer, read.fee)}
    ${others.length ? html`<h2>What to know</h2>${warnings(others, service)}` : nothing}
    ${reasons(answer, service)}
    ${postsPanel(view)}
    ${comparables(answer.explained)}
    ${grounds(view, shown)}
    ${keepPanel(view)}
    ${asText(view, shown)}`;
}

/** The name of the quantile of a share, as answers have it: 0.025 is p02_5. */
function quantileName(share) {
  const [whole, part] = String(Math.round(share * 10_000) / 100).split(".");
  return `p${whole.padStart(2, "0")}${part ? `_${part}` : ""}`;
}

function outcomes(result) {
  const { engagements, benchmark, goal_engagements: goal, horizon_days: days } = result;
  const { deliverables, package: formats } = result;
  const dots = DOT_SHARES.map((share) => engagements[quantileName(share)]);
  if (!dots.every((value) => value > 0)) return nothing;
  const usual = benchmark?.engagements_p50;
  const marks = [
    { value: engagements.p50, label: `Middle ${estimate(engagements.p50)}`, kind: "middle" },
    { value: usual, label: `Benchmark ${estimate(usual)}`, kind: "usual" },
    { value: goal, label: `Goal ${count(goal)}`, kind: "goal" },
  ].filter((mark) => Number.isFinite(mark.value));
  const one = deliverables > 1 ? `all ${count(deliverables)} posts` : "the post";
  const posts = formats ? "the package" : one;
  return chart({
    title: `Engagements of ${posts}, ${plural(days, "day")} after posting`,
    level: 2,
    summary: html`Each dot is 1 of 20 outcomes that are equally likely. 8 of 10 outcomes lie in the shaded
      range, from ${estimate(engagements.p10)} to ${estimate(engagements.p90)}.
      ${usual ? html`The benchmark is what ${benchmarkName(benchmark)} get in the middle: half of them get more.` : nothing}`,
    data: {
      head: ["Outcome", "Engagements"], numbers: 1,
      rows: ["p05", "p10", "p25", "p50", "p75", "p90", "p95"].map((name) => [
        `${Number(name.slice(1))} of 100 outcomes are lower`, estimate(engagements[name])]),
    },
    draw: (width) => outcomeDots({
      outcomes: dots, low: engagements.p10, high: engagements.p90, marks, title: "engagements",
    }, width),
  });
}

/** Which creators a benchmark is of, and how many where they were counted. */
function benchmarkName({ creators, cell }) {
  return creators === null ? cell : `${count(creators)} ${cell}`;
}

function mainFigures(result, service) {
  const { engagements, views, goal_engagements: goal, probability_goal: probability } = result;
  const rate = result.engagement_rate_by_followers_p50;
  const range = ({ p10, p90 }) => `8 of 10 outcomes: ${estimate(p10)} to ${estimate(p90)}`;
  const cutOffs = service.verdicts.map((one) => one.least_probability);
  return figures(
    figure("Engagements", estimate(engagements.p50), range(engagements)),
    views
      ? figure("Views", estimate(views.p50), range(views))
      : figure("Views", "–", "not shown on the platform, or not known"),
    goal ? figure(`Chance of ${count(goal)} engagements`, chance(probability, cutOffs)) : nothing,
    rate ? figure("Engagement rate by followers", rateText(rate), "of one post, in the middle") : nothing,
  );
}

const rateText = (rate) => `${Number((100 * rate).toPrecision(2))} %`;

function reasons({ explained, onePost }, service) {
  const { reasons: found, package: formats, engagements, deliverables } = explained;
  if (!found) return nothing;
  const factors = found.factors.filter(({ factor }) => change(factor) !== change(1)).map(({ reason, factor }) => ({
    label: sentenceCase(reason), text: change(factor), meaning: service.reasons[reason] ?? "", factor,
  }));
  const last = found.factors.reduce((level, { factor }) => level * factor, found.per_post);
  const middle = onePost?.engagements.p50 ?? (deliverables === 1 ? engagements.p50 : last);
  const start = level("By its platform, followers and niche alone", found.per_post);
  const end = level("Forecast of one post", middle);
  return html`<h2>Why</h2>${chart({
    title: "From what is usual to this forecast",
    summary: html`Each step multiplies the forecast of a post: to the right it raises it, to the left it lowers it.
      The table says what each step means.
      ${formats ? "The steps are those of the format that brings most." : nothing}`,
    data: {
      head: ["Step", "What it means", "Factor"], numbers: 1,
      rows: [[start.label, START, start.text], ...factors.map(({ label, meaning, text }) => [label, meaning, text]),
        [end.label, "All of these together.", end.text]],
    },
    draw: (width) => factorSteps({ start, end, factors }, width),
  })}${formats || deliverables > 1 ? html`<p class="muted">${SEVERAL}</p>` : nothing}`;
}

const START = "What an account of exactly this size is expected to get. The benchmark is of all creators of its size class.";
const SEVERAL = "Several posts together get more in the middle than one post times their number: a post that does "
  + "very well lifts their sum, while it leaves the middle of one post where it is.";

const level = (label, value) => ({ label, text: estimate(value), value });

const sentenceCase = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function comparables({ comparables: found, benchmark }) {
  const usual = benchmark?.cell
    ? html`<p>The benchmark is what ${benchmarkName(benchmark)} get in the middle: ${estimate(benchmark.engagements_p50)}
        engagements for as many posts. Half of them get more.</p>`
    : html`<p>There is no benchmark for such creators.</p>`;
  const rows = (found ?? []).map((one) => [
    html`<bdi>${one.creator_id}</bdi>`, one.niche ?? "–", count(one.followers), count(one.posts),
    estimate(one.engagements_p50), estimate(one.views_p50),
    one.deals ? `${estimatedMoney(one.cpe_usd)} (${plural(one.deals, "deal")})` : "–",
  ]);
  const head = ["Creator", "Niche", "Followers", "Last posts", "Engagements", "Views", "Cost per engagement"];
  const caption = "The known creators that are most like this one: what their last posts get in the middle";
  return html`<h2>Creators like this one</h2>${usual}
    ${rows.length ? table({ caption, head, rows, numbers: 5 })
      : html`<p class="muted">The service knows no creators to compare with.</p>`}`;
}

function grounds(view, shown) {
  const { service } = view.app;
  const known = view.details;
  const counting = known?.features.find((one) => one.name === "engagements_known_count")?.value;
  const posts = shown.evidence === "history" && counting ? `, ${count(counting)} of them` : "";
  const trainedOn = TRAINED_ON[view.answer.trainedOn] ?? view.answer.trainedOn;
  const rest = [
    ["Rests on", `${service.evidence[shown.evidence] ?? shown.evidence}${posts}`],
    ["As known on", date(shown.as_of)],
    known?.followers_read_at ? ["Followers", `${count(known.followers)}, as read on ${date(known.followers_read_at)}`] : null,
    known?.last_post_at ? ["Last post that counts", date(known.last_post_at)] : null,
    ["Engagements are", `${shown.definition}, ${plural(shown.horizon_days, "day")} after posting`],
    ["Growth with age", GROWTH[shown.maturation_source]],
    ["Model", html`<bdi>${view.answer.model}</bdi>, trained on ${trainedOn}`],
  ].filter(Boolean);
  return html`<h2>What it rests on</h2><dl class="grounds">${rest.map(([name, text]) =>
    html`<div><dt>${name}</dt><dd>${text}</dd></div>`)}</dl>`;
}

const GROWTH = {
  fitted: "by posts of the data that were read several times", published: "by published figures",
  none: "not known: counts stay as they were read",
};
const TRAINED_ON = { real: "real data", simulated: "simulated data" };

function asText(view, shown) {
  const text = answerText(view, shown);
  return html`<h2>To send on</h2>
    <div class="actions"><button type="button" class="quiet" @click=${() => view.copy(text)}>Copy as text</button>
      <span class="muted">${view.copied}</span></div>
    <details><summary>Show the text</summary>
      <textarea class="answer-text" rows="12" readonly aria-label="The answer as text"
        .value=${text}></textarea></details>`;
}
