// The columns that the table of a scored list can have.

import { rangeBar } from "../charts/range.js";
import { chance, count, estimate, estimatedMoney, money } from "../format.js";
import { html, nothing } from "../lib.js";
import { verdict } from "../parts.js";

/** The amount of a row in the currency of its fee, else in USD. */
const amount = (row, name) => (row.currency && row[name] !== null
  ? { value: row[name], currency: row.currency } : { value: row[`${name}_usd`], currency: "USD" });
const cost = (row) => (row.currency && row.cpe_p50 !== null
  ? { value: row.cpe_p50, currency: row.currency } : { value: row.cpe_usd_p50, currency: "USD" });
const label = (service, name) => service.platforms.find((one) => one.name === name)?.label ?? name;
const verdictPlace = (service, name) => service.verdicts.findIndex((one) => one.name === name);

/**
 * All columns: `id`, `label`, `width` in pixels, `value(row)` to sort by, `cell(row)` to show,
 * `isNumber`, `isShown` at first, `lowFirst`: which end comes first. `cutOffs`: of verdicts.
 */
export function columnsOf({ service, header, scale, open }) {
  const cutOffs = service.verdicts.map((one) => one.least_probability);
  const given = [
    { id: "rank", label: "Rank", width: 86, isNumber: true, lowFirst: true, isShown: true,
      value: (row) => row.rank, cell: (row) => count(row.rank) },
    { id: "name", label: "Creator", width: 190, lowFirst: true, isShown: true,
      value: (row) => row.title, cell: (row) => html`<button type="button" class="link" @click=${() => open(row)}><bdi>${row.title}</bdi></button>` },
    { id: "platform", label: "Platform", width: 100, lowFirst: true, isShown: true,
      value: (row) => row.platform, cell: (row) => label(service, row.platform) },
    { id: "followers", label: "Followers", width: 105, isNumber: true, isShown: true,
      value: (row) => row.followers, cell: (row) => (row.followers === null ? row.band ?? "–" : count(row.followers)) },
    { id: "band", label: "Size", width: 80, lowFirst: true, value: (row) => row.band, cell: (row) => row.band },
    { id: "niche", label: "Niche", width: 110, lowFirst: true, value: (row) => row.niche, cell: (row) => row.niche },
    { id: "verdict", label: "Verdict", width: 215, lowFirst: true, isShown: true,
      value: (row) => (row.verdict ? verdictPlace(service, row.verdict) : null),
      cell: (row) => (row.verdict ? verdict(row.verdict, service) : "No verdict") },
    { id: "fee", label: "Fee", width: 110, isNumber: true, isShown: true,
      value: (row) => row.fee_usd, cell: (row) => { const { value, currency } = amount(row, "fee"); return money(value, currency); } },
    { id: "engagements", label: "Engagements", width: 215, isNumber: true, isShown: true,
      value: (row) => row.engagements_p50,
      cell: (row) => html`<span class="in-range">${rangeBar({ low: row.engagements_p10, middle: row.engagements_p50, high: row.engagements_p90 }, scale, 110)}
        <span class="value">${estimate(row.engagements_p50)}</span></span> <span class="only-heard">8 of 10 outcomes lie between ${estimate(row.engagements_p10)} and ${estimate(row.engagements_p90)}</span>` },
    { id: "views", label: "Views", width: 100, isNumber: true, value: (row) => row.views_p50, cell: (row) => estimate(row.views_p50) },
    { id: "cpe", label: "Cost per engagement", width: 130, isNumber: true, lowFirst: true, isShown: true,
      value: (row) => row.cpe_usd_p50, cell: (row) => { const { value, currency } = cost(row); return estimatedMoney(value, currency); } },
    { id: "chance", label: "Chance to beat the benchmark", width: 150, isNumber: true, isShown: true,
      value: (row) => row.probability_benchmark, cell: (row) => chance(row.probability_benchmark, cutOffs) },
    { id: "break_even", label: "Safe fee", width: 120, isNumber: true, isShown: true,
      value: (row) => row.break_even_fee_usd, cell: (row) => { const { value, currency } = amount(row, "break_even_fee"); return estimatedMoney(value, currency); } },
    { id: "evidence", label: "Rests on", width: 190, lowFirst: true, isShown: true,
      value: (row) => row.evidence, cell: (row) => service.evidence[row.evidence] ?? row.evidence },
    { id: "warnings", label: "Warnings", width: 100, isNumber: true, isShown: true,
      value: (row) => row.warnings.length, cell: (row) => count(row.warnings.length) },
    { id: "line", label: "Line in the list", width: 90, isNumber: true, lowFirst: true, value: (row) => row.line, cell: (row) => count(row.line) },
  ];
  const own = header.map((name, place) => ({
    id: `own-${place}`, label: name || "(no name)", isOwn: true, width: 150, lowFirst: true,
    value: (row) => row.cells[place] || null, cell: (row) => html`<bdi>${row.cells[place] || nothing}</bdi>`,
  }));
  return [...given, ...own];
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
