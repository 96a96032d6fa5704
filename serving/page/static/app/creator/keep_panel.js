// Keeping the forecast in the ledger, where the service has one.

import { textField } from "../fields.js";
import { html, nothing } from "../lib.js";
import { taskError } from "../task.js";

/** The panel; nothing without a ledger. */
export function keepPanel(view) {
  if (!view.app.service.has_ledger) return nothing;
  const keep = () => view.keep();
  const hint = "What you try out here is not kept. A forecast that you keep is compared with what comes of it.";
  return html`<h2>Keep this forecast</h2>
    <form class="keep" @submit=${(event) => {
      event.preventDefault();
      keep();
    }}>
      ${textField({
        id: "creator-campaign", label: "Name of the campaign", hint, value: view.form.campaign,
        fault: view.faults.campaign, onInput: (value) => view.set("campaign", value),
      })}
      <button type="submit" class="quiet" ?disabled=${view.keeping.isRunning || view.isStale}>Keep it</button>
    </form>
    ${view.kept ? html`<p class="notice">${view.kept}</p>` : nothing}
    ${taskError(view.keeping, keep)}`;
}
