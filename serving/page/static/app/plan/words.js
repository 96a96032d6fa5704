// The words of a plan: what is booked, where a fee is from, ranges.

import { count, date, estimate, money, percent, plural } from "../format.js";

/** Platform and format -> what people call it there, where that is another word. */
const FORMATS = { instagram: { short: "reel" }, tiktok: { short: "video" } };
const FEE_SOURCES = {
  quoted: "as given",
  own_deals: "not given: market fee by your own deals",
  rate_card: "not given: market fee by the rate card",
};

/** What is booked of a partnership, such as "2 reels" or "1 video + 3 stories". */
export function booked({ platform, format, package: parts, deliverables }) {
  if (!parts) return counted(platform, deliverables, format ?? "post");
  return parts.replace(/(\d+) (\w+)/g, (_, number, one) => counted(platform, Number(number), one));
}

function counted(platform, number, format) {
  const word = FORMATS[platform]?.[format] ?? format;
  return plural(number, word, word === "story" ? "stories" : `${word}s`);
}

export function feeSource(fee) {
  return FEE_SOURCES[fee.source] ?? fee.source;
}

/** How a quote for one deliverable is bought several times, "" where it is not. */
export function repeatedQuote({ source, times, each }, currency) {
  return source === "quoted" && times > 1 ? `${times} × ${money(each, currency)}; the quote is for one` : "";
}

/** What the figure "adds" of a creator is, by the aim of the plan. */
export function addsWords({ kind, level }) {
  return {
    mean: "Adds, on average",
    cvar: `Adds to the worst ${percent(level)} of cases`,
    quantile: `Adds to what all but ${percent(level)} of cases reach`,
    goal: "Adds to the chance of the goal",
  }[kind];
}

/** The name of a part of a fee, such as "usage rights". */
export function partName(name) {
  return name.replaceAll("_", " ");
}

/** The range of a forecast, such as 2,300–8,800. */
export function range({ p10, p90 }) {
  return `${estimate(p10)}–${estimate(p90)}`;
}

/** A text of the service as a sentence: a capital letter first, a full stop last. */
export function sentence(text) {
  const start = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}

export function platformLabel(name, service) {
  return service.platforms.find((one) => one.name === name)?.label ?? name;
}

const line = (text) => String(text).replace(/\s+/g, " ").trim();

/** A plan as plain text for an e-mail; without fees no amount of money is in it. */
export function planText(plan, service, withFees) {
  const { measure } = plan.objective;
  const total = plan.total[measure];
  const { currency } = plan;
  const rows = plan.roster.map((one, place) => {
    const quote = repeatedQuote(one.fee, currency);
    const fee = withFees ? `, ${money(one.fee.total, currency)}${quote && ` (${quote})`}` : "";
    return `${place + 1}. ${line(one.name)} (${platformLabel(one.platform, service)}): ${booked(one)}${fee}, ` +
      `about ${estimate(one[measure]?.p50)} ${measure} (8 of 10 outcomes: ${one[measure] ? range(one[measure]) : "unknown"})`;
  });
  const spent = withFees
    ? [`To spend: ${money(plan.spend, currency)} of ${money(plan.budget, currency)}, ${money(plan.left, currency)} are left.`]
    : [];
  const all = total
    ? [`All together: about ${estimate(total.p50)} ${measure}. 8 of 10 outcomes lie in the range ${range(total)}.`]
    : [];
  const rejected = plan.counts.rejected ? ` ${plural(plan.counts.rejected, "row")} could not be used.` : "";
  return [
    `Whom to sign: ${plural(plan.total.creators, "creator")}, ${plural(plan.total.deliverables, "deliverable")}. Plan of ${date(plan.as_of)}`,
    "", ...rows, "", ...all, ...spent,
    `Chosen from ${plural(plan.counts.candidates, "candidate")}; ${count(plan.counts.left_out)} are left out.${rejected}`,
    "", "These are forecasts, not promises. " + modelText(plan),
  ].join("\n");
}

function modelText({ trained_on: source, model_version: version }) {
  if (source === "simulated") {
    return `The model ${version} was trained on simulated data: nothing about real creators follows.`;
  }
  if (source === "published figures") return "They rest on published figures alone, and their ranges are wide.";
  return `Made by the model ${version}.`;
}
