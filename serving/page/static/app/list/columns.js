// The columns that the table of a scored list can have.

import { rangeBar } from "../charts/range.js";
import { chance, count, estimate, estimatedMoney, money } from "../format.js";
import { html, nothing } from "../lib.js";
import { verdict, warningText } from "../parts.js";

/** What gives amounts of a row, in the currency of its fee where it has one and `inUsd` is not said. */
const amountsIn = (inUsd) => (row, own, usd) => (!inUsd && row.currency && row[own] !== null
  ? { value: row[own], currency: row.currency } : { value: row[usd], currency: "USD" });
const label = (service, name) => service.platforms.find((one) => one.name === name)?.label ?? name;
const verdictPlace = (service, name) => service.verdicts.findIndex((one) => one.name === name);

/**
 * All columns: `id`, `label`, `width` in pixels, `value(row)` to sort by, `cell(row)` to show,
 * `isNumber`, `isShown` at first, `lowFirst`: which end comes first. `cutOffs`: of verdicts.
 * `inUsd`: show all amounts in USD.
 */
export function columnsOf({ service, header, scale, open, inUsd }) {
  const cutOffs = service.verdicts.map((one) => one.least_probability);
  const amount = amountsIn(inUsd);
  const given = [
    { id: "rank", label: "Rank", width: 74, isNumber: true, lowFirst: true, isShown: true,
      value: (row) => row.rank, cell: (row) => count(row.rank) },
    { id: "name", label: "Creator", width: 150, lowFirst: true, isShown: true,
      value: (row) => row.title, cell: (row) => html`<button type="button" class="link" @click=${() => open(row)}><bdi>${row.title}</bdi></button>` },
    { id: "verdict", label: "Verdict", width: 138, lowFirst: true, isShown: true,
      value: (row) => (row.verdict ? verdictPlace(service, row.verdict) : null),
      cell: (row) => (row.verdict ? verdict(row.verdict, service) : "No verdict") },
    { id: "fee", label: "Fee", width: 118, isNumber: true, isShown: true,
      value: (row) => row.fee_usd, cell: (row) => { const { value, currency } = amount(row, "fee", "fee_usd"); return money(value, currency); } },
    { id: "engagements", label: "Engagements", width: 160, isNumber: true, isShown: true,
      value: (row) => row.engagements_p50,
      cell: (row) => html`<span class="in-range">${rangeBar({ low: row.engagements_p10, middle: row.engagements_p50, high: row.engagements_p90 }, scale, 44)}
        <span class="value">${estimate(row.engagements_p50)}</span></span> <span class="only-heard">8 of 10 outcomes lie between ${estimate(row.engagements_p10)} and ${estimate(row.engagements_p90)}</span>` },
    { id: "cpe", label: "Cost per engagement", width: 126, isNumber: true, lowFirst: true, isShown: true,
      value: (row) => row.cpe_usd_p50, cell: (row) => { const { value, currency } = amount(row, "cpe_p50", "cpe_usd_p50"); return estimatedMoney(value, currency); } },
    { id: "chance", label: "Chance to beat the benchmark", width: 122, isNumber: true, isShown: true,
      value: (row) => row.probability_benchmark, cell: (row) => chance(row.probability_benchmark, cutOffs) },
    { id: "break_even", label: "Safe fee", width: 110, isNumber: true, isShown: true,
      value: (row) => row.break_even_fee_usd,
      cell: (row) => { const { value, currency } = amount(row, "break_even_fee", "break_even_fee_usd"); return estimatedMoney(value, currency); } },
    { id: "warnings", label: "Warnings", width: 200, isShown: true,
      value: (row) => row.warnings.length, cell: (row) => warningsInShort(row.warnings, service) },
    { id: "platform", label: "Platform", width: 96, lowFirst: true, isShown: true,
      value: (row) => row.platform, cell: (row) => label(service, row.platform) },
    { id: "followers", label: "Followers", width: 104, isNumber: true, isShown: true,
      value: (row) => row.followers, cell: (row) => count(row.followers) },
    { id: "band", label: "Size", width: 80, lowFirst: true, isShown: true, value: (row) => row.band, cell: (row) => row.band },
    { id: "niche", label: "Niche", width: 110, lowFirst: true, value: (row) => row.niche, cell: (row) => row.niche },
    { id: "views", label: "Views", width: 100, isNumber: true, value: (row) => row.views_p50, cell: (row) => estimate(row.views_p50) },
    { id: "evidence", label: "Rests on", width: 190, lowFirst: true, isShown: true,
      value: (row) => row.evidence, cell: (row) => service.evidence[row.evidence] ?? row.evidence },
    { id: "line", label: "Line in the list", width: 90, isNumber: true, lowFirst: true, value: (row) => row.line, cell: (row) => count(row.line) },
  ];
  const own = header.map((name, place) => ({
    id: `own-${place}`, label: name || "(no name)", isOwn: true, width: 150, lowFirst: true,
    value: (row) => row.cells[place] || null, cell: (row) => html`<bdi>${row.cells[place] || nothing}</bdi>`,
  }));
  return [...given, ...own];
}

/** The first warning in words, and how many more there are. */
function warningsInShort([first, ...others], service) {
  if (!first) return "–";
  const more = others.length ? ` and ${count(others.length)} more` : "";
  return html`<span class="list-warning ${more ? "short" : ""}" title=${warningText(first, service)}>${warningText(first, service)}</span>${more}`;
}

/** Rows in the order of a column; unknown values last, equals by rank. */
export function sorted(rows, column, direction) {
  const sign = direction === "ascending" ? 1 : -1;
  const keys = new Map(rows.map((row) => [row, column.value(row)]));
  const isUnknown = (value) => value === null || value === undefined;
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  return [...rows].sort((one, other) => {
    const [a, b] = [keys.get(one), keys.get(other)];
    if (isUnknown(a) || isUnknown(b)) return isUnknown(a) - isUnknown(b) || one.place - other.place;
    const difference = typeof a === "string" ? collator.compare(a, b) : a - b;
    return sign * difference || one.place - other.place;
  });
}
