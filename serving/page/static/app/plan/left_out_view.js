// Who is not in a plan, and why; and the rows that could not be used.

import { textField } from "../fields.js";
import { count, plural } from "../format.js";
import { guard, html, nothing } from "../lib.js";
import { table } from "../parts.js";
import { choices } from "./choices.js";
import { sentence } from "./words.js";

/** Rows that are shown until the person asks for all. */
const SHOWN = 50;

/**
 * Show who is left out and what was rejected; `ui`: `search` and `isAllShown`; `from`: `lines` in the
 * list, of each row that was asked about, and `counts` of the list.
 */
export function leftOutView(plan, actions, ui, { lines, counts: listed }) {
  const { counts } = plan;
  const read = listed?.read ?? counts.read;
  const rejected = counts.rejected + (listed?.rejected ?? 0);
  const apart = read - counts.in_plan - counts.left_out - rejected;
  return html`<h3 id="plan-left-out">Left out, and why</h3>
    <p>${plural(read, "row")} read: ${count(counts.in_plan)} in the plan, ${count(counts.left_out)} left out,
      ${count(rejected)} that could not be used${apart ? `, ${count(apart)} that were no candidates` : ""}.</p>
    ${plan.left_out.length ? search(plan, actions, ui) : nothing}
    ${plan.rejected.length ? rejectedRows(plan, lines) : nothing}`;
}

function search(plan, actions, ui) {
  const found = matching(plan.left_out, ui.search);
  const shown = ui.isAllShown ? found : found.slice(0, SHOWN);
  const rest = found.length - shown.length;
  return html`
    ${textField({
      id: "plan-search", label: "Search those left out", type: "search", value: ui.search,
      hint: "a name, or a part of the reason", onInput: (text) => ui.set({ search: text }),
    })}
    <p role="status">${ui.search ? `${plural(found.length, "creator")} found.` : ""}</p>
    ${guard([plan, ui.search, ui.isAllShown, actions.form], () => leftOutTable(shown, plan, actions))}
    ${rest ? html`<div class="actions"><button type="button" class="quiet" @click=${() => ui.set({ isAllShown: true })}>
      Show the other ${count(rest)}</button></div>` : nothing}`;
}

/** Those with the text in their name or reason; first those of whom it was tried who would leave. */
function matching(leftOut, text) {
  const wanted = text.trim().toLowerCase();
  const found = leftOut.filter(({ name, text: reason }) => !wanted || `${name} ${reason}`.toLowerCase().includes(wanted));
  return found.sort((one, other) => Number(Boolean(other.replaced_by?.length)) - Number(Boolean(one.replaced_by?.length)));
}

function leftOutTable(rows, plan, actions) {
  const names = new Map([...plan.roster, ...plan.left_out].map((one) => [one.partnership_id, one.name]));
  return html`<div class="scroll tall" tabindex="0" role="region" aria-labelledby="plan-left-out"><table>
    <caption class="only-heard">Left out, and why</caption>
    <thead><tr><th scope="col">Creator</th><th scope="col">Why</th><th scope="col">In the plan instead</th><th scope="col">In the next plan</th></tr></thead>
    <tbody>${rows.map((one) => html`<tr>
      <th scope="row"><bdi class="name" title=${one.name}>${one.name}</bdi></th>
      <td class="why">${reason(one)}</td>
      <td class="instead">${(one.replaced_by ?? []).map((id, place) => html`${place ? ", " : ""}<bdi>${names.get(id) ?? id}</bdi>`)}</td>
      <td class="next">${choices(one.name, actions)}</td></tr>`)}</tbody>
  </table></div>`;
}

function reason({ name, text }) {
  return sentence(text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text);
}

function rejectedRows(plan, lines) {
  const rows = plan.rejected.map((one) => [
    count(lines[one.row - 1] ?? one.row),
    html`<bdi>${one.partnership_id ?? ""}</bdi>`,
    one.reasons.map((text) => sentence(text.replace(/^partnerships\[\d+\]\.?/, ""))).join(" "),
  ]);
  return html`<details open><summary>Rows that could not be used (${count(rows.length)})</summary>
    ${table({ caption: "Rows that could not be used", head: ["Line", "Id", "Why"], rows })}</details>`;
}
