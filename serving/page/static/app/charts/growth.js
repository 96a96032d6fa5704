// How a post grows: its readings, and where it will be; and the same of all posts together. The way
// from the last reading to the end is not drawn: the service does not tell it.

import { count, nearCount, shortCount } from "../format.js";
import { d3, nothing, svg } from "../lib.js";
import { bottomAxis, leftAxis } from "./axis.js";
import { chart } from "./frame.js";

const HEIGHT = 260;
const MARGIN = { top: 18, right: 44, bottom: 40, left: 52 };
const ROW = 40;

/**
 * The readings of a post and its range at the horizon. `told`: a measure of a post as /v1/track
 * answers it; `lines`: {kind, label, value} of the partnership.
 */
export function growthChart({ measure, told, days, lines }) {
  const { readings, horizon, forecast } = told;
  const isOver = told.age_days >= days;
  const range = isOver ? `The large dot at day ${days} is its outcome, about ${count(horizon.p50)}.`
    : `The bar at day ${days} holds 8 of 10 outcomes: ${nearCount(horizon.p10)} to ${nearCount(horizon.p90)}. Its dot is the middle.`;
  const before = forecast ? " The thin line beside it is the forecast made before." : "";
  return chart({
    title: `${measure === "views" ? "Views" : "Engagements"} of the post`,
    summary: `Each small dot is a reading, the last one ${count(told.count)}. ${range}${before}`,
    data: {
      head: ["What", "Days after posting", "Low", "Middle", "High"],
      rows: [
        ...readings.map((one) => ["Reading", ageText(one.age_days), "", count(one.count), ""]),
        ["What it will be", days, nearCount(horizon.p10), nearCount(horizon.p50), nearCount(horizon.p90)],
        ...(forecast ? [["Forecast made before", days, nearCount(forecast.p10), nearCount(forecast.p50), nearCount(forecast.p90)]] : []),
        ...lines.map((one) => [one.label, "", "", count(one.value), ""]),
      ],
      numbers: 4,
    },
    draw: (width) => drawGrowth(width, { readings, horizon, forecast, days, lines, isOver }),
  });
}

function ageText(days) {
  return Number(days.toFixed(1));
}

function drawGrowth(width, { readings, horizon, forecast, days, lines, isOver }) {
  const bottom = HEIGHT - MARGIN.bottom;
  const oldest = d3.max(readings, (one) => one.age_days) ?? 0;
  const highest = Math.max(horizon.p90, forecast?.p90 ?? 0, ...readings.map((one) => one.count), ...lines.map((one) => one.value), 1);
  const x = d3.scaleLinear().domain([0, Math.max(days, oldest)]).range([MARGIN.left, width - MARGIN.right]);
  const y = d3.scaleLinear().domain([0, highest * 1.06]).range([bottom, MARGIN.top]);
  return svg`<svg class="growth" width=${width} height=${HEIGHT} viewBox="0 0 ${width} ${HEIGHT}" aria-hidden="true">
    ${leftAxis(y, { x: MARGIN.left, right: width - MARGIN.right })}
    ${bottomAxis(x, { y: bottom, top: MARGIN.top, label: String, title: "days after posting" })}
    ${lines.map((one) => svg`<g class="line ${one.kind}">
      <line x1=${MARGIN.left} x2=${width - MARGIN.right} y1=${y(one.value)} y2=${y(one.value)}></line>
    </g>`)}
    ${forecast ? uprightRange("before", x(days) + 14, y, forecast) : nothing}
    ${isOver ? nothing : uprightRange("ahead", x(days), y, horizon)}
    ${isOver ? svg`<circle class="outcome" cx=${x(days)} cy=${y(horizon.p50)} r="6"></circle>` : nothing}
    ${readings.map((one) => svg`<circle class="reading" cx=${x(one.age_days)} cy=${y(one.count)} r="4.5"></circle>`)}
    ${lines.map((one) => svg`<text class="label" x=${width - MARGIN.right - 10} y=${y(one.value) - 4} text-anchor="end">${one.label} ${shortCount(one.value)}</text>`)}
  </svg>`;
}

function uprightRange(kind, x, y, { p10, p50, p90 }) {
  return svg`<g class="upright ${kind}">
    <line x1=${x} x2=${x} y1=${y(p10)} y2=${y(p90)}></line>
    <circle cx=${x} cy=${y(p50)} r=${kind === "ahead" ? 5 : 3}></circle></g>`;
}

/** All posts of a partnership together: now, at the horizon, and as it was forecast before. */
export function totalChart({ measure, total, days, lines }) {
  const { horizon, forecast } = total;
  const rows = [
    total.count === null ? null : { label: "So far", value: total.count },
    { label: `By day ${days} of each`, range: horizon, kind: "ahead" },
    forecast ? { label: "Forecast made before", range: forecast, kind: "before" } : null,
  ].filter(Boolean);
  return chart({
    title: `${measure === "views" ? "Views" : "Engagements"} of all posts together`,
    summary: `8 of 10 outcomes lie in the bar: ${nearCount(horizon.p10)} to ${nearCount(horizon.p90)}. Its dot is the middle.`,
    data: {
      head: ["What", "Low", "Middle", "High"],
      rows: [
        ...rows.map((row) => (row.range
          ? [row.label, nearCount(row.range.p10), nearCount(row.range.p50), nearCount(row.range.p90)]
          : [row.label, "", count(row.value), ""])),
        ...lines.map((one) => [one.label, "", count(one.value), ""]),
      ],
      numbers: 3,
    },
    draw: (width) => drawTotal(width, rows, lines),
  });
}

function drawTotal(width, rows, lines) {
  const top = lines.length ? 16 * lines.length + 6 : 6;
  const bottom = top + rows.length * ROW + 8;
  const values = [...rows.map((row) => row.range?.p90 ?? row.value), ...lines.map((one) => one.value), 1];
  const x = d3.scaleLinear().domain([0, 1.04 * Math.max(...values)]).range([8, width - 16]);
  return svg`<svg class="growth" width=${width} height=${bottom + 24} viewBox="0 0 ${width} ${bottom + 24}" aria-hidden="true">
    ${bottomAxis(x, { y: bottom, top, most: width < 480 ? 4 : 6 })}
    ${lines.map((one, place) => svg`<g class="line ${one.kind}">
      <line x1=${x(one.value)} x2=${x(one.value)} y1=${16 * place + 14} y2=${bottom}></line>
      ${lineLabel(x(one.value), 16 * place + 11, width, `${one.label} ${shortCount(one.value)}`)}</g>`)}
    ${rows.map((row, place) => totalRow(row, x, top + place * ROW))}
  </svg>`;
}

function lineLabel(x, y, width, text) {
  const isLeft = x > width / 2;
  return svg`<text class="label" x=${isLeft ? x - 4 : x + 4} y=${y + 8} text-anchor=${isLeft ? "end" : "start"}>${text}</text>`;
}

function totalRow(row, x, y) {
  const middle = y + 28;
  const label = svg`<text class="name" x="8" y=${y + 15}>${row.label}</text>`;
  if (!row.range) return svg`${label}<circle class="reading" cx=${x(row.value)} cy=${middle} r="4.5"></circle>`;
  return svg`${label}<g class="level ${row.kind}">
    <line x1=${x(row.range.p10)} x2=${x(row.range.p90)} y1=${middle} y2=${middle}></line>
    <circle cx=${x(row.range.p50)} cy=${middle} r=${row.kind === "ahead" ? 5 : 3}></circle></g>`;
}
