// Fields of forms: each with its label, a hint, and the fault of what was typed, all told to screen
// readers.

import { html, ifDefined, live, nothing } from "./lib.js";

/**
 * One field. `control(attributes)` gives the control, which takes `id`, `describedBy` and `invalid`
 * from `attributes`.
 */
function field({ id, label, hint, fault }, control) {
  const notes = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ");
  const attributes = { id, describedBy: notes || undefined, invalid: fault ? "true" : undefined };
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${control(attributes)}
    ${hint ? html`<p class="hint" id="${id}-hint">${hint}</p>` : nothing}
    ${fault ? html`<p class="fault" id="${id}-fault">${fault}</p>` : nothing}
  </div>`;
}

/** A field of one line; `onInput(text)` is told each change. */
export function textField({ value, onInput, placeholder, mode, list, type = "text", ...about }) {
  return field(about, ({ id, describedBy, invalid }) => html`<input
    id=${id} type=${type} autocomplete="off" spellcheck="false"
    inputmode=${ifDefined(mode)} placeholder=${ifDefined(placeholder)} list=${ifDefined(list)}
    aria-describedby=${ifDefined(describedBy)} aria-invalid=${ifDefined(invalid)}
    .value=${live(value ?? "")} @input=${(event) => onInput(event.target.value)}>`);
}

/** A field of a number, kept as typed: `numberOf` reads it. */
export function numberField(about) {
  return textField({ mode: "decimal", ...about });
}

/** A field of several lines. */
export function areaField({ value, onInput, rows = 4, placeholder, ...about }) {
  return field(about, ({ id, describedBy, invalid }) => html`<textarea
    id=${id} rows=${rows} spellcheck="false" placeholder=${ifDefined(placeholder)}
    aria-describedby=${ifDefined(describedBy)} aria-invalid=${ifDefined(invalid)}
    .value=${live(value ?? "")} @input=${(event) => onInput(event.target.value)}></textarea>`);
}

/** A choice; `options`: [value, text] pairs. */
export function selectField({ value, onInput, options, ...about }) {
  return field(about, ({ id, describedBy, invalid }) => html`<select
    id=${id} aria-describedby=${ifDefined(describedBy)} aria-invalid=${ifDefined(invalid)}
    @change=${(event) => onInput(event.target.value)}>
    ${options.map(([one, text]) => html`<option value=${one} .selected=${live(one === (value ?? ""))}>${text}</option>`)}
  </select>`);
}

export function checkField({ id, label, value, onInput }) {
  return html`<div class="field check"><input id=${id} type="checkbox"
    .checked=${live(Boolean(value))} @change=${(event) => onInput(event.target.checked)}>
    <label for=${id}>${label}</label></div>`;
}

/** Thousands with points, or three decimals: nobody can tell; 0.125 is clear. */
const UNCLEAR = /^-?[1-9]\d{0,2}(\.\d{3})+$/;
const POINTS_AND_COMMA = /^-?\d{1,3}(\.\d{3})*,\d+$/;
/** A number between what may stand before and behind it. */
const MONEY = /^([^\d\s.,+-]*)\s*(-?\d[\d.,]*\s*[km]?)\s*([^\d\s.,+-]*)$/i;

/**
 * Read a number as it was typed: 1,234.5 and 1 234.5, also with k or m behind it; with `currency`
 * also its sign or its code. Gives null for an empty text and NaN for one that is no number, or
 * that may be two.
 */
export function numberOf(text, { currency } = {}) {
  const { digits, money } = partsOf(text, currency);
  if (digits === "") return null;
  const parts = /^(-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)\s*([km])?$/i.exec(digits);
  if (!parts || UNCLEAR.test(parts[1]) || !isOf(money, currency)) return NaN;
  const size = { k: 1e3, m: 1e6 }[parts[2]?.toLowerCase()] ?? 1;
  return Number(parts[1].replaceAll(",", "")) * size;
}

/** What is wrong with a number as it was typed, undefined where nothing is. */
export function numberFault(text, { least = 0, most = Infinity, whole = false, currency } = {}) {
  const value = numberOf(text, { currency });
  if (value === null) return undefined;
  if (Number.isNaN(value)) return unreadable(text, currency);
  if (value < least) return `${text} is too small: at least ${least}`;
  if (value > most) return `${text} is too large: at most ${most}`;
  if (whole && !Number.isInteger(value)) return `${text} is no whole number`;
  return undefined;
}

/** A number as the text of a field, which `numberOf` reads as the same number. */
export function numberText(value) {
  const text = String(value);
  return UNCLEAR.test(text) ? `${text}0` : text;
}

/** The digits of a typed number, and the signs or codes of money around them. */
function partsOf(text, currency) {
  const bare = String(text ?? "").trim().replace(/(\d)[ \u00a0\u202f'’](?=\d{3}(?!\d))/g, "$1");
  const parts = currency ? MONEY.exec(bare) : null;
  return parts
    ? { digits: parts[2].trim(), money: [parts[1], parts[3]].filter(Boolean) }
    : { digits: bare, money: [] };
}

/** Whether signs or codes of money are those of a currency. */
function isOf(money, currency) {
  if (!money.length) return true;
  const signs = ["symbol", "narrowSymbol"].map((currencyDisplay) =>
    new Intl.NumberFormat("en-US", { style: "currency", currency, currencyDisplay })
      .formatToParts(0).find(({ type }) => type === "currency").value);
  return money.every((one) => [currency, ...signs].includes(one.toUpperCase()));
}

function unreadable(text, currency) {
  const { digits, money } = partsOf(text, currency);
  const bare = digits.replace(/\s*[km]$/i, "");
  if (UNCLEAR.test(bare)) {
    const joined = bare.replaceAll(".", "");
    const dots = bare.length - joined.length;
    if (dots > 1) return `${text} is unclear: write ${joined}`;
    const short = Number(bare);
    const decimals = Number(short.toFixed(2)) === short ? short.toFixed(2) : numberText(short);
    return `${text} may be ${joined} or ${short}: write ${joined} or ${decimals}`;
  }
  if (POINTS_AND_COMMA.test(bare)) {
    const clear = bare.replaceAll(".", "").replace(",", ".");
    return `${text} is unclear: decimals begin with a point: write ${numberText(clear)}`;
  }
  if (money.length && !Number.isNaN(numberOf(digits))) {
    return `${text} is not in ${currency}: choose its currency, or write the amount in ${currency}`;
  }
  return `${text} is no number: write it as 1234.5`;
}
