// Reliability: which share of the outcomes lay below each part of the forecast. On the diagonal the
// forecasts promise what comes true.

import { count, percent } from "../format.js";
import { d3, svg } from "../lib.js";
import { bottomAxis, leftAxis } from "./axis.js";

const NAMES = { seen: "creators it learned from", unseen: "creators never seen" };
const WIDEST = 460;
const LEFT = 46;
const TOP = 12;

/** The chart of `reliability` of GET /v1/model, as `chart` of frame.js takes it. */
export function reliabilityChart(rows) {
  const splits = Object.keys(NAMES).filter((name) => rows.some((row) => row.split === name));
  const lines = splits.map((split) => ({ split, rows: rows.filter((row) => row.split === split) }));
  return {
    title: "Do outcomes fall where the forecasts say?",
    summary: summaryOf(lines),
    draw: (width) => draw(lines, Math.min(width, WIDEST)),
    data: {
      head: ["Creators", "Should lie below", "Lay below", "95 % interval", "Posts"],
      numbers: 4,
      rows: rows.map((row) => [
        NAMES[row.split] ?? row.split, percent(row.level), percent(row.below, 1),
        `${(100 * row.below_low).toFixed(1)} to ${percent(row.below_high, 1)}`, count(row.rows),
      ]),
    },
  };
}

function summaryOf(lines) {
  const furthest = lines.map(({ split, rows }) => {
    const row = d3.greatest(rows, (one) => Math.abs(one.below - one.level));
    return `For ${NAMES[split]} the line is furthest off at ${percent(row.level)}: ${percent(row.below)} of the outcomes lay below.`;
  });
  return `On the dashed line, outcomes fall exactly where the forecasts say. Above it the forecasts were too high, below it too low. Circles: ${NAMES.seen}, with the 95 % interval as a band; squares: ${NAMES.unseen}. ${furthest.join(" ")}`;
}

function draw(lines, size) {
  const height = size - 20;
  const [right, bottom] = [size - 12, height - 44];
  const x = d3.scaleLinear().domain([0, 1]).range([LEFT, right]);
  const y = d3.scaleLinear().domain([0, 1]).range([bottom, TOP]);
  return svg`<svg width=${size} height=${height} role="img" aria-label="Share of outcomes below each part of the forecast; the figures stand in the table below">
    ${bottomAxis(x, { y: bottom, top: TOP, most: 6, label: (value) => percent(value), title: "should lie below" })}
    ${leftAxis(y, { x: LEFT, right, most: 6, label: (value) => percent(value) })}
    <text x=${LEFT + 6} y=${TOP + 12}>lay below</text>
    <line class="promised" x1=${x(0)} y1=${y(0)} x2=${x(1)} y2=${y(1)}></line>
    ${lines.map((line) => lineOf(line, x, y))}
  </svg>`;
}

function lineOf({ split, rows }, x, y) {
  const path = d3.line().x((row) => x(row.level)).y((row) => y(row.below));
  const band = d3.area().x((row) => x(row.level)).y0((row) => y(row.below_low)).y1((row) => y(row.below_high));
  return svg`<g class="reliability ${split}">
    ${split === "seen" ? svg`<path class="band" d=${band(rows)}></path>` : null}
    <path class="line" d=${path(rows)}></path>
    ${rows.map((row) => (split === "seen"
      ? svg`<circle class="mark" cx=${x(row.level)} cy=${y(row.below)} r="3.5"></circle>`
      : svg`<rect class="mark" x=${x(row.level) - 3} y=${y(row.below) - 3} width="6" height="6"></rect>`))}
  </g>`;
}
