// The fee: a slider over the service's own answers, what each fee costs, and fees to offer.

import { numberField } from "../fields.js";
import { chance, estimatedMoney, money } from "../format.js";
import { html, nothing, svg } from "../lib.js";
import { figure, figures, verdict } from "../parts.js";
import { confidenceOf, isAboveMarket, usualFee } from "./doubts.js";
import { placeOf } from "./fee_steps.js";

/** The panel. `answer`: see ask.js; `fee`: of the form, null where none is given. */
export function feePanel(view, answer, fee) {
  const { service } = view.app;
  const priced = fee === null ? null : answer.priced.get(fee);
  const terms = priced ?? answer.terms;
  return html`<h2>The fee</h2>
    ${answer.steps.length ? slider(view, answer, fee) : nothing}
    ${priced ? priceFigures(priced, service) : html`<p>No fee is given. Type one, or move the slider.</p>`}
    ${terms ? offerFigures(terms, service) : nothing}
    ${missing(terms)}`;
}

function slider(view, { steps, priced, terms, currency }, fee) {
  const { service } = view.app;
  const place = Math.round(placeOf(fee ?? startFee(terms) ?? steps[0], steps));
  const text = fee === null ? "No fee is given" : stepText(priced.get(steps[place]), steps[place], currency, service);
  const choose = (event) => view.set("fee", String(steps[Number(event.target.value)]));
  return html`<div class="fee-tool">
    ${numberField({
      id: "creator-fee-try", label: `Fee in ${currency}`, value: view.form.fee, fault: view.faults.fee,
      onInput: (value) => view.set("fee", value),
    })}
    <div class="fee-slider">
      <label for="creator-fee-slider">Try fees</label>
      <input type="range" id="creator-fee-slider" min="0" max=${steps.length - 1} step="1" .value=${String(place)}
        aria-valuetext=${text} @input=${choose}>
      <div class="fee-track" aria-hidden="true">${track(steps, priced, terms, currency, service)}</div>
      <p class="legend" aria-hidden="true">${legend(steps, priced, service)}</p>
      ${isAboveMarket(terms) ? html`<p class="hint">${aboveText(terms)}</p>` : nothing}
    </div>
  </div>`;
}

const startFee = (terms) => terms?.market_fee?.typical ?? terms?.break_even_fee;

function stepText(result, fee, currency, service) {
  const word = service.verdicts.find((one) => one.name === result?.verdict)?.text;
  return [money(fee, currency), word].filter(Boolean).join(", ");
}

/** Runs of neighbouring steps with one verdict: {name, from, to} each, places among the steps. */
function runs(steps, priced) {
  const found = [];
  steps.forEach((fee, place) => {
    const name = priced.get(fee)?.verdict;
    if (found.at(-1)?.name === name) found.at(-1).to = place;
    else found.push({ name, from: place, to: place });
  });
  return found;
}

function track(steps, priced, terms, currency, service) {
  const last = steps.length - 1;
  const at = (place) => `${(100 * Math.min(Math.max(place, 0), last)) / last}%`;
  const width = (from, to) => `${(100 * (Math.min(to + 0.5, last) - Math.max(from - 0.5, 0))) / last}%`;
  const market = terms?.market_fee;
  return svg`<svg width="100%" height="84">
    ${runs(steps, priced).filter((run) => run.name).map(({ name, from, to }) => svg`<g class="run ${name}">
      <rect x=${at(from - 0.5)} width=${width(from, to)} y="2" height="18"></rect>
      <text x=${at((from + to) / 2)} y="16" text-anchor="middle">${signOf(name, service)}</text></g>`)}
    ${feeMark(terms?.break_even_fee, "Safe fee", { from: 20, to: 30 }, steps, at, currency)}
    ${market?.low ? svg`<line class="usual" y1="56" y2="56"
      x1=${at(placeOf(market.low, steps))} x2=${at(placeOf(market.high, steps))}></line>` : ""}
    ${feeMark(market?.typical, "Usual", { from: 50, to: 63 }, steps, at, currency)}
  </svg>`;
}

function feeMark(fee, label, { from, to }, steps, at, currency) {
  if (!Number.isFinite(fee)) return "";
  const place = placeOf(fee, steps);
  const share = place / (steps.length - 1);
  const anchor = share < 0.3 ? "start" : share > 0.7 ? "end" : "middle";
  return svg`<line class="fee-mark" x1=${at(place)} x2=${at(place)} y1=${from} y2=${to}></line>
    <text x=${at(place)} y=${to + 13} text-anchor=${anchor}>${label} ${estimatedMoney(fee, currency)}</text>`;
}

const signOf = (name, service) => service.verdicts.find((one) => one.name === name)?.mark ?? "";

function legend(steps, priced, service) {
  const present = new Set(runs(steps, priced).map((run) => run.name));
  return service.verdicts.filter((one) => present.has(one.name)).map((one) =>
    html`<span class="verdict ${one.name}">${one.mark} ${one.text}</span> `);
}

/** What one fee means: verdict, chance, cost. */
function priceFigures(result, service) {
  const { currency, verdict: word, cpe, cpm, benchmark, cost_note: note } = result;
  const cutOffs = service.verdicts.map((one) => one.least_probability);
  const isTarget = result.probability_target !== null;
  const probability = isTarget ? result.probability_target : result.probability_benchmark;
  const against = isTarget ? "that it costs at most your highest cost" : "that it costs less than is usual";
  return html`${figures(
    word ? figure(`At ${money(result.fee, currency)}`, verdict(word, service)) : nothing,
    probability === null ? nothing : figure("Chance", chance(probability, cutOffs), against),
    cpe ? costFigure("Cost per engagement", cpe, currency) : nothing,
    benchmark?.cpe
      ? figure("Usual cost per engagement", estimatedMoney(benchmark.cpe, currency), usualNote(benchmark)) : nothing,
    cpm ? costFigure("Cost per 1,000 views", cpm, currency) : nothing,
  )}${note ? html`<p class="muted">${note}</p>` : nothing}`;
}

function costFigure(label, { p10, p50, p90 }, currency) {
  const [low, middle, high] = [p10, p50, p90].map((value) => estimatedMoney(value, currency));
  return figure(label, middle, `8 of 10 outcomes: ${low} to ${high}`);
}

const aboveText = (terms) => `The safe fee is above nearly all usual fees: go by ${usualFee(terms)}.`;

const sourceText = (source) => (source === "own_deals" ? "by your own deals" : "by the rate card");

function usualNote({ cpe_source: source, cpe_cell: cell }) {
  return [sourceText(source), cell].filter(Boolean).join(", ");
}

/** Fees to offer, and what such deals cost. */
function offerFigures(terms, service) {
  const { offer, break_even_fee: safe, market_fee: market, currency } = terms;
  const amount = (value) => estimatedMoney(value, currency);
  return figures(
    offer?.open ? figure("Open with", amount(offer.open)) : nothing,
    safe ? figure("Safe fee", `up to ${amount(safe)}`, safeText(terms, service)) : nothing,
    market?.typical ? figure("Such deals cost", amount(market.typical),
      rangeText(terms, amount)) : nothing,
  );
}

/** What the range of usual fees is of: deals have shares, a rate card has its lowest and highest figure. */
function rangeText({ market_fee: { low, high }, market_fee_source: source }, amount) {
  const ends = `${amount(low)} to ${amount(high)}`;
  return source === "own_deals" ? `8 of 10: ${ends}, by your own deals`
    : `by the rate card, whose figures for this size lie from ${ends}`;
}

/** What the safe fee is, in words. */
function safeText(terms, service) {
  if (isAboveMarket(terms)) return aboveText(terms);
  const within = terms.break_even_against === "target" ? "it stays within your highest cost" : "it beats what is usual";
  return `pays with a chance of ${chance(confidenceOf(terms, service))}: ${within}`;
}

/** What cannot be said of the fee, and why. */
function missing(terms) {
  const canCompare = terms && (terms.benchmark?.cpe || terms.target_cpe_usd);
  if (!canCompare) {
    return html`<p class="muted">${terms?.market_fee?.typical
      ? html`The usual fee is known, the usual cost per engagement is not: nothing tells what such creators usually get
        for a post. So there is no verdict on a fee, unless you give the highest cost per engagement.`
      : html`No deals and no rate card tell what such creators cost: there is no usual cost to compare a fee with.`}</p>`;
  }
  if (!terms.break_even_fee) return html`<p class="muted">No fee pays with the chance that you want.</p>`;
  return nothing;
}
