// A distribution as dots that can be counted: each is one of 20 outcomes that are equally likely.

import { shortCount } from "../format.js";
import { svg } from "../lib.js";
import { bottomAxis, countScale } from "./axis.js";

const NUMBER = 20;
/** The probabilities whose quantiles are the dots. */
export const DOT_SHARES = Array.from({ length: NUMBER }, (_, place) => (2 * place + 1) / (2 * NUMBER));

const ROW = 18, STACK = 132, BOTTOM = 42, SIDE = 14, LARGEST = 40;

/**
 * Draw `outcomes` (ascending), the range from `low` to `high` in which 8 of 10 lie, and `marks`:
 * {value, label, kind} each. `title`: of the axis.
 */
export function outcomeDots({ outcomes, low, high, marks, title }, width) {
  const shown = marks.filter((mark) => Number.isFinite(mark.value) && mark.value > 0);
  const values = [...outcomes, ...shown.map((mark) => mark.value)];
  const least = Math.max(Math.min(...values) * 0.9, 0.5);
  const scale = countScale(least, Math.max(...values) * 1.1, SIDE, width - SIDE);
  const top = ROW * shown.length + 8;
  const base = top + STACK;
  const { dots, size } = stacked(outcomes.map(scale), width);
  return svg`<svg width=${width} height=${base + BOTTOM} viewBox="0 0 ${width} ${base + BOTTOM}" aria-hidden="true" class="outcomes">
    <rect class="likely" x=${scale(low)} width=${Math.max(scale(high) - scale(low), 1)} y=${top} height=${STACK}></rect>
    ${bottomAxis(scale, { y: base, top, most: width < 480 ? 4 : 7, label: shortCount, title })}
    ${shown.map((mark, row) => markLine(mark, scale(mark.value), ROW * (row + 1), base, width))}
    ${dots.map(({ x, place }) => svg`<circle class="dot" cx=${x} cy=${base - size * (place + 0.5) - 1} r=${size / 2 - 1}></circle>`)}
  </svg>`;
}

function markLine({ label, kind }, x, y, base, width) {
  const anchor = x < width * 0.3 ? "start" : x > width * 0.7 ? "end" : "middle";
  return svg`<g class="mark ${kind}"><line x1=${x} x2=${x} y1=${y + 3} y2=${base}></line>
    <text x=${x} y=${y - 2} text-anchor=${anchor}>${label}</text></g>`;
}

/** Put dots at ascending places on each other where they would overlap; as large as has room. */
function stacked(places, width) {
  for (let size = Math.min(LARGEST, width / 11); ; size *= 0.92) {
    const dots = columns(places, size);
    const most = Math.max(...dots.map((dot) => dot.place)) + 1;
    if (most * size <= STACK || size < 4) return { dots, size };
  }
}

function columns(places, size) {
  const groups = [];
  for (const x of places) {
    const group = groups.at(-1);
    if (group && x < group[0] + size) group.push(x);
    else groups.push([x]);
  }
  let last = -Infinity;
  return groups.flatMap((group) => {
    last = Math.max((group[0] + group.at(-1)) / 2, last + size);
    return group.map((_, place) => ({ x: last, place }));
  });
}
