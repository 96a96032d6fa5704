// Figures and dates as the reports of creatorcast word them: estimates have two digits, amounts of
// money the digits that a price has, chances are never told as certain.

const GROUPS = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const CENTS = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const TWO_DIGITS = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 2 });
const DATE = new Intl.DateTimeFormat("en-GB", {
  year: "numeric", month: "short", day: "numeric", timeZone: "UTC",
});
const UNKNOWN = "–";

const isKnown = (value) => value !== null && value !== undefined && Number.isFinite(value);

/** A count that is known, such as 12,345. */
export function count(value) {
  return isKnown(value) ? GROUPS.format(value) : UNKNOWN;
}

/** A count that is estimated: two digits. */
export function estimate(value) {
  if (!isKnown(value)) return UNKNOWN;
  if (value < 0.5) return value > 0 ? "under 1" : "0";
  return GROUPS.format(round(value, 2));
}

/** A count that is estimated from what it is already: three digits. */
export function nearCount(value) {
  return isKnown(value) ? GROUPS.format(value >= 100 ? round(value, 3) : value) : UNKNOWN;
}

/** A count on an axis, such as 20k. */
export function shortCount(value) {
  for (const [size, sign] of [[1e9, "bn"], [1e6, "m"], [1e3, "k"]]) {
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(3))}${sign}`;
  }
  return `${Number(value.toPrecision(3))}`;
}

/** An amount of money: whole from 100 on, two decimals below, two digits below 0.1. */
export function money(value, currency = "USD") {
  if (!isKnown(value)) return UNKNOWN;
  const size = Math.abs(value);
  let text = GROUPS.format(value);
  if (size > 0 && size < 0.1) text = TWO_DIGITS.format(value);
  else if (size < 100) text = value.toFixed(2).replace(/\.00$/, "");
  return `${text} ${currency}`;
}

/** An amount that was paid: to the cent, so that amounts add up as they are told. */
export function paid(value, currency = "USD") {
  return isKnown(value) ? `${CENTS.format(value).replace(/\.00$/, "")} ${currency}` : UNKNOWN;
}

/** An estimated amount: three digits. */
export function estimatedMoney(value, currency = "USD") {
  return isKnown(value) ? money(round(value, value >= 1 ? 3 : 2), currency) : UNKNOWN;
}

/** A share as a whole percentage. */
export function percent(value, decimals = 0) {
  return isKnown(value) ? `${(100 * value).toFixed(decimals)} %` : UNKNOWN;
}

/**
 * The chance of something, never told as certain. `cutOffs`: shares on whose side the text stays:
 * a chance of 0.597 is no 60 % where a verdict begins at 0.6.
 */
export function chance(value, cutOffs = []) {
  if (!isKnown(value)) return UNKNOWN;
  if (value < 0.005) return "under 1 %";
  if (value > 0.995) return "over 99 %";
  for (let decimals = 0; decimals < 6; decimals++) {
    const shown = Number(value.toFixed(decimals + 2));
    if (cutOffs.every((one) => shown >= one === value >= one)) return percent(value, decimals);
  }
  return percent(value, 6);
}

/** A factor as a change, such as +12 %. */
export function change(factor) {
  if (!isKnown(factor)) return UNKNOWN;
  if (factor >= 2) return `× ${Number(factor.toPrecision(2))}`;
  const share = Math.round(100 * (factor - 1));
  return `${share < 0 ? "−" : "+"}${Math.abs(share)} %`;
}

export function date(text) {
  return text ? DATE.format(new Date(text)) : UNKNOWN;
}

export function plural(number, noun, nouns = `${noun}s`) {
  return `${count(number)} ${number === 1 ? noun : nouns}`;
}

function round(value, digits) {
  return Number(value.toPrecision(digits));
}
