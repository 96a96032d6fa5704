// How often the 80 % range held, group by group: a dot with its interval, and the line at 80 %.

import { count, percent, plural } from "../format.js";
import { d3, svg } from "../lib.js";
import { ticks } from "./axis.js";

const PROMISED = 0.8;
const LINE = 26;
const TOP = 8;
const LABEL_WIDTH = 140;
/** State of a group -> its words; its shape is drawn by `markOf`. */
const STATES = {
  holds: "holds",
  fails: "do not rely on it there",
  few: "too few to judge",
};

function stateOf(cell) {
  if (cell.fails) return "fails";
  return cell.judged ? "holds" : "few";
}

/**
 * The chart of cells of GET /v1/model, as `chart` of frame.js takes it. `service` has the names of
 * platforms and the order of bands.
 */
export function coverageChart(cells, service) {
  const names = Object.fromEntries(service.platforms.map(({ name, label }) => [name, label]));
  const bands = Object.keys(service.bands);
  const order = (cell) => Object.keys(names).indexOf(cell.platform) * 100 + bands.indexOf(cell.band);
  const sorted = [...cells].sort((a, b) => order(a) - order(b));
  const labelled = sorted.map((cell) => ({
    ...cell,
    state: stateOf(cell),
    label: `${names[cell.platform] ?? cell.platform}, ${cell.band.replace("_", " ")}`,
  }));
  return {
    title: "How often the 80 % range held, by platform and size",
    summary: summaryOf(labelled),
    draw: (width) => draw(labelled, width),
    data: {
      head: ["Platform, size", "Verdict", "Held", "95 % interval", "Posts", "Creators", "Upper over lower end"],
      numbers: 5,
      rows: labelled.map((cell) => [
        cell.label, STATES[cell.state], percent(cell.coverage_80, 1), intervalText(cell),
        count(cell.rows), count(cell.creators), widthText(cell.width_80),
      ]),
    },
  };
}

function summaryOf(cells) {
  const of = (state) => cells.filter((cell) => cell.state === state);
  const few = of("few").length;
  const parts = [`The range held for ${of("holds").length} of ${plural(cells.length, "group")}`];
  if (few) parts.push(`${few} ${few === 1 ? "has" : "have"} too few posts or creators to judge`);
  const failing = of("fails").map((cell) => cell.label);
  const end = failing.length ? ` Do not rely on the range for: ${failing.join("; ")}.` : "";
  return `Dot: share of later posts in the range; line: its 95 % interval; dashed: the 80 % that are promised. A cross marks groups not to rely on, a ring those with too few to judge. ${parts.join("; ")}.${end}`;
}

function intervalText(cell) {
  const { coverage_80_low: low, coverage_80_high: high } = cell;
  return Number.isFinite(low) ? `${(100 * low).toFixed(1)} to ${percent(high, 1)}` : "–";
}

function widthText(ln) {
  return Number.isFinite(ln) ? Math.exp(ln).toFixed(1) : "–";
}

function draw(cells, width) {
  const right = width - 70;
  const bottom = TOP + cells.length * LINE;
  const least = Math.min(0.5, ...cells.map((cell) => cell.coverage_80_low ?? cell.coverage_80));
  const scale = d3.scaleLinear().domain([Math.max(0, least), 1]).range([LABEL_WIDTH, right]).clamp(true);
  return svg`<svg width=${width} height=${bottom + 30} role="img" aria-label="How often the 80 % range held; the figures stand in the table below">
    ${ticks(scale, right - LABEL_WIDTH < 260 ? 3 : 6).map((value) => svg`<g class="axis">
      <line class="grid" x1=${scale(value)} x2=${scale(value)} y1=${TOP} y2=${bottom}></line>
      <text x=${scale(value)} y=${bottom + 18} text-anchor="middle">${percent(value)}</text></g>`)}
    <line class="promised" x1=${scale(PROMISED)} x2=${scale(PROMISED)} y1=${TOP} y2=${bottom}></line>
    ${cells.map((cell, place) => lineOf(cell, TOP + (place + 0.5) * LINE, scale, width))}
  </svg>`;
}

function lineOf(cell, y, scale, width) {
  const low = cell.coverage_80_low ?? cell.coverage_80;
  const high = cell.coverage_80_high ?? cell.coverage_80;
  return svg`<g class="coverage ${cell.state}">
    <text class="name" x="0" y=${y + 4}>${cell.label}</text>
    <line class="interval" x1=${scale(low)} x2=${scale(high)} y1=${y} y2=${y}></line>
    ${markOf(cell.state, scale(cell.coverage_80), y)}
    <text x=${width} y=${y + 4} text-anchor="end">n ${count(cell.rows)}</text>
  </g>`;
}

function markOf(state, x, y) {
  if (state === "fails") {
    return svg`<path class="cross" d="M${x - 5},${y - 5}L${x + 5},${y + 5}M${x - 5},${y + 5}L${x + 5},${y - 5}"></path>`;
  }
  return svg`<circle class="mark" cx=${x} cy=${y} r=${state === "few" ? 4 : 5}></circle>`;
}
