// The review of a campaign: what was forecast of each partnership, what came, and what the money
// bought.

import { forecastAgainstActual } from "../charts/forecast_against_actual.js";
import { rangeBar, sharedScale } from "../charts/range.js";
import { count, date, estimate, money, paid, plural } from "../format.js";
import { html, nothing } from "../lib.js";
import { figure, figures } from "../parts.js";

/** Show a review, as GET /v1/campaigns/{name} answers it. */
export function reviewView(review) {
  const done = review.partnerships.filter((one) => one.outcome);
  const open = review.partnerships.filter((one) => !one.outcome);
  const [lead, ...sentences] = review.sentences;
  return html`<article class="review">
    <h2><bdi>${review.campaign}</bdi></h2>
    <p class="lead">${lead}</p>
    ${figures(...reviewFigures(review))}
    ${sentences.map((text) => html`<p>${text}</p>`)}
    ${done.length ? forecastAgainstActual(review, done) : nothing}
    ${done.length ? outcomeTable(review, done) : nothing}
    ${open.length ? openTable(open) : nothing}
    ${review.not_listed ? html`<p class="muted">And ${plural(review.not_listed, "further partnership")}: the command below has them all.</p>` : nothing}
    <details><summary>How to read this</summary>${review.how_to_read.map((text) => html`<p>${text}</p>`)}</details>
    <p>As a workbook, and as a page for the client: <code>creatorcast review ${quoted(review.campaign)} --out review.xlsx --report review.html</code></p>
  </article>`;
}

function* reviewFigures({ total, money: bought, currency, places }) {
  const outcomes = places.above + places.within + places.below;
  if (outcomes) yield figure("In the range", `${count(places.within)} of ${count(outcomes)}`, "8 of 10 are expected");
  if (total) {
    const { forecast, outcome } = total;
    yield figure("Came together", count(outcome.engagements), `${estimate(forecast.p10)} to ${estimate(forecast.p90)} was expected`);
  }
  if (bought) {
    yield figure("Paid", paid(bought.fees, currency), plural(bought.paid, "partnership"));
    yield figure("Per engagement", bought.cpe_text);
  }
}

function outcomeTable(review, done) {
  const { currency, total } = review;
  const scale = sharedScale(done.map(shownRange));
  const hasMoney = done.some((one) => one.fee !== null);
  const head = (text, kind = "") => html`<th scope="col" class=${kind}>${text}</th>`;
  return html`<h3>Each partnership</h3>
    <div class="scroll wide" tabindex="0" role="region" aria-label="Each partnership"><table>
      <caption class="only-heard">Partnerships with an outcome</caption>
      <thead><tr>${head("Creator")}${head("8 of 10 outcomes", "number")}${head(html`<span class="only-heard">As a picture</span>`)}
        ${head("Came", "number")}${head("Where")}
        ${hasMoney ? html`${head("Fee", "number")}${head("Each", "number")}${head("Verdict before")}` : nothing}</tr></thead>
      <tbody>${done.map((one) => outcomeRow(one, scale, currency, hasMoney))}</tbody>
      ${total ? html`<tfoot><tr><th scope="row">All together</th><td class="number">${rangeText(total.forecast)}</td><td></td>
        <td class="number">${count(total.outcome.engagements)}</td><td>${placeText(total.outcome)}</td>
        ${hasMoney ? html`<td class="number">${review.money ? paid(review.money.fees, currency) : "–"}</td>
          <td class="number">${review.money?.cpe_text ?? "–"}</td><td></td>` : nothing}</tr></tfoot>` : nothing}
    </table></div>`;
}

function shownRange({ forecast, outcome }) {
  return { low: Math.min(forecast.p10, outcome.engagements), high: Math.max(forecast.p90, outcome.engagements) };
}

function outcomeRow(one, scale, currency, hasMoney) {
  const { forecast, outcome } = one;
  const range = { low: forecast.p10, middle: forecast.p50, high: forecast.p90, came: outcome.engagements };
  return html`<tr>
    <th scope="row"><bdi>${one.name}</bdi>${factsOf(one)}</th>
    <td class="number">${rangeText(forecast)}</td>
    <td>${rangeBar(range, scale)}</td>
    <td class="number">${count(outcome.engagements)}</td>
    <td>${placeText(outcome)}${one.note ? html`<p class="hint">${one.note}</p>` : nothing}</td>
    ${hasMoney ? html`<td class="number">${one.fee === null ? "–" : paid(one.fee, currency)}</td>
      <td class="number">${one.cpe_text || "–"}</td>
      <td>${verdictText(one, currency)}</td>` : nothing}</tr>`;
}

function factsOf({ partnership_id: id, name, booked, forecast_made_at: madeAt }) {
  const facts = [id === name ? "" : id, booked, `forecast of ${date(madeAt)}`].filter(Boolean);
  return html`<p class="hint"><bdi>${facts.join(" · ")}</bdi></p>`;
}

function placeText({ mark, place_text: text, unusual }) {
  return html`<span aria-hidden="true">${mark}</span> ${text}${unusual ? `: ${unusual}` : ""}`;
}

function verdictText(one, currency) {
  if (!one.verdict_text) return "–";
  const against = one.yardstick_cpe === null ? "" : `against ${money(one.yardstick_cpe, currency)} of ${one.yardstick}`;
  return html`${one.verdict_text}${one.was_right_text ? html`: <strong>${one.was_right_text}</strong>` : nothing}
    ${against ? html`<p class="hint">${against}</p>` : nothing}`;
}

function openTable(open) {
  return html`<h3>Without an outcome</h3>
    <div class="scroll wide" tabindex="0" role="region" aria-label="Without an outcome"><table>
      <caption class="only-heard">Partnerships without an outcome</caption>
      <thead><tr><th scope="col">Creator</th><th scope="col" class="number">8 of 10 outcomes</th><th scope="col">Status</th><th scope="col">Why</th></tr></thead>
      <tbody>${open.map((one) => html`<tr>
        <th scope="row"><bdi>${one.name}</bdi>${factsOf(one)}</th>
        <td class="number">${rangeText(one.forecast)}</td>
        <td>${one.status_text}</td>
        <td>${one.reason}${one.note ? html`<p class="hint">${one.note}</p>` : nothing}</td></tr>`)}</tbody>
    </table></div>`;
}

function rangeText({ p10, p90 }) {
  return `${estimate(p10)} to ${estimate(p90)}`;
}

/** A text as a shell takes it for one argument. */
function quoted(text) {
  return /^[\w.-]+$/.test(text) && !text.startsWith("-") ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
