// The headline figures of the record: one sentence, and a few figures with their intervals.

import { count, percent, plural } from "../format.js";
import { html, nothing } from "../lib.js";
import { figure, figures } from "../parts.js";

/** Kind of creators of the test -> its name. */
export const SPLITS = {
  seen: "Creators that the model learned from",
  unseen: "Creators that it had never seen",
};
/** What was known of a creator -> in words. */
export const EVIDENCE = {
  history: "Their past posts",
  summary: "Averages only",
  profile: "Profile only",
};
const COVERAGE_LABELS = { seen: "Known creators", unseen: "New creators" };
/** The rule of planning tools: its name in the record. */
const TRAILING_RATE = "followers x trailing rate";

/** The factor by which two counts differ whose ln differ by so much. */
function factor(ln) {
  return Number.isFinite(ln) ? `× ${Math.exp(ln).toFixed(ln < 2.3 ? 1 : 0)}` : "–";
}

/** How many of 10 a share is, such as 8, or 8.3 where it is not whole. */
function ofTen(share) {
  return Number((10 * share).toFixed(1));
}

/** An interval of shares as percentages, such as 79 to 86 %. */
function percentRange(low, high) {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return "not known";
  return `${(100 * low).toFixed(0)} to ${percent(high)}`;
}

/** The headline of one kind of creators. */
export function headline(model, split) {
  const row = model.summary[split];
  const rule = model.backtest.table
    .find((one) => one.split === split && one.forecaster === TRAILING_RATE);
  const own = model.backtest.table
    .find((one) => one.split === split && one.forecaster === "creatorcast");
  const range = model.record.coverage
    .find((one) => one.label === COVERAGE_LABELS[split] && one.level === 80);
  return html`<div class="card"><h3>${SPLITS[split]}</h3>
    <p class="lead">Of 10 later posts, ${ofTen(row.coverage_80)} lay in the 80 % range: 8 are promised. ${comparison(row)}</p>
    ${figures(
      figure("In the 80 % range", percent(row.coverage_80), `${range ? `95 % interval ${percentRange(range.low, range.high)}; ` : ""}80 % is promised`),
      figure("In the 90 % range", percent(row.coverage_90), "90 % is promised"),
      figure("Usual distance from the middle", factor(row.mae), `on average, up or down; 95 % interval ${factor(row.mae_low)} to ${factor(row.mae_high)}`),
      figure("Width of the 80 % range", factor(own?.width_80), "upper end against lower end"),
      figure("Error against the creator’s median", signed(row.vs_median), `95 % interval ${signed(row.vs_median_low)} to ${signed(row.vs_median_high)}; below 0 is better`),
      rule && row.mae !== null && rule.mae ? figure("Error against followers × recent rate", signed(row.mae / rule.mae - 1), "below 0 is better") : nothing,
    )}
    <p class="muted">${plural(row.rows, "later post")} of ${plural(row.creators, "creator")} with 5 or more earlier posts. Forecast without knowing what the post will show.</p>
  </div>`;
}

function comparison(row) {
  const { vs_median: change, vs_median_low: low, vs_median_high: high } = row;
  if (change === null || change === undefined) return "";
  const size = `${Math.abs(100 * change).toFixed(0)} %`;
  if (low <= 0 && high >= 0) {
    return "Its error and that of the creator’s own median may be equal.";
  }
  return change < 0
    ? `Its error was ${size} smaller than that of the creator’s own median.`
    : `Its error was ${size} larger than that of the creator’s own median: the median is the better rule here.`;
}

function signed(share) {
  if (!Number.isFinite(share)) return "–";
  const points = Math.round(100 * share);
  return `${points > 0 ? "+" : points < 0 ? "−" : ""}${count(Math.abs(points))} %`;
}
