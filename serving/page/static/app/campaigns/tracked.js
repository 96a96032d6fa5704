// The answer about posts that are online: all partnerships in a table, and one of them in full.

import { errorText } from "../api.js";
import { growthChart, totalChart } from "../charts/growth.js";
import { rangeBar, sharedScale } from "../charts/range.js";
import { chance, count, date, estimatedMoney, money, nearCount, percent, plural } from "../format.js";
import { html, nothing } from "../lib.js";
import { figure, figures, notice, warnings } from "../parts.js";

/** Refused partnerships, and posts of a partnership, that are shown. */
const MOST_REFUSED = 50;
const MOST_POSTS = 12;
const MEASURES = { engagements: "engagements", views: "views" };

/**
 * `shown.open`: place of the partnership that is shown in full, and `show(place)` opens another;
 * `shown.shown`: rows of the table, and `showMore()` adds some; `isTyped`: by hand, as one post.
 */
export function trackedView(answer, service, shown) {
  const { open, isTyped } = shown;
  const answered = answer.results.filter((one) => !one.errors);
  const refused = answer.results.filter((one) => one.errors);
  return html`<section aria-label="The answer" id="tracked" tabindex="-1">
    ${refused.length ? refusedView(refused) : nothing}
    ${answered.length > 1 ? overview(answered, shown) : nothing}
    ${answered.length ? partnershipView(answered[Math.min(open, answered.length - 1)], service, isTyped) : nothing}
    ${answered.length ? html`<p class="muted">${keptText(answer)} Readings until ${date(answer.as_of)}, by the model <bdi>${answer.model_version}</bdi>.</p>` : nothing}
  </section>`;
}

function keptText({ ledger }) {
  if (!ledger || ledger.startsWith("not kept: the request asked")) return "";
  return `In the ledger: ${ledger}.`;
}

function refusedView(refused) {
  return html`<div class="notice bad" role="alert">
    <p>${plural(refused.length, "partnership has", "partnerships have")} no answer:</p>
    <ul>${refused.slice(0, MOST_REFUSED).map((one) => html`<li><bdi>${one.partnership_id}</bdi>: ${one.errors.map(refusedText).join(" ")}</li>`)}</ul>
    ${refused.length > MOST_REFUSED ? html`<p>And ${plural(refused.length - MOST_REFUSED, "further partnership")}.</p>` : nothing}
  </div>`;
}

function refusedText(error) {
  return errorText({ ...error, where: placeText(error.where) });
}

/** A place of a request in words: partnerships[3].published[0].readings[1].likes is post 1, reading 2, likes. */
function placeText(where) {
  const steps = where.replace(/^partnerships\[\d+\]\.?/, "")
    .replace(/(published|readings)\[(\d+)\]/g, (_, list, place) => `${list === "published" ? "post" : "reading"} ${Number(place) + 1}`);
  return steps.split(".").filter(Boolean).join(", ") || "the partnership";
}

/** The measure that tells a partnership, or a post: views where they alone were read. */
function toldMeasure({ engagements, views }) {
  const isRead = (one) => one !== null && one.count !== null;
  return !isRead(engagements) && isRead(views) ? "views" : "engagements";
}

function overview(answered, shown) {
  const ranges = answered.map((one) => rangeOf(one[toldMeasure(one)]?.horizon));
  const scale = sharedScale(ranges);
  const goals = answered.filter((one) => one.probability_goal !== null);
  const counts = answered.map((one) => one.engagements.count).filter((one) => one !== null);
  const posts = answered.reduce((sum, one) => sum + one.published, 0);
  return html`
    <h2>All partnerships</h2>
    ${figures(
      figure("Partnerships", count(answered.length), plural(posts, "post") + " online"),
      counts.length ? figure("Engagements so far", count(counts.reduce((sum, one) => sum + one, 0)),
        counts.length < answered.length ? `of ${plural(counts.length, "partnership")}` : "") : nothing,
      goals.length ? figure("Likely to reach the goal", count(goals.filter((one) => one.probability_goal >= 0.5).length),
        `of ${goals.length} with a goal`) : nothing,
    )}
    <div class="scroll wide" tabindex="0" role="region" aria-label="All partnerships"><table>
      <caption class="only-heard">All partnerships: the name opens one in full</caption>
      <thead><tr><th scope="col">Partnership</th><th scope="col">Online</th><th scope="col" class="number">So far</th>
        <th scope="col" class="number">8 of 10 outcomes</th><th scope="col"><span class="only-heard">As a picture</span></th>
        <th scope="col">Pace</th><th scope="col" class="number">Reaches goal</th><th scope="col" class="number">Owes another post</th></tr></thead>
      <tbody>${answered.slice(0, shown.shown).map((one, place) => overviewRow(one, ranges[place], scale, place === shown.open, () => shown.show(place)))}</tbody>
    </table></div>
    ${answered.length > shown.shown ? html`<div class="actions"><button type="button" class="quiet" @click=${() => shown.showMore()}>Show more</button>
      <span class="muted">${plural(answered.length - shown.shown, "further partnership")}</span></div>` : nothing}`;
}

function overviewRow(one, range, scale, isOpen, show) {
  const name = toldMeasure(one);
  const total = one[name];
  const paces = one.posts.map((post) => post[toldMeasure(post)]?.pace).filter((pace) => pace !== null && pace !== undefined);
  return html`<tr>
    <th scope="row"><button type="button" class="link" aria-pressed=${isOpen ? "true" : "false"} @click=${show}><bdi>${one.partnership_id}</bdi></button></th>
    <td>${onlineText(one)}</td>
    <td class="number">${count(total.count)}${name === "views" ? " views" : ""}</td>
    <td class="number">${range ? intervalText(total.horizon) : "–"}</td>
    <td>${range ? rangeBar(range, scale) : nothing}</td>
    <td>${pacesText(paces)}</td>
    <td class="number">${chance(one.probability_goal)}</td>
    <td class="number">${chance(one.probability_make_good)}</td></tr>`;
}

function onlineText({ read, deliverables }) {
  return `${count(read)} of ${count(deliverables)} read`;
}

function rangeOf(quantiles) {
  return quantiles ? { low: quantiles.p10, middle: quantiles.p50, high: quantiles.p90 } : null;
}

function partnershipView(one, service, isTyped) {
  const name = toldMeasure(one);
  const posts = one.posts.slice(0, MOST_POSTS);
  const more = one.posts.length - posts.length;
  const isSingle = one.deliverables === 1 && one.posts.length === 1;
  const lines = isSingle ? linesOf(one) : [];
  return html`<article class="card tracked">
    <h2>${isTyped ? "The post" : html`<bdi>${one.partnership_id}</bdi>`}</h2>
    <p class="lead">${sentenceOf(one)}</p>
    ${figures(...partnershipFigures(one, name))}
    ${one.make_good_reason && one.make_good_engagements === null ? html`<p class="muted">No make-good line: ${one.make_good_reason}.</p>` : nothing}
    ${one.forecast_reason ? html`<p class="muted">No forecast was made before: ${one.forecast_reason}.</p>` : nothing}
    ${warnings(one.warnings, service)}
    ${isSingle || !one[name].horizon ? nothing : totalChart({ measure: MEASURES[name], total: one[name], days: one.horizon_days, lines: linesOf(one) })}
    ${one[name].horizon || !one[name].reason ? nothing : notice(`No total is forecast: ${one[name].reason}.`)}
    <div class="posts">${posts.map((post) => postView(post, one, lines, isSingle, service))}</div>
    ${more ? html`<p class="muted">And ${plural(more, "further post")}.</p>` : nothing}
    <p class="muted">What counts: ${one.definition}.</p>
  </article>`;
}

/** The sentence of the service, begun with a capital letter. */
function sentenceOf({ sentence }) {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

function linesOf(one) {
  const isByForecast = one.make_good_source === "forecast";
  return [
    one.goal_engagements === null ? null : { kind: "goal", label: "Goal", value: one.goal_engagements },
    one.make_good_engagements === null ? null
      : { kind: "make-good", label: isByForecast ? "Make-good line, half of the forecast" : "Make-good line", value: one.make_good_engagements },
  ].filter(Boolean);
}

function* partnershipFigures(one, name) {
  const total = one[name];
  yield figure(`${capital(name)} so far`, count(total.count), total.share_reached === null ? "" : `${percent(total.share_reached)} of what is expected`);
  if (total.horizon && isOver(one)) {
    yield figure(`At day ${count(one.horizon_days)}`, nearCount(total.horizon.p50), "the outcome");
  } else if (total.horizon) {
    yield figure(`By day ${count(one.horizon_days)}`, intervalText(total.horizon), `middle ${nearCount(total.horizon.p50)}; 8 of 10 outcomes`);
  }
  if (total.forecast) {
    yield figure("Forecast before", intervalText(total.forecast),
      one.forecast_source === "given" ? "as it was given" : `by the model, from ${one.forecast_evidence}`);
  }
  if (one.probability_goal !== null) yield figure("Reaches the goal", chance(one.probability_goal), `of ${count(one.goal_engagements)}`);
  if (one.probability_make_good !== null) {
    yield figure("Owes another post", chance(one.probability_make_good),
      `below ${count(one.make_good_engagements)}${one.make_good_source === "forecast" ? ", half of the forecast" : ""}`);
  }
  const costs = one.cpe ?? one.cpe_usd;
  if (costs?.p50) {
    const currency = one.currency ?? "USD";
    yield figure("Cost per engagement", estimatedMoney(costs.p50, currency), `fee ${money(one.fee ?? one.fee_usd, currency)}`);
  }
}

/** Whether the outcome of every deliverable is known. */
function isOver({ read, deliverables, posts }) {
  return read === deliverables && posts.every((post) => post.is_over);
}

function postView(post, one, lines, isSingle, service) {
  const known = Object.keys(MEASURES).filter((name) => post[name]);
  return html`<section class="post">
    ${isSingle ? nothing : html`<h3>Post <bdi>${post.post_id}</bdi></h3><p>${post.sentence}</p>`}
    ${isSingle ? nothing : warnings(post.warnings, service)}
    <div class="charts">${known.map((name) => html`<div>
      ${growthChart({ measure: MEASURES[name], told: post[name], days: one.horizon_days, lines: name === "engagements" ? lines : [] })}
      ${figures(...measureFigures(post[name], one, isSingle && name === "engagements"))}
    </div>`)}</div>
    ${isSingle ? warnings(post.warnings.filter((name) => !one.warnings.includes(name)), service) : nothing}
  </section>`;
}

/** `isTold`: whether the figures of the partnership say already how much is there. */
function* measureFigures(told, one, isTold) {
  if (told.pace !== null) yield figure("Pace", paceText(told.pace), "against the forecast made before");
  if (told.day_90 !== null && told.age_days < one.horizon_days) {
    yield figure("9 tenths are there by", told.day_90 < 1 ? "the first day" : `day ${count(told.day_90)}`, "of the middle of the range");
  }
  if (told.share_reached !== null && !isTold) yield figure("There now", percent(told.share_reached), "of the middle of the range");
}

/** The share of outcomes of the forecast that lie below the count, in words. */
function paceText(pace) {
  const isAhead = pace >= 0.5;
  const tenths = Math.round(10 * (isAhead ? pace : 1 - pace));
  if (tenths === 5) return "In the middle";
  const amount = tenths > 9 ? "more than 9" : tenths;
  return `${isAhead ? "▲ Ahead of" : "▼ Behind"} ${amount} in 10`;
}

/** Of several posts how many are ahead of the middle of their forecast, and how many behind. */
function pacesText(paces) {
  if (paces.length < 2) return paces.length ? paceText(paces[0]) : "–";
  const ahead = paces.filter((pace) => pace >= 0.5).length;
  return `▲ ${ahead} ahead, ▼ ${paces.length - ahead} behind`;
}

/** The range of what is coming. */
function intervalText({ p10, p90 }) {
  const [low, high] = [nearCount(p10), nearCount(p90)];
  return low === high ? low : `${low} to ${high}`;
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
