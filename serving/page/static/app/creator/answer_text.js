// The answer as plain text, for an e-mail.

import { chance, count, date, estimate, estimatedMoney, money, plural } from "../format.js";
import { splitWarnings, warningText } from "../parts.js";
import { creatorName } from "./combobox.js";
import { confidenceOf, doubtText } from "./doubts.js";
import { isKnown } from "./partnership.js";

/** The lines of the answer `shown`, of the view's form. */
export function answerText({ form, app, answer }, shown) {
  const { service } = app;
  const name = isKnown(form) && form.creator ? creatorName(form.creator) : form.name.trim() || "A creator";
  const platform = service.platforms.find((one) => one.name === shown.platform)?.label ?? shown.platform;
  const word = service.verdicts.find((one) => one.name === shown.verdict)?.text;
  const { doubts, others } = splitWarnings(shown.warnings, service);
  return [
    `${name}, ${platform}`,
    word ? `${word}. ${shown.sentence}` : shown.sentence,
    ...doubts.map((one) => `Check this first: ${doubtText(one, shown, service)}`),
    "",
    `Engagements: ${rangeText(shown.engagements)}`,
    shown.views ? `Views: ${rangeText(shown.views)}` : null,
    shown.goal_engagements
      ? `Chance of ${count(shown.goal_engagements)} engagements: ${chance(shown.probability_goal)}` : null,
    ...feeLines(shown, answer.terms, service),
    "",
    `Engagements are ${shown.definition}, counted ${plural(shown.horizon_days, "day")} after posting.`,
    `It rests on ${service.evidence[shown.evidence] ?? shown.evidence}, as known on ${date(shown.as_of)}.`,
    ...others.map((one) => `- ${warningText(one, service)}`),
    `Model ${answer.model}.`,
  ].filter((line) => line !== null).join("\n");
}

function rangeText({ p10, p50, p90 }) {
  return `about ${estimate(p50)}; 8 of 10 outcomes lie from ${estimate(p10)} to ${estimate(p90)}`;
}

function feeLines(shown, terms, service) {
  const { fee, currency, cpe } = shown;
  const lines = [];
  if (cpe) lines.push(`At ${money(fee, currency)}: ${estimatedMoney(cpe.p50, currency)} per engagement.`);
  if (terms?.offer?.open) {
    const [open, end] = [terms.offer.open, terms.offer.walk_away].map((one) => estimatedMoney(one, terms.currency));
    lines.push(`Open with ${open}. The safe fee, which pays with a chance of ${
      chance(confidenceOf(terms, service))}, is up to ${end}.`);
  }
  return lines;
}
