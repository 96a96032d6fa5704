// One row of a scored list in full: its sentence, figures, warnings and reasons.

import { change, chance, count, estimate, estimatedMoney, money } from "../format.js";
import { html, nothing } from "../lib.js";
import { busy, doubtNotice, figure, figures, splitWarnings, verdict, warnings, warningText } from "../parts.js";
import { taskError } from "../task.js";

/** Show a row. `explained`: its result of /v1/explain, `task`: what asks for it. */
export function details({ row, explained, task, again, service, close }) {
  const currency = row.currency ?? "USD";
  const of = (name) => (row.currency ? row[name] : row[`${name}_usd`]);
  const cost = row.currency ? row.cpe_p50 : row.cpe_usd_p50;
  const { doubts, others } = splitWarnings(row.warnings, service);
  return html`<h2 id="list-row-title" tabindex="-1" autofocus><bdi>${row.title}</bdi></h2>
    <p>${row.verdict ? verdict(row.verdict, service) : "No verdict: there is no fee or no cost to compare with."}</p>
    ${row.sentence ? html`<p class="lead">${row.sentence}</p>` : nothing}
    ${doubtNotice(doubts.map((name) => warningText(name, service)))}
    ${figures(
      figure("Engagements", estimate(row.engagements_p50), `8 of 10 outcomes lie between ${estimate(row.engagements_p10)} and ${estimate(row.engagements_p90)}`),
      figure("Fee", money(of("fee"), currency)),
      figure("Cost per engagement", estimatedMoney(cost, currency)),
      figure("Chance to beat the benchmark", chance(row.probability_benchmark)),
      figure("Safe fee", estimatedMoney(of("break_even_fee"), currency),
        `pays with a chance of ${chance(service.default_confidence)}, or of the confidence that the row asks for`),
    )}
    <p class="muted">Line ${count(row.line)} of the list. Rests on ${service.evidence[row.evidence] ?? row.evidence}.
      Counted ${count(row.horizon_days)} days after posting.</p>
    ${others.length ? html`<h3>${doubts.length ? "Other warnings" : "Warnings"}</h3>${warnings(others, service)}` : nothing}
    <h3>What leads to this forecast</h3>
    ${task.isRunning ? busy("Asking for the reasons …") : nothing}
    ${taskError(task, again)}
    ${explained?.reasons ? reasons(explained.reasons) : nothing}
    <div class="actions"><button type="button" @click=${close}>Close</button></div>`;
}

function reasons({ per_post: usual, factors }) {
  return html`<p>By its platform, followers and niche alone a post would get about ${estimate(usual)} engagements. From there:</p>
    <ul>${factors.slice(0, 8).map((one) => html`<li>${one.reason}: ${change(one.factor)}</li>`)}</ul>`;
}
