// The creator's own posts over time, and which of them count.

import { chart } from "../charts/frame.js";
import { pastPosts } from "../charts/past_posts.js";
import { count, date, estimate, plural } from "../format.js";
import { html, nothing } from "../lib.js";
import { busy, table } from "../parts.js";
import { taskError } from "../task.js";

/** The panel; nothing for a creator that is described. */
export function postsPanel(view) {
  if (!view.answer.partnership.creator_id) return nothing;
  return html`<h2>Its own posts</h2>
    ${view.detailing.isRunning ? busy("Its posts are read …") : nothing}
    ${taskError(view.detailing, () => view.readDetails())}
    ${view.details ? known(view.details, view.answer) : nothing}`;
}

function known({ posts, posts_known: total, posts_note: note, horizon_days: days }, { onePost, explained }) {
  if (!posts) return html`<p class="muted">${note}</p>`;
  if (!posts.length) return html`<p class="muted">The service knows no post of this creator.</p>`;
  const drawn = posts.filter((post) => post.engagements > 0)
    .map((post) => ({ date: new Date(post.posted_at), value: post.engagements, counts: post.counts }));
  const isSameDay = explained.horizon_days === days;
  const forecast = isSameDay ? onePost?.engagements : null;
  const range = forecast ? { low: forecast.p10, middle: forecast.p50, high: forecast.p90 } : null;
  const used = posts.filter((post) => post.counts).length;
  const number = plural(total, "post");
  const shown = posts.length < total ? `The last ${count(posts.length)} of ${number}` : `All ${number}`;
  const head = ["Posted", "Format", "Why it does not count", "As read", `Day ${days}`];
  const data = { head, numbers: 2, rows: posts.map(row) };
  return html`
    ${drawn.length > 1 ? chart({
      title: `Engagements of its posts, ${plural(days, "day")} after posting`,
      summary: html`${shown}: ${count(used)} of them count for the forecast. ${posts.length - drawn.length
        ? html`${count(posts.length - drawn.length)} have no known engagements, or none, and are in the table alone. ` : nothing}
        ${drawn.some((post) => !post.counts) ? "Empty circles do not count. " : nothing}${range
        ? "At the right is the forecast of one post; 8 of 10 outcomes lie in the shaded range."
        : isSameDay ? "A package has no forecast of a single post." : `The forecast is for another day than these counts.`}`,
      data,
      draw: (width) => pastPosts({ posts: drawn, range }, width),
    }) : html`<p>${shown}: ${count(used)} of them count for the forecast.</p>
      ${table({ caption: "Its posts", ...data })}`}`;
}

function row({ posted_at: posted, format, reason, engagements_read: read, engagements }) {
  return [date(posted), format ?? "–", reason ?? "It counts.", count(read), estimate(engagements)];
}
