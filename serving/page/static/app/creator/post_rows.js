// Past posts as they are pasted from a spreadsheet: rows of text, under names of columns.

import { numberFault, numberOf } from "../fields.js";

/** Column of the service -> the names that people give it. */
const NAMES = {
  posted_at: ["date", "posted", "posted at", "posted_at", "published", "time", "day"],
  likes: ["like", "likes", "like count"],
  comments: ["comment", "comments", "comment count", "replies"],
  shares: ["share", "shares", "share count", "reposts", "retweets"],
  saves: ["save", "saves", "bookmarks"],
  views: ["view", "views", "plays", "impressions", "view count", "video views"],
  format: ["format", "type", "media type", "kind"],
  post_id: ["id", "post id", "post_id", "shortcode"],
};
const COUNTS = ["likes", "comments", "shares", "saves", "views"];
/** What people call a format -> its name in the service. */
const FORMATS = {
  image: ["image", "photo", "picture", "post", "feed"],
  carousel: ["carousel", "album", "sidecar", "slideshow"],
  video: ["video", "igtv", "long video"],
  short: ["short", "shorts", "reel", "reels", "clip", "clips"],
  live: ["live", "livestream", "live stream", "stream"],
};
const EMPTY = ["", "-", "–", "—", "n/a", "na", "null", "none", "unknown", "hidden"];
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/**
 * Read pasted rows. Gives `posts`, as the service takes them; `lines`: the line of each in the text;
 * `columns`: [name in the text, column or null]; `faults`: [line, reason] of what was not read;
 * `notes`: what was assumed. `formats`: those of the platform.
 */
export function readPosts(text, formats) {
  const lines = text.split(/\r\n|\r|\n/);
  const first = lines.findIndex((line) => line.trim());
  const nothing = { posts: [], lines: [], columns: [], faults: [], notes: [] };
  if (first < 0) return nothing;
  const split = splitter(lines[first]);
  const columns = split(lines[first]).map((name) => [name, columnOf(name)]);
  const heading = headingFault(columns);
  if (heading) return { ...nothing, columns, faults: [[first + 1, heading]] };
  const rows = lines.map((line, place) => [place + 1, line])
    .filter(([number, line]) => number > first + 1 && line.trim())
    .map(([number, line]) => [number, cellsOf(split(line), columns)]);
  return readRows(rows, columns, formats);
}

function readRows(rows, columns, formats) {
  const isDayFirst = dayFirst(rows.map(([, cells]) => cells.posted_at));
  const read = { posts: [], lines: [], columns, faults: [], notes: [] };
  const seen = { hasNoTime: false, hasNoZone: false };
  for (const [line, cells] of rows) {
    const { post, fault } = readPost(cells, formats, isDayFirst, seen);
    if (fault) read.faults.push([line, fault]);
    if (post) {
      read.posts.push(post);
      read.lines.push(line);
    }
  }
  const repeated = columns.filter(([, column]) => column).map(([, column]) => column);
  if (new Set(repeated).size < repeated.length) {
    read.notes.push("Several columns mean the same: the first of them is read.");
  }
  if (seen.hasNoTime) read.notes.push("Dates without a time of day are read as noon, UTC.");
  if (seen.hasNoZone) read.notes.push("Times without a zone are read as UTC.");
  return read;
}

function readPost(cells, formats, isDayFirst, seen) {
  const moment = momentOf(cells.posted_at, isDayFirst, seen);
  if (moment.fault) return { fault: moment.fault };
  const post = { posted_at: moment.time };
  for (const name of COUNTS) {
    if (isEmpty(cells[name])) continue;
    const value = numberOf(cells[name]);
    if (!(value >= 0) || Math.abs(value - Math.round(value)) > 1e-6) {
      const fault = Number.isNaN(value) ? numberFault(cells[name]) : "a count is whole and not below 0";
      return { fault: `${name} “${cells[name]}” is no count: ${fault}` };
    }
    post[name] = Math.round(value);
  }
  if (!COUNTS.some((name) => name in post)) return { fault: "it has no count" };
  if (cells.post_id) post.post_id = cells.post_id;
  if (isEmpty(cells.format)) return { post };
  const format = formatOf(cells.format);
  if (!formats.includes(format)) {
    return { post, fault: `the format “${cells.format}” is not known: the row is read without it` };
  }
  return { post: { ...post, format } };
}

const isEmpty = (text) => EMPTY.includes((text ?? "").trim().toLowerCase());
const plain = (text) => text.trim().toLowerCase().replace(/[_\s]+/g, " ");

function columnOf(name) {
  const found = Object.entries(NAMES).find(([, names]) => names.map(plain).includes(plain(name)));
  return found?.[0] ?? null;
}

function formatOf(text) {
  return Object.entries(FORMATS).find(([, names]) => names.includes(plain(text)))?.[0];
}

function headingFault(columns) {
  const found = columns.map(([, column]) => column);
  if (!found.some(Boolean)) return "the first row has to name the columns: date, likes, comments, …";
  if (!found.includes("posted_at")) return "no column is named “date”";
  if (!COUNTS.some((name) => found.includes(name))) return "no column is named “likes”, “comments” or “views”";
  return null;
}

function cellsOf(values, columns) {
  const cells = {};
  columns.forEach(([, column], place) => {
    if (column && !(column in cells)) cells[column] = (values[place] ?? "").trim();
  });
  return cells;
}

/** Give the function that splits a line into cells, by the sign that parts the heading. */
function splitter(heading) {
  if (heading.includes("\t")) return (line) => line.split("\t").map(unquoted);
  const sign = heading.includes(";") ? ";" : ",";
  const cell = new RegExp(`${sign}(\\s*"(?:[^"]|"")*"|[^${sign}]*)`, "g");
  return (line) => Array.from((sign + line).matchAll(cell), ([, value]) => unquoted(value));
}

function unquoted(text) {
  const bare = text.trim();
  return /^".*"$/.test(bare) ? bare.slice(1, -1).replaceAll('""', '"') : bare;
}

/** Whether 03/04/2026 is 3 April: true or false where other dates of the column show it, else null. */
function dayFirst(texts) {
  const pairs = texts.map((text) => /^(\d{1,2})[./-](\d{1,2})[./-]\d{4}/.exec(text ?? "")).filter(Boolean);
  if (pairs.some(([, first]) => first > 12)) return pairs.some(([, , second]) => second > 12) ? null : true;
  if (pairs.some(([, , second]) => second > 12)) return false;
  return pairs.some(([text]) => text.includes(".")) ? true : null;
}

/** Read a moment: {time} as ISO text, or {fault}. */
function momentOf(text, isDayFirst, seen) {
  if (isEmpty(text)) return { fault: "it has no date" };
  const parts = dateParts(text, isDayFirst);
  if (!parts) return { fault: `the date “${text}” is not clear: write it as 2026-03-25` };
  const { year, month, day, rest } = parts;
  const clock = /^[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/i.exec(rest);
  if (rest.trim() && !clock) return { fault: `the time of “${text}” is not clear: write it as 2026-03-25 18:30` };
  const [, hours = "12", minutes = "00", seconds = "00", zone] = clock ?? [];
  seen.hasNoTime ||= !clock;
  seen.hasNoZone ||= Boolean(clock) && !zone;
  const offset = !zone || /^(z|utc)$/i.test(zone) ? "Z" : zone.replace(/^(...)(\d\d)$/, "$1:$2");
  const pad = (value) => String(value).padStart(2, "0");
  const date = `${year}-${pad(month)}-${pad(day)}`;
  if (!existsOn(year, month, day)) return { fault: `there is no day “${text}”` };
  const time = `${date}T${pad(hours)}:${minutes}:${seconds}${offset}`;
  return Number.isNaN(Date.parse(time)) ? { fault: `there is no time “${text}”` } : { time };
}

function existsOn(year, month, day) {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function dateParts(text, isDayFirst) {
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})(.*)$/.exec(text);
  if (iso) return { year: +iso[1], month: +iso[2], day: +iso[3], rest: iso[4] };
  const numeric = /^(\d{1,2})[./-](\d{1,2})[./-](\d{4})(.*)$/.exec(text);
  if (numeric) {
    if (isDayFirst === null) return null;
    const [day, month] = isDayFirst ? [numeric[1], numeric[2]] : [numeric[2], numeric[1]];
    return { year: +numeric[3], month: +month, day: +day, rest: numeric[4] };
  }
  const named = /^(?:(\d{1,2})\.?\s+([a-z]{3,9})\.?|([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?),?\s+(\d{4})(.*)$/i.exec(text);
  const month = named ? MONTHS.indexOf((named[2] ?? named[3]).slice(0, 3).toLowerCase()) + 1 : 0;
  return month ? { year: +named[5], month, day: +(named[1] ?? named[4]), rest: named[6] } : null;
}
