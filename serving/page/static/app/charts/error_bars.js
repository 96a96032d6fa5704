// The error of the model beside that of simple rules and of other models: a dot with its interval.

import { count, percent } from "../format.js";
import { d3, svg } from "../lib.js";

const MODEL = "creatorcast";
const NAMES = {
  [MODEL]: "This model",
  "creatorcast, content given": "This model, content known",
  "followers x trailing rate": "Followers × recent rate",
  "mean of last 12": "Mean of last 12 posts",
  "median of last 12": "Median of last 12 posts",
  "median of last 96": "Median of last 96 posts",
  "creator's median": "Creator’s median",
  "mean of the band": "Mean of creators its size",
  "followers x rate of the band": "Followers × rate of its size",
  "offset alone": "Its level alone",
  ridge: "Simple linear model",
  "LightGBM default": "Tree model, not tuned",
  "boosting without history": "Tree model, no past posts",
};
/** Ways to forecast that a person could do by hand. */
const RULES = [
  "followers x trailing rate", "mean of last 12", "median of last 12", "median of last 96",
  "creator's median", "mean of the band", "followers x rate of the band",
];
const KINDS = { own: "this model", rule: "simple rule", model: "other model" };
const LINE = 26;
const TOP = 8;
const LABEL_WIDTH = 178;

const factor = (ln) => Math.exp(ln);

/** The chart of the rows of one kind of creators; `who`: their name. See `chart` of frame.js. */
export function errorChart(rows, who) {
  const known = rows.filter((row) => Number.isFinite(row.mae) && row.rows)
    .sort((a, b) => a.mae - b.mae);
  return {
    title: `How far forecasts lie from outcomes: ${who.toLowerCase()}`,
    summary: summaryOf(known),
    draw: (width) => draw(known, width),
    data: {
      head: ["Forecast by", "What it is", "Usual distance, times", "95 % interval", "Against the creator’s median", "Posts"],
      numbers: 4,
      rows: known.map((row) => [
        nameOf(row), KINDS[kindOf(row)], factor(row.mae).toFixed(2),
        `${factor(row.mae_low).toFixed(2)} to ${factor(row.mae_high).toFixed(2)}`,
        Number.isFinite(row.vs_median) ? percent(row.vs_median, 1) : "–", count(row.rows),
      ]),
    },
  };
}

function kindOf({ forecaster }) {
  if (forecaster === MODEL) return "own";
  return RULES.includes(forecaster) ? "rule" : "model";
}

function nameOf(row) {
  return NAMES[row.forecaster] ?? row.forecaster;
}

function summaryOf(rows) {
  const own = rows.find((row) => row.forecaster === MODEL);
  const start = "1 would be exact, 2 means that outcomes are usually twice or half the forecast. Line: the 95 % interval of the error. Diamond: this model; dot: a simple rule; square: another model.";
  if (!own) return start;
  const rules = rows.filter((row) => RULES.includes(row.forecaster));
  const worse = rules.filter((row) => row.mae > own.mae);
  const better = rows.filter((row) => row.mae < own.mae && row.forecaster !== "creatorcast, content given");
  const end = better.length
    ? ` As small or smaller was the error of: ${better.map(nameOf).join("; ")}.`
    : " No other way had a smaller error.";
  return `${start} ${worse.length} of ${rules.length} simple rules had a larger error than this model.${end}`;
}

function draw(rows, width) {
  const labelWidth = Math.min(LABEL_WIDTH, width * 0.52);
  const bottom = TOP + rows.length * LINE;
  const highest = d3.max(rows, (row) => factor(row.mae_high ?? row.mae)) ?? 2;
  const scale = d3.scaleLinear().domain([1, highest]).nice().range([labelWidth, width - 10]);
  return svg`<svg width=${width} height=${bottom + 40} role="img" aria-label="Usual distance between forecast and outcome; the figures stand in the table below">
    ${scale.ticks(width - labelWidth < 260 ? 3 : 6).map((value) => svg`<g class="axis">
      <line class="grid" x1=${scale(value)} x2=${scale(value)} y1=${TOP} y2=${bottom}></line>
      <text x=${scale(value)} y=${bottom + 18} text-anchor="middle">× ${value}</text></g>`)}
    <text x=${width - 10} y=${bottom + 35} text-anchor="end">usual distance from the outcome</text>
    ${rows.map((row, place) => lineOf(row, TOP + (place + 0.5) * LINE, scale))}
  </svg>`;
}

function lineOf(row, y, scale) {
  const kind = kindOf(row);
  const x = scale(factor(row.mae));
  return svg`<g class="error-bar ${kind}">
    <text class="name" x="0" y=${y + 4}>${nameOf(row)}</text>
    <line class="interval" x1=${scale(factor(row.mae_low ?? row.mae))} x2=${scale(factor(row.mae_high ?? row.mae))} y1=${y} y2=${y}></line>
    ${markOf(kind, x, y)}
  </g>`;
}

/** A mark whose shape tells the kind. */
function markOf(kind, x, y) {
  if (kind === "own") {
    return svg`<path class="mark" d="M${x},${y - 7}L${x + 7},${y}L${x},${y + 7}L${x - 7},${y}Z"></path>`;
  }
  if (kind === "model") return svg`<rect class="mark" x=${x - 4} y=${y - 4} width="8" height="8"></rect>`;
  return svg`<circle class="mark" cx=${x} cy=${y} r="4.5"></circle>`;
}
