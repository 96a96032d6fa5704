// What the service is asked about one partnership, and its answer as the view shows it.

import { DOT_SHARES } from "../charts/outcome_dots.js";
import { feeSteps, payable } from "./fee_steps.js";

/** How often both questions are asked where another model answers the second one. */
const TRIES = 3;

/**
 * Ask about a partnership at a fee (null for none), and at the fees around it.
 *
 * Gives `explained`, the answer with reasons and comparables; `steps`, ascending fees, and `priced`,
 * fee -> its answer; `terms`, one of these, for what no fee changes; `onePost`, the answer for one
 * deliverable, null where it cannot be asked; `model`, its version.
 */
export async function askAbout({ api, service }, { partnership, fee, currency }, signal) {
  for (let attempt = 1; ; attempt++) {
    const first = await api.post("v1/explain", {
      keep: false, quantiles: DOT_SHARES, partnerships: [atFee(partnership, fee, currency)],
    }, { signal });
    const explained = first.results[0];
    const steps = stepsOf(explained, fee, service.currencies[currency]);
    const rows = steps.map((step) => atFee(partnership, step, currency));
    const one = onePost(partnership, explained);
    const partnerships = [...rows, one ?? atFee(partnership, null)];
    const second = await api.post("v1/predict", { keep: false, partnerships }, { signal });
    if (second.model_version !== first.model_version && attempt < TRIES) continue;
    const last = second.results.at(-1);
    return {
      key: JSON.stringify([partnership, currency]), partnership, currency, explained,
      ...pricedOf(steps, second.results), onePost: one && !last.errors ? last : null,
      model: first.model_version, trainedOn: first.trained_on,
    };
  }
}

/** A partnership with a fee in a currency, or without one; a target needs a fee. */
export function atFee(partnership, fee, currency) {
  if (fee !== null) return { ...partnership, fee, currency };
  const { target_cpe_usd: _, ...rest } = partnership;
  return rest;
}

function stepsOf({ break_even_fee_usd: breakEven, market_fee_usd: market }, fee, usdPerUnit) {
  const local = (usd) => (usd === null || usd === undefined ? NaN : usd / usdPerUnit);
  const guides = [market?.low, market?.typical, market?.high].map(local);
  const chosen = [payable(local(breakEven)), fee ?? NaN];
  return feeSteps(guides, chosen);
}

function pricedOf(steps, results) {
  const scored = steps.map((fee, place) => [fee, results[place]]).filter(([, result]) => !result.errors);
  return { steps: scored.map(([fee]) => fee), priced: new Map(scored), terms: scored[0]?.[1] ?? null };
}

/** The same partnership with one post; null where it has several formats. */
function onePost(partnership, explained) {
  if (explained.package) return null;
  return atFee({ ...partnership, deliverables: 1 }, null);
}
