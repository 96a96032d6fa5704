// The form: which creator, and what is planned with it.

import { areaField, numberField, selectField, textField } from "../fields.js";
import { count, plural } from "../format.js";
import { html, nothing } from "../lib.js";
import { table } from "../parts.js";
import { creatorLine, creatorName } from "./combobox.js";
import { isKnown, platformOf } from "./partnership.js";

/** Format of the service -> how a number of its posts is asked for. */
const FORMAT_LABELS = {
  image: "Images", carousel: "Carousels", video: "Videos", short: "Reels or shorts",
  story: "Stories", live: "Live streams",
};
const KINDS = [
  ["averages", "Average counts of a post"], ["rate", "Its engagement rate"],
  ["posts", "Its past posts, from a spreadsheet"], ["nothing", "Nothing yet"],
];
const POSTS_EXAMPLE = "date\tlikes\tcomments\tviews\tformat\n2026-03-25\t1200\t45\t18000\treel";
/** Rows of the preview of pasted posts, and of the list of rows that were not read. */
const SHOWN_POSTS = 5, SHOWN_FAULTS = 8;

/** The whole form. `view`: has the form, its reading and faults, and `set(name, value)`. */
export function formTemplate(view) {
  return html`<form class="creator-form" @submit=${(event) => event.preventDefault()}>
    <fieldset><legend>The creator</legend>
      ${view.app.service.creators ? whoField(view) : nothing}
      ${isKnown(view.form) ? knownCreator(view) : describedCreator(view)}
    </fieldset>
    <fieldset><legend>What is planned</legend>${planFields(view)}</fieldset>
    <div class="actions">
      ${view.answer ? html`<button type="button" class="to-answer" @click=${() => view.focus("creator-answer")}>
        See the answer</button>` : nothing}
      <button type="button" class="quiet" @click=${() => view.clear()}>Clear the form</button>
    </div>
  </form>`;
}

/** What `field` of fields.js needs for a field of the form. */
function about(view, name, label, hint) {
  return {
    id: `creator-${name}`, label, hint, fault: view.faults[name],
    value: view.form[name], onInput: (value) => view.set(name, value),
  };
}

function whoField(view) {
  const choices = [["known", "One that is known"], ["described", "One that I describe"]];
  return html`<div class="choices" role="radiogroup" aria-label="Which creator">
    ${choices.map(([value, label]) => html`<label><input type="radio" name="creator-who" value=${value}
      .checked=${view.form.who === value} @change=${() => view.set("who", value)}> ${label}</label>`)}
  </div>`;
}

function knownCreator(view) {
  const { creator } = view.form;
  if (!creator) return view.search.template();
  return html`<div class="chosen">
    <p><strong><bdi>${creatorName(creator)}</bdi></strong><br>
      <span class="muted"><bdi>${creatorLine(creator, view.app.service)}</bdi></span></p>
    <button type="button" class="quiet" id="creator-change" @click=${() => view.changeCreator()}>Choose another</button>
    ${view.faults.creator ? html`<p class="fault" role="alert">${view.faults.creator}</p>` : nothing}
  </div>`;
}

function describedCreator(view) {
  const { form } = view;
  const platforms = view.app.service.platforms.map(({ name, label }) => [name, label]);
  return html`<div class="fields">
    ${selectField({ ...about(view, "platform", "Platform"), options: platforms })}
    ${numberField(about(view, "followers", "Followers", "Such as 48,000 or 48k"))}
    ${selectField({ ...about(view, "niche", "Niche"), options: nicheOptions(view) })}
    ${textField(about(view, "name", "Name", "Not needed. It stands in your text alone."))}
    </div>
    ${selectField({ ...about(view, "knows", "What you know of its posts"), options: KINDS })}
    ${form.knows === "averages" ? averageFields(view) : nothing}
    ${form.knows === "rate" ? rateFields(view) : nothing}
    ${form.knows === "posts" ? postsField(view) : nothing}
    <details ?open=${Boolean(form.bio)}><summary>Its profile text</summary>
      ${areaField({ ...about(view, "bio", "Profile text", "The niche is read from it where you choose none."), rows: 2 })}
    </details>`;
}

function nicheOptions({ app }) {
  return [["", "Not known"], ...app.service.niches.map((name) => [name, name])];
}

function averageFields(view) {
  return html`<div class="fields">
    ${numberField(about(view, "avg_likes", "Likes a post"))}
    ${numberField(about(view, "avg_comments", "Comments a post"))}
    ${numberField(about(view, "avg_shares", "Shares a post"))}
    ${numberField(about(view, "avg_views", "Views a post"))}
  </div>`;
}

function rateFields(view) {
  const bases = [["followers", "followers"], ["views", "views"]];
  return html`<div class="fields">
    ${numberField(about(view, "rate", "Engagement rate", "3.2 means 3.2 %"))}
    ${selectField({ ...about(view, "rateOf", "In % of the"), options: bases })}
    ${view.form.rateOf === "views" ? numberField(about(view, "avg_views", "Views a post")) : nothing}
  </div>`;
}

function postsField(view) {
  const hint = "Copy the rows with the names of their columns: date, likes, comments, shares, views, "
    + "format. The counts are taken as read today.";
  return html`${areaField({ ...about(view, "posts", "Past posts", hint), rows: 6, placeholder: POSTS_EXAMPLE })}
    ${view.form.posts.trim() ? readingTemplate(view.read.reading) : nothing}`;
}

/** What was read of pasted posts, and what was not. */
function readingTemplate({ posts, lines, columns, faults, notes }) {
  const unused = columns.filter(([name, column]) => name && !column).map(([name]) => name);
  const names = ["posted_at", "format", "likes", "comments", "shares", "saves", "views"]
    .filter((name) => posts.some((post) => name in post));
  const numbers = names.filter((name) => name !== "posted_at" && name !== "format").length;
  const rows = posts.slice(0, SHOWN_POSTS).map((post, place) =>
    [lines[place], ...names.map((name) => cell(post, name))]);
  const caption = `The first of the ${posts.length} posts that were read`;
  const head = ["Line", ...names.map(columnName)];
  return html`<div class="reading">
    <p role="status"><strong>${plural(posts.length, "post")} read</strong>${faults.length
      ? `, ${plural(faults.length, "remark")} on other rows or cells` : ""}.</p>
    ${notes.map((note) => html`<p class="hint">${note}</p>`)}
    ${unused.length ? html`<p class="hint">Columns that are not used: <bdi>${unused.join(", ")}</bdi></p>` : nothing}
    ${posts.length ? table({ caption, head, rows, numbers }) : nothing}
    ${faults.length ? html`<ul class="row-faults">${faults.slice(0, SHOWN_FAULTS).map(([line, reason]) =>
      html`<li>Line ${line}: <bdi>${reason}</bdi>.</li>`)}
      ${faults.length > SHOWN_FAULTS ? html`<li>And ${count(faults.length - SHOWN_FAULTS)} more.</li>` : nothing}</ul>` : nothing}
  </div>`;
}

const columnName = (name) => (name === "posted_at" ? "posted" : name);

function cell(post, name) {
  const value = post[name];
  if (name === "posted_at") return value.replace("T", " ").replace(/:00Z$/, "");
  return typeof value === "number" ? count(value) : value ?? "–";
}

function planFields(view) {
  const { form, app, faults } = view;
  const currencies = Object.keys(app.service.currencies).map((name) => [name, name]);
  const { least, most, default: usual } = app.service.horizon_days;
  const days = `${least} to ${most}; ${usual} where it is empty.`;
  const isMoreOpen = Boolean(form.confidence || form.brand_niche || faults.confidence);
  const targetHint = "In the currency of the fee. Fees are judged by it, in place of what is usual.";
  return html`
    <div role="group" aria-labelledby="creator-booked" class="booked">
      <p id="creator-booked" class="group">Posts to book</p>
      <p class="hint">Several formats together are a package. With none, one post of any format is forecast.</p>
      <div class="fields small">${formatsOf(view).map((format) => formatField(view, format))}</div>
      ${faults.deliverables ? html`<p class="fault" role="alert">${faults.deliverables}</p>` : nothing}
    </div>
    <div class="fields">
      ${numberField(about(view, "fee", "Fee for all of it", "Leave it empty to see what to offer."))}
      ${selectField({ ...about(view, "currency", "Currency"), options: currencies })}
      ${textField({ ...about(view, "start", "First post", "Today where it is empty."), type: "date" })}
      ${numberField(about(view, "horizon", "Counted on day", days))}
      ${numberField(about(view, "goal", "Engagement goal"))}
    </div>
    ${numberField(about(view, "target", `Highest cost per engagement, in ${form.currency}`, targetHint))}
    <details ?open=${isMoreOpen}><summary>More of the plan</summary>
      <div class="fields">
        ${numberField(about(view, "confidence", "How sure the fee has to pay, in %", "80 where it is empty."))}
        ${selectField({ ...about(view, "brand_niche", "Niche of the brand"), options: nicheOptions(view) })}
      </div></details>`;
}

/** The formats of the platform, or all before there is one. */
function formatsOf(view) {
  const platform = platformOf(view.form);
  const facts = view.app.service.platforms.find((one) => one.name === platform);
  return facts?.formats ?? Object.keys(FORMAT_LABELS);
}

function formatField(view, format) {
  const { deliverables } = view.form;
  return numberField({
    id: `creator-deliverables-${format}`, label: FORMAT_LABELS[format] ?? format, mode: "numeric", placeholder: "0",
    fault: view.faults[`deliverables-${format}`], value: deliverables[format] ?? "",
    onInput: (value) => view.set("deliverables", { ...deliverables, [format]: value }),
  });
}

