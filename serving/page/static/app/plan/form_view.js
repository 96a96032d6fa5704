// The second part of the form: the money, what to get most of, and what else must hold.

import { numberField, selectField, textField } from "../fields.js";
import { plural } from "../format.js";
import { html, nothing } from "../lib.js";
import { FEE_PARTS, GROUP_KINDS, emptyGroup, ruleCount } from "./form_state.js";
import { groupPlace, hasLevel } from "./request.js";
import { partName } from "./words.js";

/** What a plan can be good at: its name, in words, and when to take it. */
const OBJECTIVES = [
  ["mean", "The most on average", "For many campaigns: good and bad luck even out."],
  ["cvar", "Good even in a bad case", "For one campaign that must not fail: the money goes to more creators."],
  ["quantile", "A figure that you can promise", "As much as possible is reached in all but the bad cases."],
  ["goal", "The best chance to reach a goal", "Nothing beyond the goal counts."],
];
const MARKET_FEES = [["high", "at its upper end"], ["typical", "as is usual"], ["low", "at its lower end"]];
const SECONDS = [["5", "5 seconds"], ["15", "15 seconds"], ["30", "30 seconds"]];

/**
 * Show the fields. `form`: what was typed; `set(changes)` changes it; `faults`: by place;
 * `candidates`: who can be named.
 */
export function formView({ form, set, faults, candidates, app }) {
  const given = { form, set, faults, candidates, app, service: app.service };
  return html`
    <section class="card" aria-labelledby="plan-money">
      <h2 id="plan-money">The money and the aim</h2>
      ${aims(given)}
    </section>
    <section class="card" aria-labelledby="plan-rules">
      <h2 id="plan-rules">What else must hold</h2>
      ${mainRules(given)}
      ${named(given, "mustHave", "rules.must_have", "Must be in the plan")}
      ${named(given, "exclude", "rules.exclude", "Never in the plan")}
      <details><summary>Rules for platforms, niches and sizes
        ${form.groups.length ? html` (${form.groups.length})` : nothing}</summary>${groups(given)}</details>
      <details><summary>More rules, and how fees are counted</summary>
        ${moreRules(given)}</details>
      <p class="hint">${ruleCount(form) ? `${plural(ruleCount(form), "rule")} set.` : "No rule is set."}</p>
    </section>`;
}

function aims({ form, set, faults, service }) {
  const currencies = Object.keys(service.currencies).map((one) => [one, one]);
  const [, , hint] = OBJECTIVES.find(([name]) => name === form.by);
  return html`<div class="fields">
      ${numberField({
        id: "plan-budget", label: "Budget", value: form.budget, fault: faults.budget, placeholder: "10,000",
        onInput: (budget) => set({ budget }),
      })}
      ${selectField({
        id: "plan-currency", label: "Currency", value: form.currency, options: currencies, fault: faults.currency,
        onInput: (currency) => set({ currency }),
      })}
      ${selectField({
        id: "plan-maximise", label: "Get most of", value: form.maximise,
        options: [["engagements", "engagements"], ["views", "views"]],
        onInput: (maximise) => set({ maximise }),
      })}
      ${numberField({
        id: "plan-goal", label: form.by === "goal" ? "Goal" : "Goal (optional)", value: form.goal, fault: faults.goal,
        hint: `${form.maximise} in all; the plan tells its chance`,
        onInput: (goal) => set({ goal }),
      })}
    </div>
    ${selectField({
      id: "plan-by", label: "The plan should be", value: form.by, hint,
      options: OBJECTIVES.map(([name, text]) => [name, text]), onInput: (by) => set({ by }),
    })}
    ${hasLevel(form) ? numberField({
      id: "plan-level", label: "Bad cases, in %", value: form.level, fault: faults.level,
      hint: "10: the worst 1 in 10 cases", onInput: (level) => set({ level }),
    }) : nothing}
    ${textField({
      id: "plan-as-of", label: "Forecast made on (optional)", type: "date", value: form.asOf, fault: faults.as_of,
      hint: "today, unless you choose another day; no start may lie before it",
      onInput: (asOf) => set({ asOf }),
    })}
    ${service.has_ledger ? textField({
      id: "plan-campaign", label: "Campaign (optional)", value: form.campaign, fault: faults.campaign,
      hint: "With a name the forecasts are kept, to be compared with what comes of them.",
      onInput: (campaign) => set({ campaign }),
    }) : nothing}`;
}

function mainRules({ form, set, faults }) {
  return html`<fieldset><legend>Number of creators</legend><div class="fields">
    ${numberField({
      id: "plan-min-creators", label: "At least", value: form.minCreators, fault: faults["rules.min_creators"],
      onInput: (minCreators) => set({ minCreators }),
    })}
    ${numberField({
      id: "plan-max-creators", label: "At most", value: form.maxCreators, fault: faults["rules.max_creators"],
      onInput: (maxCreators) => set({ maxCreators }),
    })}</div></fieldset>
  <fieldset><legend>One creator costs at most</legend><div class="fields">
    ${numberField({
      id: "plan-max-fee", label: `Amount, ${form.currency}`, value: form.maxFee, fault: faults["rules.max_fee"],
      onInput: (maxFee) => set({ maxFee }),
    })}
    ${numberField({
      id: "plan-max-share", label: "% of the budget", value: form.maxShare, fault: faults["rules.max_share"],
      onInput: (maxShare) => set({ maxShare }),
    })}</div></fieldset>`;
}

/** Creators who are named: those there are, each with a button that takes it out, and one more. */
function named({ form, set, faults, candidates, app }, field, place, label) {
  const id = `plan-${field}`;
  const draft = `${field}Text`;
  const add = () => {
    const name = (form[draft] ?? "").trim();
    if (!name) return;
    if (candidates.list.rows !== null && !candidates.knows(name)) {
      const fault = `No creator of the list is called ${name}`;
      set({}, { [place]: fault });
      app.announce(`${fault}.`);
      return;
    }
    set({ [field]: [...new Set([...form[field], name])], [draft]: "" }, { [place]: undefined });
    app.announce(`${label}: ${name} was added.`);
  };
  const takeOut = (name, number) => {
    set({ [field]: form[field].filter((one) => one !== name) });
    app.announce(`${label}: ${name} was taken out.`);
    const left = document.getElementById(id).closest(".named").querySelectorAll(".chips button");
    (left[number] ?? left[number - 1] ?? document.getElementById(id)).focus();
  };
  const onKey = (event) => {
    if (event.key !== "Enter" || event.target.id !== id) return;
    event.preventDefault();
    add();
  };
  return html`<div class="named" @keydown=${onKey}>
    ${textField({
      id, label, value: form[draft], list: "plan-names", fault: faults[place],
      placeholder: "name or id", onInput: (text) => set({ [draft]: text }),
    })}
    <button type="button" class="quiet" aria-label="Add to: ${label}" @click=${add}>Add</button>
    ${form[field].length ? html`<ul class="chips" aria-label=${label}>${form[field].map((name, number) => html`<li><bdi>${name}</bdi>
      <button type="button" class="link" aria-label="Take out ${name}" @click=${() => takeOut(name, number)}>×</button></li>`)}</ul>` : nothing}
  </div>`;
}

function groups({ form, set, faults, app, service }) {
  const change = (place, changes) => set({
    groups: form.groups.map((group, one) => (one === place ? { ...group, ...changes } : group)),
  });
  const remove = (place) => {
    set({ groups: form.groups.filter((_, one) => one !== place) });
    app.announce(`Rule ${place + 1} was removed.`);
    const left = Math.min(place, form.groups.length - 2);
    document.getElementById(left < 0 ? "plan-add-group" : `plan-group-${left}-kind`).focus();
  };
  return html`${form.groups.map((group, place) => groupFields(group, place, { change, remove, faults, service }))}
    <div class="actions"><button type="button" class="quiet" id="plan-add-group" @click=${() => set({ groups: [...form.groups, emptyGroup()] })}>Add a rule</button></div>`;
}

function groupFields(group, place, { change, remove, faults, service }) {
  const at = groupPlace(group);
  const number = (field, rule, label) => numberField({
    id: `plan-group-${place}-${field}`, label, value: group[field], fault: faults[`${at}.${rule}`],
    onInput: (text) => change(place, { [field]: text }),
  });
  return html`<fieldset><legend>Rule ${place + 1}</legend><div class="fields">
      ${selectField({
        id: `plan-group-${place}-kind`, label: "For", value: group.kind, options: Object.entries(GROUP_KINDS),
        onInput: (kind) => change(place, { kind, name: "" }),
      })}
      ${selectField({
        id: `plan-group-${place}-name`, label: GROUP_KINDS[group.kind], value: group.name, fault: faults[at],
        options: [["", "choose"], ...groupNames(group.kind, service)], onInput: (name) => change(place, { name }),
      })}
      ${number("minCreators", "min_creators", "Creators, at least")}
      ${number("maxCreators", "max_creators", "Creators, at most")}
      ${number("minShare", "min_share", "% of the budget, at least")}
      ${number("maxShare", "max_share", "% of the budget, at most")}
    </div>
    <button type="button" class="link" aria-label="Remove rule ${place + 1}" @click=${() => remove(place)}>Remove this rule</button>
  </fieldset>`;
}

function groupNames(kind, service) {
  if (kind === "platform") return service.platforms.map(({ name, label }) => [name, label]);
  if (kind === "niche") return [...service.niches, "unknown"].map((name) => [name, name]);
  const edges = Object.entries(service.bands).map(([name, least]) => [name, `${name.replace("_", " ")} (from ${least.toLocaleString("en-US")})`]);
  return [...edges, ["unknown", "unknown"]];
}

function moreRules({ form, set, faults, service }) {
  const evidence = Object.entries(service.evidence).map(([name, text]) => [name, text]);
  return html`<div class="stack">
    ${selectField({
      id: "plan-evidence", label: "A forecast rests at least on", value: form.leastEvidence,
      fault: faults["rules.least_evidence"], options: [["", "anything"], ...evidence],
      onInput: (leastEvidence) => set({ leastEvidence }),
    })}
    ${numberField({
      id: "plan-authenticity", label: "Authenticity, at least", value: form.leastAuthenticity,
      fault: faults["rules.least_authenticity"], hint: "0 to 1; where it is not known it does not count",
      onInput: (leastAuthenticity) => set({ leastAuthenticity }),
    })}
    ${numberField({
      id: "plan-least-chance", label: "Chance of the goal, at least in %", value: form.leastProbability,
      fault: faults["rules.least_probability"], onInput: (leastProbability) => set({ leastProbability }),
    })}
    ${numberField({
      id: "plan-max-deliverables", label: "Deliverables of one creator, at most", value: form.maxDeliverables,
      fault: faults.max_deliverables, hint: "where the fee is for one and the list does not say; 1 buys each fee once, as it is quoted",
      onInput: (maxDeliverables) => set({ maxDeliverables }),
    })}
    ${selectField({
      id: "plan-market-fee", label: "Where no fee is given, plan with the market fee", value: form.marketFee,
      options: MARKET_FEES, onInput: (marketFee) => set({ marketFee }),
    })}
    ${selectField({
      id: "plan-seconds", label: "Search for", value: form.timeLimit, options: SECONDS,
      hint: "and as long again for what is told of the plan", onInput: (timeLimit) => set({ timeLimit }),
    })}
  </div>
  <fieldset><legend>Added to every fee</legend>
    <p class="hint">A share of the fee such as 15 %, or an amount such as 150 ${form.currency}. What the list says of a creator comes first.</p>
    <div class="fields">
    ${FEE_PARTS.map((name) => textField({
      id: `plan-part-${name}`, label: partName(name), value: form.feeParts[name], placeholder: "15 %",
      fault: faults[`rules.fee_parts.${name}`],
      onInput: (text) => set({ feeParts: { ...form.feeParts, [name]: text } }),
    }))}
  </div></fieldset>`;
}
