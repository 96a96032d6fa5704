// The form as a partnership of a request, what is wrong in it, and which field an error of the
// service is about.

import { numberFault, numberOf, numberText } from "../fields.js";
import { readPosts } from "./post_rows.js";

/** The form as it is at first. Numbers stay as they were typed. */
export const EMPTY_FORM = {
  who: "", creator: null, name: "", platform: "instagram", followers: "", knows: "averages",
  avg_likes: "", avg_comments: "", avg_shares: "", avg_views: "", rate: "", rateOf: "followers",
  posts: "", niche: "", bio: "", brand_niche: "",
  deliverables: {}, start: "", horizon: "", fee: "", currency: "USD",
  goal: "", target: "", confidence: "", campaign: "",
};
export const MOST_DELIVERABLES = 100;
const MOST_FEE = 1e9;
/** Numbers of the profile: field -> its bounds. */
const PROFILE = { followers: { least: 1, whole: true, most: 1e12 } };
const AVERAGES = { avg_likes: {}, avg_comments: {}, avg_shares: {}, avg_views: {} };
/** Numbers of the plan: field -> [field of the service, how much 1 of it is in the form, bounds]. */
const PLAN = {
  horizon: ["horizon_days", 1, { least: 1, most: 90, whole: true }],
  goal: ["goal_engagements", 1, { least: 1, most: 1e12 }],
  confidence: ["confidence", 100, { least: 1, most: 99 }],
};
/** Place in a partnership -> the field of the form that it comes from. */
const FIELDS = {
  creator_id: "creator", platform: "platform", followers: "followers",
  avg_likes: "avg_likes", avg_comments: "avg_comments", avg_shares: "avg_shares", avg_views: "avg_views",
  engagement_rate_by_followers: "rate", engagement_rate_by_views: "rate", recent_posts: "posts",
  niche: "niche", bio: "bio", brand_niche: "brand_niche",
  format: "deliverables", deliverables: "deliverables", package: "deliverables",
  start_at: "start", horizon_days: "horizon", fee: "fee", currency: "currency",
  goal_engagements: "goal", target_cpe_usd: "target", confidence: "confidence",
};

/** The platform that the form is about. */
export function platformOf(form) {
  return isKnown(form) ? form.creator?.platform ?? null : form.platform;
}

export function isKnown(form) {
  return form.who === "known";
}

/**
 * Read the form. Gives `partnership` without a fee, null where nothing can be asked yet; `fee`, null
 * where none is given; `faults`: field -> what is wrong; `reading`: what was read of pasted posts.
 */
export function readForm(form, service) {
  const faults = {};
  const partnership = {};
  const reading = isKnown(form) ? null : readCreator(form, service, partnership, faults);
  if (isKnown(form) && form.creator) {
    partnership.creator_id = form.creator.creator_id;
    partnership.platform = form.creator.platform;
  }
  const hasCreator = Object.keys(partnership).some((name) => name !== "platform");
  readPlan(form, partnership, faults);
  const target = number(form, "target", { least: 0.0001, most: 1e6, currency: form.currency }, faults);
  if (target !== null) partnership.target_cpe_usd = Number((target * service.currencies[form.currency]).toPrecision(12));
  const fee = number(form, "fee", { least: 0.01, most: MOST_FEE, currency: form.currency }, faults);
  const isAskable = hasCreator && !Object.keys(faults).length;
  return { partnership: isAskable ? partnership : null, fee, faults, reading };
}

function readCreator(form, service, partnership, faults) {
  partnership.platform = form.platform;
  put(partnership, "followers", number(form, "followers", PROFILE.followers, faults));
  if (form.niche) partnership.niche = form.niche;
  if (form.bio.trim()) partnership.bio = form.bio.trim();
  if (form.knows === "averages") {
    for (const [name, bounds] of Object.entries(AVERAGES)) {
      put(partnership, name, number(form, name, { most: 1e12, ...bounds }, faults));
    }
  }
  if (form.knows === "rate") readRate(form, partnership, faults);
  return form.knows === "posts" ? readPasted(form, service, partnership, faults) : null;
}

function readRate(form, partnership, faults) {
  const isOfViews = form.rateOf === "views";
  const text = form.rate.replace(/%\s*$/, "");
  const rate = number({ rate: text }, "rate", { most: isOfViews ? 100 : 1000 }, faults);
  if (rate !== null) partnership[`engagement_rate_by_${form.rateOf}`] = rate / 100;
  if (isOfViews) put(partnership, "avg_views", number(form, "avg_views", { most: 1e12 }, faults));
}

function readPasted(form, service, partnership, faults) {
  const { formats } = service.platforms.find((one) => one.name === form.platform);
  const reading = readPosts(form.posts, formats);
  const most = service.limits.recent_posts;
  if (reading.posts.length > most) faults.posts = `${reading.posts.length} posts are too many: at most ${most}`;
  if (reading.posts.length) partnership.recent_posts = reading.posts;
  if (form.posts.trim() && !reading.posts.length) faults.posts = "No row could be read. See below why.";
  return reading;
}

function readPlan(form, partnership, faults) {
  const booked = bookedFormats(form, faults);
  if (booked.length === 1) Object.assign(partnership, booked[0]);
  if (booked.length > 1) partnership.package = booked;
  if (form.brand_niche) partnership.brand_niche = form.brand_niche;
  if (form.start && form.start < today()) faults.start = "This day is over: choose today or a later day";
  if (form.start > today()) partnership.start_at = `${form.start}T12:00:00Z`;
  for (const [name, [field, scale, bounds]] of Object.entries(PLAN)) {
    const value = number(form, name, bounds, faults);
    if (value !== null) partnership[field] = value / scale;
  }
}

/** The formats that are booked, each with how many. */
function bookedFormats(form, faults) {
  const booked = [];
  for (const [format, text] of Object.entries(form.deliverables)) {
    const fault = numberFault(text, { most: MOST_DELIVERABLES, whole: true });
    if (fault) faults[`deliverables-${format}`] = fault;
    const deliverables = fault ? 0 : numberOf(text);
    if (deliverables) booked.push({ format, deliverables });
  }
  return booked;
}

function number(form, name, bounds, faults) {
  const fault = numberFault(form[name], bounds);
  if (fault) faults[name] = fault;
  return fault ? null : numberOf(form[name], bounds);
}

function put(object, name, value) {
  if (value !== null) object[name] = value;
}

/** Today's date in UTC, as a field of dates has it. */
export function today() {
  return new Date().toISOString().slice(0, 10);
}

/**
 * Give the errors of the service by the field of the form: `faults`, and `others`, those of no
 * field. `lines`: the line of each pasted post.
 */
export function faultsOf(errors, lines = []) {
  const faults = {};
  const others = [];
  for (const error of errors) {
    const place = /^partnerships\[0\]\.(\w+)(?:\[(\d+)\])?(?:\.(\w+))?/.exec(error.where);
    const field = place && FIELDS[place[1]];
    const line = place?.[2] === undefined ? "" : `Line ${lines[Number(place[2])] ?? "?"}, ${place[3] ?? "post"}: `;
    if (field) faults[field] = `${line}${faultText(error)}`;
    else others.push(error);
  }
  return { faults, others };
}

function faultText({ what, expected, got }) {
  const value = typeof got === "number" || typeof got === "string" ? `${got} ` : "This ";
  return `${value}${what}${expected ? `: expected ${expected}` : ""}.`;
}

/** Give the form of a partnership, as another part of the page hands it over. */
export function formOf(partnership, service) {
  const text = (name, scale = 1) => (partnership[name] === undefined || partnership[name] === null
    ? "" : numberText(Number((partnership[name] * scale).toPrecision(12))));
  const form = { ...EMPTY_FORM, ...creatorFields(partnership, text) };
  for (const [name, [field, scale]] of Object.entries(PLAN)) form[name] = text(field, scale);
  for (const name of ["brand_niche", "niche", "bio"]) form[name] = partnership[name] ?? "";
  form.fee = text(partnership.fee_usd === undefined ? "fee" : "fee_usd");
  form.currency = partnership.currency ?? "USD";
  form.target = text("target_cpe_usd", 1 / (service.currencies[form.currency] ?? 1));
  form.start = partnership.start_at?.slice(0, 10) ?? "";
  const booked = Array.isArray(partnership.package) ? partnership.package : [partnership];
  form.deliverables = Object.fromEntries(booked.filter((one) => one.format)
    .map(({ format, deliverables }) => [format, String(deliverables ?? 1)]));
  return form;
}

function creatorFields(partnership, text) {
  const fields = { who: "described", platform: partnership.platform ?? "instagram", followers: text("followers") };
  for (const name of Object.keys(AVERAGES)) fields[name] = text(name);
  const of = ["followers", "views"].find((basis) => partnership[`engagement_rate_by_${basis}`]);
  if (of && !fields.avg_likes) {
    Object.assign(fields, { knows: "rate", rateOf: of, rate: text(`engagement_rate_by_${of}`, 100) });
  }
  return { ...fields, name: partnership.handle ?? partnership.creator_id ?? "" };
}
