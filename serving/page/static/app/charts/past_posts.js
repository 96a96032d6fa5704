// Past posts over time, and beside them the range that is forecast.

import { d3, svg } from "../lib.js";
import { countScale, leftAxis, ticks } from "./axis.js";

const HEIGHT = 230, TOP = 12, BOTTOM = 26, LEFT = 46, GAP = 20, RANGE = 26;
const MONTH = d3.utcFormat("%b %Y"), DAY = d3.utcFormat("%d %b %Y");
const SHORT_DAYS = 60;

/**
 * Draw `posts`: {date, value, counts} each, with a known value above 0; `range`: {low, middle, high}
 * of one post, null where there is none.
 */
export function pastPosts({ posts, range }, width) {
  const values = [...posts.map((post) => post.value), ...(range ? [range.low, range.high] : [])];
  const bottom = HEIGHT - BOTTOM;
  const y = countScale(Math.max(Math.min(...values) * 0.8, 0.5), Math.max(...values) * 1.2, bottom, TOP);
  const right = width - (range ? RANGE + GAP : 8);
  const x = d3.scaleUtc().domain(d3.extent(posts, (post) => post.date)).range([LEFT + 10, right - 6]);
  return svg`<svg width=${width} height=${HEIGHT} viewBox="0 0 ${width} ${HEIGHT}" aria-hidden="true" class="past">
    ${range ? svg`<rect class="likely" x=${LEFT} width=${width - LEFT} y=${y(range.high)} height=${Math.max(y(range.low) - y(range.high), 1)}></rect>` : ""}
    ${leftAxis(y, { x: LEFT, right: width })}
    ${timeAxis(x, bottom, width)}
    ${posts.map((post) => svg`<circle class=${post.counts ? "post" : "post unused"} cx=${x(post.date)} cy=${y(post.value)} r="4"></circle>`)}
    ${range ? forecast(range, width - RANGE / 2, y) : ""}
  </svg>`;
}

function timeAxis(x, y, width) {
  const [first, last] = x.domain();
  const label = last - first < SHORT_DAYS * 86_400_000 ? DAY : MONTH;
  const found = ticks(x, width < 480 ? 3 : 6).filter((time) => x(time) < width - 80);
  return svg`<g class="axis"><line class="base" x1=${LEFT} x2=${width} y1=${y} y2=${y}></line>
    ${found.map((time) => svg`<text x=${x(time)} y=${y + 17} text-anchor="middle">${label(time)}</text>`)}</g>`;
}

function forecast({ low, middle, high }, x, y) {
  return svg`<g class="forecast"><line x1=${x} x2=${x} y1=${y(high)} y2=${y(low)}></line>
    <circle cx=${x} cy=${y(middle)} r="6"></circle></g>`;
}
