// Factors as steps: from a first figure, over each factor, to the last figure, on one log scale.

import { d3, svg } from "../lib.js";

const ROW = 46, LABEL = 17, BAR = 14, SIDE = 8;

/**
 * Draw the way from `start` to `end`: {label, text, value} each; `factors`: {label, text, factor}.
 */
export function factorSteps({ start, end, factors }, width) {
  const levels = [start.value];
  for (const { factor } of factors) levels.push(levels.at(-1) * factor);
  const all = [...levels, end.value];
  const scale = d3.scaleLog().domain([Math.min(...all) * 0.8, Math.max(...all) * 1.25]).range([SIDE, width - SIDE]);
  const height = ROW * (factors.length + 2);
  const rows = factors.map((factor, place) => step(factor, scale(levels[place]), scale(levels[place + 1]), place + 1, width));
  return svg`<svg width=${width} height=${height} viewBox="0 0 ${width} ${height}" aria-hidden="true" class="steps">
    ${level(start, scale(start.value), 0, width)}
    ${rows}
    ${level(end, scale(end.value), factors.length + 1, width)}
  </svg>`;
}

function level({ label, text }, x, row, width) {
  const y = ROW * row + LABEL + BAR / 2 + 4;
  return svg`<g class="level">${heading(label, text, row, width)}
    <line class="track" x1=${SIDE} x2=${width - SIDE} y1=${y} y2=${y}></line>
    <circle cx=${x} cy=${y} r="7"></circle></g>`;
}

function step({ label, text, factor }, from, to, row, width) {
  const y = ROW * row + LABEL + 4;
  return svg`<g class="step ${factor < 1 ? "less" : "more"}">${heading(label, text, row, width)}
    <line class="track" x1=${SIDE} x2=${width - SIDE} y1=${y + BAR / 2} y2=${y + BAR / 2}></line>
    <rect x=${Math.min(from, to)} y=${y} width=${Math.max(Math.abs(to - from), 2)} height=${BAR}></rect>
    <line class="link" x1=${to} x2=${to} y1=${y + BAR} y2=${y + ROW}></line></g>`;
}

function heading(label, text, row, width) {
  const y = ROW * row + LABEL - 3;
  return svg`<text x=${SIDE} y=${y}>${label}</text><text class="amount" x=${width - SIDE} y=${y} text-anchor="end">${text}</text>`;
}
