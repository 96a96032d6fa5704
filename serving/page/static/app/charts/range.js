// A range as a small picture: a bar from low to high with the middle marked, all on one scale.

import { d3, nothing, svg } from "../lib.js";

const HEIGHT = 14;

/** The scale that all ranges of a table share, as wide as [0, 1]. `ranges`: {low, high} each. */
export function sharedScale(ranges) {
  const known = ranges.filter((one) => one && Number.isFinite(one.high));
  const low = Math.max(1, d3.min(known, (one) => one.low) ?? 1);
  const high = Math.max(low * 1.01, d3.max(known, (one) => one.high) ?? 10);
  return d3.scaleLog().domain([low, high]).range([0, 1]).clamp(true);
}

/**
 * The picture of one range, `width` pixels wide; decoration beside its figures. `came`: what came of
 * it, where that is known: an upright line.
 */
export function rangeBar({ low, middle, high, came }, scale, width = 120) {
  const at = (value) => 5 + scale(Math.max(value, scale.domain()[0])) * (width - 10);
  return svg`<svg class="range" width=${width} height=${HEIGHT} viewBox="0 0 ${width} ${HEIGHT}" aria-hidden="true">
    <line class="track" x1="0" x2=${width} y1="7" y2="7"></line>
    <line class="bar" x1=${at(low)} x2=${at(high)} y1="7" y2="7"></line>
    <circle class="middle" cx=${at(middle)} cy="7" r="4.5"></circle>
    ${came === undefined ? nothing : svg`<line class="upright-mark" x1=${at(came)} x2=${at(came)} y1="0" y2="14"></line>`}
  </svg>`;
}
