// The fees that the service is asked about at once, so that a slider moves over its own answers.

/** How many fees, about, between the ends. */
const STEPS = 56;
/** How far beyond the lowest and the highest fee of interest the steps reach. */
const BELOW = 0.4, ABOVE = 1.8;
/** Digits of the fees between: 1,200 and not 1,187. */
const DIGITS = 2;

/**
 * Give fees in ascending order: round ones between sensible ends, and those `chosen` (of the form,
 * the break-even fee) exactly. `guides`: fees that the range has to hold; unknown ones are left out.
 */
export function feeSteps(guides, chosen) {
  const known = [...guides, ...chosen].filter((fee) => Number.isFinite(fee) && fee > 0);
  if (!known.length) return [];
  const low = Math.log(Math.max(Math.min(...known) * BELOW, 0.01));
  const high = Math.log(Math.min(Math.max(...known) * ABOVE, 1e9));
  const fees = new Set(chosen.filter((fee) => fee > 0));
  for (let step = 0; step <= STEPS; step++) {
    const fee = Math.exp(low + ((high - low) * step) / STEPS);
    fees.add(Math.max(Number(fee.toPrecision(DIGITS)), 0.01));
  }
  return [...fees].sort((first, second) => first - second);
}

/** Round a fee down to what is paid in practice, so that a fee that pays still does. */
export function payable(fee) {
  if (!(fee >= 0.01)) return NaN;
  return fee >= 100 ? Math.floor(fee) : Math.floor(fee * 100 + 1e-9) / 100;
}

/** Where a fee lies among steps, as a place that may lie between two of them. */
export function placeOf(fee, steps) {
  const after = steps.findIndex((one) => one >= fee);
  if (after < 0) return steps.length - 1;
  if (after === 0 || steps[after] === fee) return after;
  const [below, above] = [steps[after - 1], steps[after]].map(Math.log);
  return after - 1 + (Math.log(fee) - below) / (above - below);
}
