// What to do with a plan: text for an e-mail, the page for the client, the plan as JSON.

import { save } from "../api.js";
import { checkField } from "../fields.js";
import { html, nothing } from "../lib.js";
import { busy, notice } from "../parts.js";
import { taskError } from "../task.js";
import { planText } from "./words.js";

/**
 * Show the ways to hand a plan on. `ui`: `hasFees`, `isTextShown`, `isOtherPlan`; `reporting`: the
 * task that makes the page for the client.
 */
export function shareView({ plan, run, candidates, app, ui, reporting }) {
  const withFees = ui.hasFees;
  return html`<section class="card" aria-labelledby="plan-share"><h2 id="plan-share">Hand it on</h2>
    ${checkField({ id: "plan-fees", label: "With fees and the budget", value: withFees, onInput: (hasFees) => ui.set({ hasFees }) })}
    <div class="actions">
      <button type="button" class="quiet" aria-expanded=${ui.isTextShown} @click=${() => ui.set({ isTextShown: !ui.isTextShown })}>Text for an e-mail</button>
      <button type="button" class="quiet" ?disabled=${reporting.isRunning || !run.isOf(candidates)} @click=${() => download(run, candidates, ui, reporting)}>Page for the client</button>
      <button type="button" class="quiet" @click=${() => save(new Blob([JSON.stringify(plan, null, 2)], { type: "application/json" }), "plan.json")}>Plan as JSON</button>
    </div>
    ${reporting.isRunning ? busy("The page is made …") : nothing}
    ${taskError(reporting, () => download(run, candidates, ui, reporting))}
    ${ui.isOtherPlan ? notice("The search ended at its time limit and found another plan this time, so that the page was not saved. Give the search more time, make the plan again, and then the page.", "bad") : nothing}
    ${ui.isTextShown ? message(planText(plan, app.service, withFees), app) : nothing}
    ${run.isOf(candidates) ? nothing : html`<p class="hint">The list was changed since: make the plan again before the page for the client.</p>`}
    ${withFees ? nothing : html`<p class="hint">The plan as JSON has all amounts.</p>`}
  </section>`;
}

function message(text, app) {
  return html`<div class="field"><label for="plan-text">Text for an e-mail</label>
      <textarea id="plan-text" rows="12" readonly .value=${text}></textarea></div>
    <div class="actions"><button type="button" @click=${() => copy(text, app)}>Copy the text</button></div>`;
}

async function copy(text, app) {
  try {
    await navigator.clipboard.writeText(text);
    app.announce("Copied.");
  } catch {
    // without the right to the clipboard the text is selected, for the keys of the person
    document.getElementById("plan-text").select();
    app.announce("The text is selected: copy it with Ctrl+C or Command+C.");
  }
}

async function download(run, candidates, ui, reporting) {
  ui.set({ isOtherPlan: false });
  const kind = ui.hasFees ? "with_fees" : "without_fees";
  const made = await reporting.run((signal) => run.report(kind, candidates.chosen, signal));
  if (!made) return;
  if (made.isSame) save(new Blob([made.page], { type: "text/html" }), "plan.html");
  else ui.set({ isOtherPlan: true });
}
