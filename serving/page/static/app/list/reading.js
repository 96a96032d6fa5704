// How a list was read: counts, columns that can be corrected, and what is wrong at each cell.

import { html, live, nothing, repeat } from "../lib.js";
import { numberField, numberOf, selectField } from "../fields.js";
import { count, plural } from "../format.js";
import { actionButton } from "../parts.js";

/** Rejected rows that are shown; the file has all. */
const MOST_SHOWN = 200;
const LEFT_OUT = "-";
const EXACT = "exact name";
/** What buttons call a column that an unclear one may be. */
const MEANINGS = { deliverables: "Posts to book", posts_count: "Posts of the account" };

/**
 * Show how a list was read. `answer`: of /v1/lists/read; `sheet`: what was said of it; `change(sheet)`
 * reads it again; `platforms`: of the service; `asOf`: shows the day of the forecast; `headerFault`:
 * what is wrong with the line of the header that was typed.
 */
export function reading({ answer, sheet, change, platforms, asOf, headerFault }) {
  const { counts } = answer;
  return html`
    <h2 id="list-read" tabindex="-1">How the list was read</h2>
    <p class="lead" data-counts>${plural(counts.read, "row")} read = ${count(counts.usable)} can be scored +
      ${count(counts.rejected)} cannot${counts.blank ? `. ${plural(counts.blank, "blank line")} besides` : ""}.</p>
    ${asOf}
    ${unclear(answer, sheet, change)}
    ${notesOnRows(answer.notes)}
    ${answer.notes.filter(isOnFile).map((note) => html`<details><summary>How the file is written</summary><p>${note}</p></details>`)}
    ${settings(answer, sheet, change, platforms, headerFault)}
    <fieldset><legend>What each column is read as</legend>${columnTables(answer, sheet, change)}</fieldset>`;
}

const isOnFile = (note) => note.startsWith("encoding:");

/** Notes on the rows, each to be seen: they say what is counted, and what is not. */
export function notesOnRows(notes) {
  const seen = notes.filter((note) => !isOnFile(note));
  return seen.length ? html`<ul class="list-notes">${seen.map((note) => html`<li>${note}</li>`)}</ul>` : nothing;
}

/** The names of the columns that are unclear; their unclear values are not used. */
export function unclearNames(answer) {
  return answer.columns.filter((one) => one.ambiguous).map((one) => one.source);
}

/** What must be settled by the person, with buttons that settle it. */
function unclear(answer, sheet, change) {
  const open = answer.columns.filter((one) => one.ambiguous);
  const lacksPlatform = answer.rejected.some((row) =>
    row.faults.some((fault) => /names no platform|name the platform|side by side/.test(fault.reason)));
  if (!open.length && !lacksPlatform) return nothing;
  const of = (kind) => open.filter((one) => one.settled_by === kind);
  const named = (columns) => columns.map((one) => one.source).join(", ");
  return html`<section class="notice" aria-labelledby="list-unclear"><h3 id="list-unclear">This is unclear</h3>
    ${of("decimal").length ? html`<p>${named(of("decimal"))}: is the comma or the point the decimal mark? Unclear values are not used.</p>
      <div class="actions">${choice("1.5 and 1,234 (point)", () => change({ ...sheet, decimal: "." }))}
        ${choice("1,5 and 1.234 (comma)", () => change({ ...sheet, decimal: "," }))}</div>` : nothing}
    ${of("dates").length ? html`<p>${named(of("dates"))}: which comes first in dates such as 01/02/2026?</p>
      <div class="actions">${choice("The day first", () => change({ ...sheet, day_first: true }))}
        ${choice("The month first", () => change({ ...sheet, day_first: false }))}</div>` : nothing}
    ${of("column").map((one) => unclearColumn(one, (column) => change({ ...sheet, columns: { ...sheet.columns, [one.source]: { column } } })))}
    ${lacksPlatform ? html`<p>Some rows name no platform. Choose it under “Platform of rows that name none”.</p>` : nothing}
  </section>`;
}

/** Where the service knows what a column may be, buttons say which; else the table of columns does. */
function unclearColumn(column, settle) {
  const { source, ambiguous, may_be } = column;
  if (!may_be.length) return html`<p><b><bdi>${source}</bdi></b>: ${ambiguous}. Choose under “What each column is read as”.</p>`;
  return html`<p><b><bdi>${source}</bdi></b>: ${ambiguous.split("?")[0]}?</p>
    <div class="actions">${may_be.map((name) => choice(MEANINGS[name] ?? words(name), () => settle(name)))}</div>`;
}

function choice(text, onClick) {
  return html`<button type="button" class="quiet" @click=${onClick}>${text}</button>`;
}

function settings(answer, sheet, change, platforms, headerFault) {
  const set = (name, value) => {
    const next = { ...sheet, [name]: value };
    if (value === undefined || value === "") delete next[name];
    change(next);
  };
  const dates = sheet.day_first === undefined ? "" : String(sheet.day_first);
  return html`<div class="fields">
    ${selectField({ id: "list-platform", label: "Platform of rows that name none", value: sheet.platform ?? "",
      options: [["", answer.read_as.platform ? `Found: ${answer.read_as.platform}` : "None"], ...platforms.map((one) => [one.name, one.label])],
      onInput: (value) => set("platform", value) })}
    ${selectField({ id: "list-decimal", label: "Decimal mark", value: sheet.decimal ?? "",
      options: [["", "Find it"], [".", "Point: 1.5"], [",", "Comma: 1,5"]], onInput: (value) => set("decimal", value) })}
    ${selectField({ id: "list-dates", label: "Dates such as 01/02/2026", value: dates,
      options: [["", "Find it"], ["true", "Day first"], ["false", "Month first"]],
      onInput: (value) => set("day_first", value === "" ? undefined : value === "true") })}
    ${answer.read_as.worksheets.length > 1 ? selectField({ id: "list-worksheet", label: "Worksheet", value: answer.read_as.worksheet,
      options: answer.read_as.worksheets.map((one) => [one, one]), onInput: (value) => set("worksheet", value) }) : nothing}
    ${headerField(sheet.header_row ?? answer.read_as.header_row, set, headerFault)}
  </div>`;
}

function headerField(line, set, fault) {
  const onInput = () => {};
  return html`<div @change=${(event) => {
    const value = numberOf(event.target.value);
    set("header_row", Number.isInteger(value) && value > 0 ? value : undefined);
  }}>${numberField({ id: "list-header-row", label: "Line with the names of the columns", value: String(line), onInput, fault })}</div>`;
}

/** First the columns that are unclear, then guesses; those with an exact name are folded. */
function columnTables(answer, sheet, change) {
  const isSure = (one) => one.how === EXACT && !one.ambiguous && !sheet.columns?.[one.source];
  const sure = answer.columns.filter(isSure);
  const others = answer.columns.filter((one) => !isSure(one)).sort((a, b) => Boolean(b.ambiguous) - Boolean(a.ambiguous));
  const show = (columns, label) => columnTable(columns, label, answer, sheet, change);
  return html`${others.length ? show(others, "What each column is read as") : nothing}
    ${sure.length ? html`<details><summary>${plural(sure.length, "column was", "columns were")} read by exact name:
      ${sure.slice(0, 6).map((one) => one.source).join(", ")}${sure.length > 6 ? " …" : ""}</summary>
      ${show(sure, "Columns that were read by their exact names")}</details>` : nothing}`;
}

function columnTable(columns, label, answer, sheet, change) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${label}><table class="list-columns">
    <thead><tr><th scope="col">Column</th><th scope="col">Read as</th><th scope="col">Unit</th>
      <th scope="col">Values</th><th scope="col">Why</th></tr></thead>
    <tbody>${repeat(columns, (one) => one.source, (one) => columnRow(one, answer, sheet, change))}</tbody></table></div>`;
}

function columnRow(column, answer, sheet, change) {
  const said = sheet.columns?.[column.source];
  const mapping = typeof said === "string" ? { column: said } : said;
  const readAs = mapping?.column ?? column.column ?? "";
  const known = answer.choices.find((one) => one.name === readAs);
  const correct = (next) => {
    const columns = { ...sheet.columns, [column.source]: next };
    if (!next.column) delete columns[column.source];
    change({ ...sheet, columns });
  };
  const unit = mapping?.unit ?? "";
  return html`<tr class=${column.ambiguous ? "unclear" : ""}>
    <th scope="row"><bdi>${column.source || "(no name)"}</bdi>${column.ambiguous ? html` <span class="tag">unclear</span>` : nothing}</th>
    <td data-head="Read as"><select aria-label="Read ${column.source} as" @change=${(event) => correct({ column: event.target.value })}>
      <option value="" .selected=${live(!readAs)}>${readAs ? "Find it again" : "Not read"}</option>
      <option value=${LEFT_OUT} .selected=${live(readAs === LEFT_OUT)}>Leave it out</option>
      ${readAs && readAs !== LEFT_OUT && !known ? html`<option value=${readAs} .selected=${live(true)}>${readAs}</option>` : nothing}
      ${answer.choices.map((one) => html`<option value=${one.name} title=${one.meaning} .selected=${live(one.name === readAs)}>${words(one.name)}</option>`)}
    </select></td>
    <td data-head="Unit">${known?.units.length && column.source ? html`<select aria-label="Unit of ${column.source}"
      @change=${(event) => correct({ column: readAs, ...(event.target.value && { unit: event.target.value }) })}>
      <option value="" .selected=${live(!unit)}>${column.currency ?? column.unit ?? "as written"}</option>
      ${known.units.map((one) => html`<option value=${one} .selected=${live(one === unit)}>${one}</option>`)}</select>` : (column.currency ?? column.unit ?? "")}</td>
    <td class="samples" data-head="Values">${column.samples.map((value) => html`<bdi>${value}</bdi>`)}</td>
    <td data-head="Why">${[column.how, column.note].filter(Boolean).join("; ")}</td></tr>`;
}

/** A canonical name as people read it. */
function words(name) {
  const text = name.replaceAll("_", " ").replace(/ usd\b/, " (USD)");
  return text[0].toUpperCase() + text.slice(1);
}

/** The rows that cannot be used. `download`: gives all of them as a file. */
export function rejectedRows({ rejected, download, isBusy }) {
  if (!rejected.length) return nothing;
  const shown = rejected.slice(0, MOST_SHOWN);
  return html`<h3>${plural(rejected.length, "row")} cannot be scored</h3>
    <div class="scroll list-rejected" tabindex="0" role="region" aria-label="Rows that cannot be scored"><table>
      <thead><tr><th scope="col" class="number">Line</th><th scope="col">Column</th><th scope="col">Value</th><th scope="col">What is wrong</th></tr></thead>
      <tbody>${shown.map((row) => row.faults.map((fault, place) => html`<tr>
        ${place ? nothing : html`<th scope="row" class="number" rowspan=${row.faults.length}>${count(row.line)}</th>`}
        <td><bdi>${fault.column ?? "The row"}</bdi></td>
        <td><bdi>${fault.value === null ? shorten(row.cells.join(" · ")) : fault.value || "(empty)"}</bdi></td>
        <td>${fault.reason}</td></tr>`))}</tbody></table></div>
    ${rejected.length > MOST_SHOWN ? html`<p class="muted">The first ${count(MOST_SHOWN)} are shown. The file has all.</p>` : nothing}
    <div class="actions">${actionButton({ label: "Download these rows with the reasons (CSV)", onClick: download, isBusy, quiet: true })}</div>`;
}

function shorten(text) {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
