// One post as it is typed by hand: its fields, and the partnership that POST /v1/track takes.

import { errorText } from "../api.js";
import { checkField, numberFault, numberField, numberOf, selectField, textField } from "../fields.js";
import { html, nothing } from "../lib.js";

const COUNTS = [["likes", "Likes"], ["comments", "Comments"], ["shares", "Shares"], ["views", "Views"]];
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const emptyReading = () => ({ readAt: "", likes: "", comments: "", shares: "", views: "" });

/** What the form holds at first. */
export const EMPTY_POST = {
  platform: "instagram", format: "", postedAt: "", likesHidden: false, readings: [emptyReading()],
  creator: "", followers: "", niche: "", booked: "", goal: "", makeGood: "", low: "", middle: "", high: "",
  day: "", campaign: "", postId: "", agreedOpen: false, beforeOpen: false,
};

/** Field of the form -> its label and the field of the request that it is. */
const NUMBERS = {
  followers: ["Followers", "followers"],
  booked: ["Posts booked", "deliverables"],
  goal: ["Goal", "goal_engagements"],
  makeGood: ["Make-good line", "make_good_engagements"],
  day: ["Forecast for day", "horizon_days"],
};
const FORECAST = { low: ["Low", "p10"], middle: ["Middle", "p50"], high: ["High", "p90"] };
const AGREED = ["booked", "goal", "makeGood", "day"];
const BEFORE = ["low", "middle", "high", "creator", "followers", "niche"];
const WHOLE = ["booked", "day"];
const PLACES = {
  platform: "platform", niche: "niche", creator_id: "creator", campaign: "campaign", posted_at: "postedAt", post_id: "postId",
  format: "format", observed_at: "readAt", forecast: "low",
  ...Object.fromEntries(Object.entries({ ...NUMBERS, ...FORECAST }).map(([name, [, field]]) => [field, name])),
};

/** Give the fields; `faults`: name of a field -> what is wrong; `change(update)` sets fields. */
export function postFields(draft, faults, service, change) {
  const set = (name) => (value) => change({ [name]: value });
  const field = (name, label, hint) => ({
    id: `post-${name}`, label, hint, value: draft[name], fault: faults[name], onInput: set(name),
  });
  const number = (name, hint) => numberField(field(name, NUMBERS[name][0], hint));
  const platform = service.platforms.find((one) => one.name === draft.platform);
  return html`
    <fieldset><legend>The post</legend><div class="fields">
      ${selectField({ ...field("platform", "Platform"), options: service.platforms.map((one) => [one.name, one.label]),
        onInput: (value) => change({ platform: value, format: "" }) })}
      ${selectField({ ...field("format", "Format"), options: [["", "Not known"], ...(platform?.formats ?? []).map((one) => [one, one])] })}
      ${textField({ ...field("postedAt", "Went online", `Your time, ${ZONE}`), type: "datetime-local" })}
    </div></fieldset>
    ${draft.readings.map((_, place) => readingFields(draft, place, faults, platform, change))}
    <div class="actions">
      <button type="button" class="quiet" @click=${() => change({ readings: [...draft.readings, emptyReading()] })}>Add a reading</button>
      ${checkField({ id: "post-likesHidden", label: "Likes are hidden", value: draft.likesHidden, onInput: set("likesHidden") })}
    </div>
    ${folded("agreedOpen", AGREED, "What was agreed: goal, make-good line, posts booked", draft, faults, change, html`
    <fieldset><legend>What was agreed</legend><div class="fields">
      ${number("booked", "Where empty: this one post")}
      ${number("goal", "Engagements of all posts together")}
      ${number("makeGood", "Engagements below which the creator owes another post")}
      ${number("day", `Days after posting. Where empty: ${service.horizon_days.default}`)}
    </div></fieldset>`)}
    ${folded("beforeOpen", BEFORE, "What was forecast before, or who posted it", draft, faults, change, html`
    ${forecastFields(field)}
    <fieldset><legend>Who posted it</legend>
      <p class="hint">Where no forecast is given, the model makes one by this.</p>
      <div class="fields">
        ${service.creators ? textField(field("creator", "Creator", "An id that the service knows, or @name")) : nothing}
        ${number("followers")}
        ${selectField({ ...field("niche", "Niche"), options: [["", "Not known"], ...service.niches.map((one) => [one, one])] })}
      </div></fieldset>`)}
    ${service.has_ledger ? html`<div class="fields">
      ${textField(field("campaign", "Campaign", "Keeps this forecast under the name. Where empty, nothing is kept."))}
      ${textField(field("postId", "Post id", "By which what comes of the post is found later."))}
    </div>` : nothing}`;
}

/** Fields that few need: shown when opened, or where one of `names` has a fault. */
function folded(flag, names, label, draft, faults, change, content) {
  const isOpen = draft[flag] || names.some((name) => faults[name]);
  const toggle = ({ target }) => {
    if (target.open !== draft[flag]) change({ [flag]: target.open }, false);
  };
  return html`<details ?open=${isOpen} @toggle=${toggle}><summary>${label}</summary>${content}</details>`;
}

function forecastFields(field) {
  const number = (name, hint) => numberField(field(name, FORECAST[name][0], hint));
  return html`<fieldset><legend>The forecast made before</legend>
    <p class="hint">Engagements of one post.</p>
    <div class="fields">
      ${number("low", "1 in 10 outcomes lie below")}
      ${number("middle", "Half of the outcomes lie below")}
      ${number("high", "1 in 10 outcomes lie above")}
    </div></fieldset>`;
}

function readingFields(draft, place, faults, platform, change) {
  const reading = draft.readings[place];
  const set = (name) => (value) => change({
    readings: draft.readings.map((one, other) => (other === place ? { ...one, [name]: value } : one)),
  });
  const field = (name, label, hint) => ({
    id: `post-readings-${place}-${name}`, label, hint, value: reading[name],
    fault: faults[`readings-${place}-${name}`], onInput: set(name),
  });
  const remove = () => change({ readings: draft.readings.filter((_, other) => other !== place) });
  return html`<fieldset><legend>Reading ${place + 1}</legend>
    ${place === 0 && platform ? html`<p class="hint">On ${platform.label}, engagements are ${platform.engagements}.</p>` : nothing}
    <div class="fields">
      ${textField({ ...field("readAt", "Read", `Your time, ${ZONE}`), type: "datetime-local" })}
      ${COUNTS.map(([name, label]) => numberField(field(name, label)))}
    </div>
    ${draft.readings.length > 1 ? html`<button type="button" class="link" @click=${remove}>Remove reading ${place + 1}</button>` : nothing}
  </fieldset>`;
}

/** Give the partnership of the form, and what is wrong with its fields. */
export function partnershipOf(draft) {
  const faults = {};
  const partnership = { platform: draft.platform };
  for (const [name, [, field]] of Object.entries(NUMBERS)) {
    put(partnership, field, number(draft[name], name, faults, WHOLE.includes(name)));
  }
  put(partnership, "creator_id", draft.creator.trim() || null);
  put(partnership, "niche", draft.niche || null);
  put(partnership, "forecast", forecastOf(draft, faults));
  const post = { posted_at: moment(draft.postedAt, "postedAt", "Say when the post went online", faults) };
  put(post, "post_id", draft.postId.trim() || null);
  put(post, "format", draft.format || null);
  post.readings = draft.readings.map((one, place) => readingOf(one, `readings-${place}`, draft.likesHidden, faults));
  partnership.published = [post];
  return { partnership, faults };
}

function forecastOf(draft, faults) {
  const names = Object.keys(FORECAST);
  if (names.every((name) => !draft[name].trim())) return null;
  const forecast = {};
  for (const name of names) {
    const value = number(draft[name], name, faults);
    if (value === null && !faults[name]) faults[name] = "Give low, middle and high, or none of them";
    forecast[FORECAST[name][1]] = value;
  }
  return forecast;
}

function readingOf(reading, at, likesHidden, faults) {
  const told = { observed_at: moment(reading.readAt, `${at}-readAt`, "Say when these counts were read", faults) };
  const isKnown = COUNTS.some(([name]) => reading[name].trim());
  if (!isKnown) faults[`${at}-likes`] = "Give at least one count";
  for (const [name] of COUNTS) {
    const value = number(reading[name], `${at}-${name}`, faults, true);
    if (!(likesHidden && name === "likes")) put(told, name, value);
  }
  if (likesHidden) told.likes_hidden = true;
  return told;
}

function number(text, name, faults, whole = false) {
  const fault = numberFault(text, { whole });
  if (fault) faults[name] = fault;
  return fault ? null : numberOf(text);
}

function moment(text, name, missing, faults) {
  const at = new Date(text);
  if (text && !Number.isNaN(at.getTime())) return at.toISOString();
  faults[name] = missing;
  return null;
}

function put(object, name, value) {
  if (value !== null) object[name] = value;
}

/**
 * Give the faults that the service found in a typed post, by field, and the texts of those that
 * are of no field.
 */
export function faultsOf(errors) {
  const faults = {};
  const others = [];
  for (const error of errors) {
    const name = fieldOf(error.where);
    if (name) faults[name] = `${errorText({ ...error, where: "This" })}`;
    else others.push(errorText(error));
  }
  return { faults, others };
}

function fieldOf(where) {
  const steps = where.replace(/^partnerships\[0\]\.?/, "").split(".");
  const last = PLACES[steps.at(-1)] ?? (COUNTS.some(([name]) => name === steps.at(-1)) ? steps.at(-1) : null);
  const reading = /readings\[(\d+)\]/.exec(where);
  if (reading) return last ? `readings-${reading[1]}-${last}` : `readings-${reading[1]}-readAt`;
  return last;
}
