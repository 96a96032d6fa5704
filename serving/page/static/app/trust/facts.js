// What the model rests on, how it does in use, and what it cannot know.

import { count, date, percent } from "../format.js";
import { html, nothing } from "../lib.js";
import { notice, table } from "../parts.js";

const PLATFORMS = { instagram: "Instagram", tiktok: "TikTok", youtube: "YouTube", x: "X" };
const BASES = { fitted: "your own data", published: "published figures" };
const MEASURES = { engagements: "engagements", views: "views" };
const EVIDENCE = { history: "past posts", summary: "averages", profile: "profile" };
const VERDICTS = {
  "too early": "Too early to say",
  fine: "Fine",
  recalibrate: "Adjust its ranges",
  retrain: "Train it again",
};

export const platformName = (name) => PLATFORMS[name] ?? name;

/** Which model it is. */
export function aboutSection({ record }) {
  return html`${record.about.map((text) => html`<p>${text}</p>`)}`;
}

/** What it forecasts, and the data that trained it. */
export function dataSection(model) {
  const platforms = Object.entries(model.platforms ?? {});
  return html`<section><h2>What it rests on</h2>
    <dl class="facts">
      ${fact("Source of the data", model.source)}
      ${fact("Forecasts are of", `day ${model.horizon_days} after posting, unless you ask for another day`)}
      ${Object.entries(model.definitions ?? {}).map(([name, text]) => fact(`Engagements on ${platformName(name)}`, text))}
    </dl>
    ${platforms.length ? table({
      caption: "The data of each platform",
      head: ["Platform", "First post", "Until", "Accounts", "Posts", "Posts in the test"],
      numbers: 3,
      rows: platforms.map(([name, one]) => [
        platformName(name), date(one.first_post), date(one.until),
        count(one.accounts), count(one.posts), one.backtest ? count(one.backtest) : "not tested",
      ]),
    }) : nothing}
  </section>`;
}

function fact(name, text) {
  return text ? html`<div><dt>${name}</dt><dd>${text}</dd></div>` : nothing;
}

/** How its ranges were adjusted after training, where they were. */
export function recalibrationSection({ recalibrated }) {
  if (!recalibrated) return nothing;
  const { outcomes, creators, until, trained } = recalibrated;
  return html`<section><h2>Ranges adjusted by later outcomes</h2>
    <p>${count(outcomes)} outcomes of ${count(creators)} creators, read until ${date(until)}, adjusted the ranges of <bdi>${trained}</bdi>. The 80 % range held ${percent(recalibrated.coverage_80_before)} of them before and ${percent(recalibrated.coverage_80_after)} after. The test above is of the model before that.</p>
    ${table({
      caption: "What was adjusted",
      head: ["Platform", "Known of the creator", "Outcomes", "Creators", "Middle moved by", "Width multiplied by"],
      numbers: 4,
      rows: recalibrated.tables.map((row) => [
        platformName(row.platform), EVIDENCE[row.evidence] ?? row.evidence, count(row.outcomes),
        count(row.creators), percent(Math.expm1(row.moved), 1), row.stretched.toFixed(2),
      ]),
    })}</section>`;
}

/** What comparing its forecasts in use with their outcomes found. */
export function watchSection({ has_ledger: hasLedger, found }, model) {
  return html`<section><h2>How it does in use</h2>${watchContent(hasLedger, found, model)}</section>`;
}

function watchContent(hasLedger, found, model) {
  if (!hasLedger) {
    return html`<p>This service keeps no forecasts, so they cannot be compared with what came. The person who runs it can switch that on (docs/ledger.md).</p>`;
  }
  if (!found) {
    return html`<p>Forecasts are kept, but nobody has compared them with their outcomes so far: <code>creatorcast watch</code> does.</p>`;
  }
  const isOther = found.model_version !== model.version;
  return html`
    ${isOther ? notice(`This is of the model ${found.model_version}, not of the one that answers now.`) : nothing}
    <p class="lead">${VERDICTS[found.verdict] ?? found.verdict}</p>
    <ul>${found.sentences.map((text) => html`<li>${text}</li>`)}</ul>
    ${found.notes.length ? html`<details><summary>What else was found</summary>
      <ul>${found.notes.map((text) => html`<li>${text}</li>`)}</ul></details>` : nothing}
    <p class="muted">Found on ${date(found.made_at)}.</p>`;
}

/** How counts grow after posting. */
export function growthSection({ maturation }) {
  const curves = Object.entries(maturation ?? {}).flatMap(([platform, measures]) =>
    Object.entries(MEASURES).filter(([measure]) => measures[measure])
      .map(([measure, label]) => ({ platform: platformName(platform), label, ...measures[measure] })));
  if (!curves.length) return nothing;
  return html`<section><h2>How fast posts grow</h2>
    <p>The share of the count of day 30 that a post usually has earlier. Counts that were read early are brought to one day by this.</p>
    ${table({
      caption: "Share of the count of day 30",
      head: ["Platform", "Count", "Rests on", "Day 1", "Day 7", "Day 14"],
      numbers: 3,
      rows: curves.map(({ platform, label, basis, posts, share_of_day_30: shares }) => [
        platform, label, `${BASES[basis] ?? basis}${posts ? ` (${count(posts)} posts)` : ""}`,
        percent(shares.day_1), percent(shares.day_7), percent(shares.day_14),
      ]),
    })}
    <details><summary>Sources of these shares</summary><ul>${curves.map(({ platform, label, source }) =>
      html`<li>${platform}, ${label}: ${source}</li>`)}</ul></details></section>`;
}

/** Where it should not be relied on, and what no such model knows. */
export function limitsSection({ record }) {
  return html`<section><h2>Limits of this model</h2>
    <ul>${record.limits.map((text) => html`<li>${text}</li>`)}</ul>
    <h2>What nobody can know before</h2>
    <ul>${record.unknowable.map((text) => html`<li>${text}</li>`)}</ul></section>`;
}
