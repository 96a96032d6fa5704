// What makes the verdict on one creator doubtful, with its figures.

import { estimatedMoney } from "../format.js";
import { warningText } from "../parts.js";

const ABOVE_MARKET = "break_even_above_market";

/** The sentence of a doubt about a result; the one about the safe fee names the usual fee. */
export function doubtText(name, result, service) {
  if (name !== ABOVE_MARKET || !result.market_fee_usd) return warningText(name, service);
  return `The safe fee is above nearly all usual fees: go by ${usualFee(result)}.`;
}

/** Whether the safe fee is so high that nobody should offer it. */
export function isAboveMarket(result) {
  return Boolean(result?.warnings?.includes(ABOVE_MARKET) && result.market_fee_usd);
}

/** The usual fee in words, in the currency of the result's fee. */
export function usualFee({ market_fee: market, market_fee_usd: usd, currency }) {
  const fee = market?.typical ? estimatedMoney(market.typical, currency) : estimatedMoney(usd.typical);
  return `the usual fee of ${fee}`;
}

/** How sure the safe fee pays. */
export function confidenceOf({ confidence }, service) {
  return confidence ?? service.default_confidence;
}
