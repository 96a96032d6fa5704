// Forecast ranges of partnerships, each with what came: the sign of what came tells where it lies,
// so that nothing is told by colour alone.

import { count, estimate } from "../format.js";
import { d3, svg } from "../lib.js";
import { bottomAxis, countScale } from "./axis.js";
import { chart } from "./frame.js";

/** Partnerships that are drawn. */
const MOST_DRAWN = 25;
const SIGNS = { above: d3.symbolTriangle, within: d3.symbolCircle, below: d3.symbolTriangle };
/** Width from which on names stand beside their ranges, and the room that they have. */
const WIDE = 620;
const NAME_WIDTH = 190;

/** `review`: as GET /v1/campaigns/{name} answers it; `done`: its partnerships with an outcome. */
export function forecastAgainstActual(review, done) {
  const drawn = done.slice(0, MOST_DRAWN);
  const rows = drawn.map((one) => ({ name: one.name, forecast: one.forecast, outcome: one.outcome }));
  if (review.total) rows.unshift({ name: "All together", ...review.total });
  const more = done.length > drawn.length ? ` The first ${drawn.length} partnerships are drawn.` : "";
  return chart({
    title: "Engagements: forecast, and what came",
    summary: `8 of 10 outcomes were expected in the bar; a thin line marks its middle. The sign is what came: ● in the range, ▲ above it, ▼ below it.${more}`,
    data: {
      head: ["Creator", "Low", "Middle", "High", "Came"],
      rows: rows.map(({ name, forecast, outcome }) => [
        name, estimate(forecast.p10), estimate(forecast.p50), estimate(forecast.p90), count(outcome.engagements),
      ]),
      numbers: 4,
    },
    draw: (width) => drawRows(width, rows),
  });
}

function drawRows(width, rows) {
  const isWide = width >= WIDE;
  const row = isWide ? 30 : 44;
  const left = isWide ? NAME_WIDTH : 10;
  const bottom = 8 + rows.length * row;
  const ends = rows.flatMap(({ forecast, outcome }) => [forecast.p10, forecast.p90, outcome.engagements]);
  const low = Math.max(1, d3.min(ends));
  const x = countScale(low * 0.9, Math.max(low, d3.max(ends)) * 1.1, left, width - 14);
  return svg`<svg class="against" width=${width} height=${bottom + 40} viewBox="0 0 ${width} ${bottom + 40}" aria-hidden="true">
    ${bottomAxis(x, { y: bottom, top: 4, most: isWide ? 6 : 4, title: "engagements, steps grow" })}
    ${rows.map((one, place) => drawRow(one, x, 8 + place * row, row, isWide))}
  </svg>`;
}

function drawRow({ name, forecast, outcome }, x, y, row, isWide) {
  const middle = isWide ? y + row / 2 : y + 30;
  const at = (value) => x(Math.max(value, x.domain()[0]));
  return svg`<g class="level ahead">
    <text class="name" x="0" y=${isWide ? middle + 4 : y + 14}>${shortened(name, isWide ? 24 : 44)}</text>
    <line x1=${at(forecast.p10)} x2=${at(forecast.p90)} y1=${middle} y2=${middle}></line>
    <line class="half" x1=${at(forecast.p50)} x2=${at(forecast.p50)} y1=${middle - 6} y2=${middle + 6}></line>
    <path class="came" d=${sign(outcome.place)} transform="translate(${at(outcome.engagements)} ${middle}) rotate(${outcome.place === "below" ? 180 : 0})"></path>
  </g>`;
}

function sign(place) {
  return d3.symbol(SIGNS[place], 90)();
}

function shortened(name, most) {
  const letters = [...name];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : name;
}
