// What other budgets bring: the best plan of each budget, its middle and its range.

import { count, estimate, money, shortCount } from "../format.js";
import { d3, svg } from "../lib.js";
import { bottomAxis, leftAxis } from "./axis.js";
import { chart } from "./frame.js";

const HEIGHT = 260;
const MARGIN = { top: 18, right: 18, bottom: 48, left: 48 };
/** Largest budget in the picture, in budgets of the plan; the table has all. */
const MOST_RATIO = 4.5;
const WIDTH_OF_BUTTON = 24;

/** The chart of a plan's frontier; `choose(budget)` is called where the person takes a budget. */
export function frontierChart(plan, choose) {
  const { frontier, budget, currency } = plan;
  const drawn = frontier.filter((one) => one.budget <= MOST_RATIO * budget);
  const points = drawn.length > 1 ? drawn : frontier;
  const cut = points.length < frontier.length ? " Larger budgets stand in the table." : "";
  return chart({
    title: "What other budgets bring",
    summary: `The best plan of each budget. Line: the middle of its engagements; band: 8 of 10 outcomes; dashed: the budget of this plan. Choose a point to make the plan of that budget.${cut}`,
    data: {
      head: ["Budget", "Spent", "Creators", "Engagements", "8 of 10 outcomes", "Best for sure"],
      numbers: 5,
      rows: frontier.map((one) => [
        money(one.budget, currency), money(one.spend, currency), count(one.creators), estimate(one.engagements.p50),
        `${estimate(one.engagements.p10)}–${estimate(one.engagements.p90)}`, one.is_proven ? "yes" : "not proven",
      ]),
    },
    draw: (width) => picture(points, { budget, currency, choose, width }),
  });
}

function picture(points, { budget, currency, choose, width }) {
  const ends = [Math.min(budget, points[0].budget), Math.max(budget, points.at(-1).budget)];
  const x = d3.scaleLinear(ends, [MARGIN.left + WIDTH_OF_BUTTON / 2, width - MARGIN.right]);
  const most = d3.max(points, (one) => one.engagements.p90);
  const y = d3.scaleLinear([0, most], [HEIGHT - MARGIN.bottom, MARGIN.top]);
  const at = (one) => x(one.budget);
  const band = d3.area(at, (one) => y(one.engagements.p10), (one) => y(one.engagements.p90));
  const middle = d3.line(at, (one) => y(one.engagements.p50));
  return svg`<svg class="frontier" width=${width} height=${HEIGHT} viewBox="0 0 ${width} ${HEIGHT}" role="group" aria-label="Budgets to choose from">
    ${leftAxis(y, { x: MARGIN.left, right: width - MARGIN.right })}
    ${bottomAxis(x, { y: HEIGHT - MARGIN.bottom, top: MARGIN.top, most: width < 420 ? 4 : 7, label: shortCount, title: `Budget, ${currency}` })}
    <path class="band" d=${band(points)} aria-hidden="true"></path>
    <path class="line" d=${middle(points)} aria-hidden="true"></path>
    <line class="now" x1=${x(budget)} x2=${x(budget)} y1=${MARGIN.top} y2=${HEIGHT - MARGIN.bottom} aria-hidden="true"></line>
    ${points.map((one) => point(one, { x: at(one), y: y(one.engagements.p50), isNow: one.budget === budget, currency, choose }))}
  </svg>`;
}

/** A point: the plan itself, or a button that makes the plan of its budget. */
function point(one, { x, y, isNow, currency, choose }) {
  const label = `${money(one.budget, currency)}: about ${estimate(one.engagements.p50)} engagements`;
  if (isNow) return svg`<circle class="own" cx=${x} cy=${y} r="6" aria-hidden="true"></circle>`;
  const onKey = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose(one.budget);
  };
  return svg`<g class="point" role="button" tabindex="0" aria-label="Plan with ${label}"
    @click=${() => choose(one.budget)} @keydown=${onKey}>
    <title>${label}</title>
    <circle class="target" cx=${x} cy=${y} r=${WIDTH_OF_BUTTON / 2}></circle>
    <circle class="dot" cx=${x} cy=${y} r="4.5"></circle></g>`;
}
