// The form as the settings of POST /v1/plan; and what is wrong of it, by the place that a fault of
// the service names, so that both are shown at the field.

import { numberFault, numberOf } from "../fields.js";
import { FEE_PARTS } from "./form_state.js";

/** Number of draws that choose a plan comes from the service; the same seed gives the same plan. */
const SEED = 1;

/** Give `{settings, faults}`: faults by place, such as "rules.max_share". */
export function readForm(form) {
  const faults = {};
  const number = (place, text, limits) => {
    const fault = numberFault(text, limits);
    if (fault) faults[place] = fault;
    return numberOf(text, limits) ?? undefined;
  };
  const settings = {
    budget: number("budget", form.budget, { least: 0.01, most: 1e12, currency: form.currency }),
    currency: form.currency,
    maximise: form.maximise,
    by: form.by,
    level: hasLevel(form) ? shareNumber(number, "level", form.level) : undefined,
    goal: number("goal", form.goal, { least: 1, most: 1e12 }),
    market_fee: form.marketFee,
    max_deliverables: number("max_deliverables", form.maxDeliverables, { least: 1, most: 100, whole: true }),
    time_limit: Number(form.timeLimit),
    as_of: momentOf(form),
    seed: SEED,
    rules: rulesOf(form, number, faults),
  };
  if (settings.budget === undefined) faults.budget = "Say how much may be spent";
  if (form.by === "goal" && settings.goal === undefined) faults.goal = "Say which total is to be reached";
  if (form.leastProbability && settings.goal === undefined) {
    faults.goal = "The least chance is of reaching a goal: give the goal, too";
  }
  return { settings, faults };
}

/** The moment of the forecasts, undefined for now. */
export function momentOf({ asOf }) {
  return asOf ? `${asOf}T00:00:00Z` : undefined;
}

/** Whether the objective has a share of bad cases. */
export function hasLevel(form) {
  return form.by === "cvar" || form.by === "quantile";
}

function rulesOf(form, number, faults) {
  const whole = { least: 0, most: 1e6, whole: true };
  const rules = {
    min_creators: number("rules.min_creators", form.minCreators, whole),
    max_creators: number("rules.max_creators", form.maxCreators, whole),
    max_fee: number("rules.max_fee", form.maxFee, { least: 0.01, most: 1e12, currency: form.currency }),
    max_share: shareText(number, "rules.max_share", form.maxShare),
    least_authenticity: number("rules.least_authenticity", form.leastAuthenticity, { least: 0, most: 1 }),
    least_evidence: form.leastEvidence || undefined,
    least_probability: shareText(number, "rules.least_probability", form.leastProbability),
    must_have: form.mustHave.length ? form.mustHave : undefined,
    exclude: form.exclude.length ? form.exclude : undefined,
  };
  const parts = FEE_PARTS.filter((name) => form.feeParts[name]?.trim());
  if (parts.length) {
    rules.fee_parts = Object.fromEntries(parts.map((name) => [name, form.feeParts[name].trim()]));
  }
  checkOrder(faults, "rules", rules);
  for (const group of form.groups) addGroup(rules, group, number, faults);
  return rules;
}

/** The place of a group's rule, as the service names it. */
export function groupPlace({ kind, name }) {
  return `rules.${kind}.${name}`;
}

function addGroup(rules, group, number, faults) {
  const place = groupPlace(group);
  if (!group.name) {
    faults[place] = "Choose one, or remove this rule";
    return;
  }
  rules[group.kind] ??= {};
  if (group.name in rules[group.kind]) {
    faults[place] = `There are two rules for ${group.name}: write them as one`;
    return;
  }
  const whole = { least: 0, most: 1e6, whole: true };
  rules[group.kind][group.name] = {
    min_creators: number(`${place}.min_creators`, group.minCreators, whole),
    max_creators: number(`${place}.max_creators`, group.maxCreators, whole),
    min_share: shareText(number, `${place}.min_share`, group.minShare),
    max_share: shareText(number, `${place}.max_share`, group.maxShare),
  };
  checkOrder(faults, place, rules[group.kind][group.name]);
}

/** Note at both fields where a least number is above the most. */
function checkOrder(faults, place, limits) {
  for (const what of ["creators", "share"]) {
    const [least, most] = [`min_${what}`, `max_${what}`];
    if (!(parseFloat(limits[least]) > parseFloat(limits[most]))) continue;
    faults[`${place}.${least}`] = "This is more than the most: change one of the two";
    faults[`${place}.${most}`] = "This is less than the least: change one of the two";
  }
}

const bare = (text) => String(text ?? "").replace(/\s*%\s*$/, "");

/** A percentage as a fraction. */
function shareNumber(number, place, text) {
  const value = number(place, bare(text), { least: 0.1, most: 100 });
  return value === undefined ? undefined : value / 100;
}

/** A percentage as rules have it: "40 %". */
function shareText(number, place, text) {
  const value = number(place, bare(text), { least: 0, most: 100 });
  return value === undefined || Number.isNaN(value) ? undefined : `${value} %`;
}

/**
 * Sort the errors of a refused plan: those of fields by place, and the texts of the others.
 *
 * `places`: those that the form shows.
 */
export function sortErrors(errors, places) {
  const faults = {};
  const others = [];
  for (const one of errors) {
    const place = one.where.replace(/\[\d+\]$/, "");
    if (places.includes(place)) faults[place] = `${one.what}${one.expected ? `: ${one.expected}` : ""}`;
    else others.push(one);
  }
  return { faults, others };
}

/** The places that the form shows a fault at. */
export function formPlaces(form) {
  const single = ["as_of", "budget", "currency", "level", "goal", "max_deliverables", "campaign"];
  const rules = ["min_creators", "max_creators", "max_fee", "max_share", "least_authenticity",
    "least_evidence", "least_probability", "must_have", "exclude"].map((name) => `rules.${name}`);
  const parts = FEE_PARTS.map((name) => `rules.fee_parts.${name}`);
  const groups = form.groups.flatMap((group) => {
    const place = groupPlace(group);
    return [place, ...["min_creators", "max_creators", "min_share", "max_share"].map((name) => `${place}.${name}`)];
  });
  return [...single, ...rules, ...parts, ...groups];
}
