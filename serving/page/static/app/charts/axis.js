// Scales of counts, and axes along the bottom and the left.

import { shortCount } from "../format.js";
import { d3, svg } from "../lib.js";

/** Ratio of the ends of a range from which on its steps grow. */
const LOG_FROM = 20;

/** A scale of counts over [low, high]: linear, or logarithmic where the ends lie far apart. */
export function countScale(low, high, from, to) {
  const isLog = low > 0 && high / low >= LOG_FROM;
  const scale = isLog ? d3.scaleLog() : d3.scaleLinear();
  return scale.domain([low, high]).range([from, to]).clamp(true);
}

/** Some round values of a scale, as many as have room. */
export function ticks(scale, most) {
  let found = scale.base ? logTicks(scale, most) : evenTicks(scale, most);
  if (found.length > most) {
    const step = Math.ceil(found.length / most);
    found = found.filter((_, place) => place % step === 0);
  }
  return found;
}

/** Values at round steps, as many as have room. */
function evenTicks(scale, most) {
  for (let wanted = most; wanted > 1; wanted--) {
    const found = scale.ticks(wanted);
    if (found.length <= most) return found;
  }
  return scale.ticks(1);
}

/** Values of a logarithmic scale that begin with 1, 2 or 5, or with fewer of these digits. */
function logTicks(scale, most) {
  const [low, high] = scale.domain();
  const exponents = d3.range(Math.floor(Math.log10(low)), Math.ceil(Math.log10(high)) + 1);
  const choices = [[1, 2, 5], [1, 3], [1]].map((digits) => exponents
    .flatMap((exponent) => digits.map((digit) => digit * 10 ** exponent))
    .filter((value) => value >= low && value <= high));
  return choices.find((values) => values.length > 1 && values.length <= most) ?? scale.ticks(most);
}

/** An axis along the bottom at `y`, with thin lines up to `top`. */
export function bottomAxis(scale, { y, top, most = 5, label = shortCount, title = "" }) {
  const [from, to] = scale.range();
  return svg`<g class="axis" aria-hidden="true">
    <line class="base" x1=${from} x2=${to} y1=${y} y2=${y}></line>
    ${ticks(scale, most).map((value) => svg`<g>
      <line class="grid" x1=${scale(value)} x2=${scale(value)} y1=${top} y2=${y}></line>
      <text x=${scale(value)} y=${y + 16} text-anchor="middle">${label(value)}</text></g>`)}
    <text class="title" x=${to} y=${y + 34} text-anchor="end">${title}</text>
  </g>`;
}

/** An axis along the left at `x`, with thin lines to `right`. */
export function leftAxis(scale, { x, right, most = 4, label = shortCount }) {
  return svg`<g class="axis" aria-hidden="true">
    ${ticks(scale, most).map((value) => svg`<g>
      <line class="grid" x1=${x} x2=${right} y1=${scale(value)} y2=${scale(value)}></line>
      <text x=${x - 6} y=${scale(value) + 4} text-anchor="end">${label(value)}</text></g>`)}
  </g>`;
}
