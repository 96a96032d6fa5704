// The first part of the form: whom to choose from.

import { areaField, selectField } from "../fields.js";
import { count, plural } from "../format.js";
import { html, nothing } from "../lib.js";
import { busy, notice, table } from "../parts.js";
import { taskError } from "../task.js";

/** Show the candidates, or the ways to give some. */
export function candidatesView(candidates, ui) {
  const { list, reading, hasRoom } = candidates;
  return html`<section class="card" aria-labelledby="plan-from">
    <h2 id="plan-from" tabindex="-1">Whom to choose from</h2>
    ${reading.isRunning ? busy("The list is read …") : nothing}
    ${taskError(reading, () => candidates.readAgain())}
    ${hasRoom ? nothing : notice("The list is too large for the browser to keep: after a reload, give it again.")}
    ${list.rows === null ? listInput(candidates, ui) : listRead(candidates, ui)}
  </section>`;
}

function listInput(candidates, ui) {
  const drop = (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) candidates.readFile(file);
  };
  return html`<div class="drop" @dragover=${(event) => event.preventDefault()} @drop=${drop}>
    ${takeHanded(candidates)}
    ${areaField({
      id: "plan-rows", label: "Rows of a list, with the headings", rows: 5, value: candidates.text,
      placeholder: "Creator, Platform, Followers, Niche, Fee",
      hint: "Copy them from a spreadsheet, or drop a file here.",
      onInput: (text) => candidates.setText(text),
    })}
    <div class="actions">
      <button type="button" ?disabled=${!candidates.text.trim()} @click=${() => focusRead(candidates.readPasted())}>Read the rows</button>
      <button type="button" class="quiet" @click=${(event) => event.target.nextElementSibling.click()}>Open a file</button>
      <input type="file" hidden aria-label="File of a list" accept=".csv,.tsv,.txt,.xlsx,.xls,.ods,.json,.jsonl"
        @change=${(event) => openFile(event.target, candidates)}>
      <button type="button" class="quiet" @click=${() => focusRead(candidates.readExample())}>Take an example list</button>
    </div>
    ${candidates.fileFault ? notice(candidates.fileFault, "bad") : nothing}
    <p class="hint">A column is read wrongly? <a href="#/list">Read the list there</a>, correct its columns, and plan with it.</p>
  </div>`;
}

/** A button that takes the list of the other part, where it is not the one that is taken. */
function takeHanded(candidates) {
  const handed = candidates.app.lists.list;
  if (!handed || handed === candidates.handed) return nothing;
  return html`<div class="actions"><button type="button" @click=${() => candidates.readHanded(handed)}>
    Take the list <bdi>${handed.name}</bdi></button></div>`;
}

/** Keep the focus where the button that read a list is gone. */
async function focusRead(reading) {
  await reading;
  if (document.activeElement === document.body) document.getElementById("plan-from").focus();
}

function clear(candidates) {
  candidates.clear();
  document.getElementById("plan-rows").focus();
}

function openFile(input, candidates) {
  const [file] = input.files;
  if (file) focusRead(candidates.readFile(file));
  input.value = "";
}

function listRead(candidates, ui) {
  const { list, limit } = candidates;
  const { read, usable, rejected, blank } = list.counts;
  const blanks = blank ? ` ${plural(blank, "blank line")} left out.` : "";
  return html`
    <p><b><bdi>${list.name}</bdi></b>: ${plural(read, "row")} read, ${count(usable)} can be used,
      ${count(rejected)} cannot.${blanks}</p>
    ${list.notes.length ? html`<details><summary>How the list was read (${plural(list.notes.length, "note")})</summary>
      <ul>${list.notes.map((note) => html`<li>${note}</li>`)}</ul></details>` : nothing}
    ${list.rejected.length ? rejectedRows(list) : nothing}
    ${usable === 0 ? notice("No row can be used, so that there is nobody to choose from. Where the starts lie before today, choose an earlier day under “Forecast made on”.", "bad") : nothing}
    ${usable > limit ? narrowing(candidates, ui) : nothing}
    ${takeHanded(candidates)}
    <div class="actions"><button type="button" class="quiet" @click=${() => clear(candidates)}>Choose another list</button></div>`;
}

function rejectedRows(list) {
  const rows = list.rejected.map(({ line, faults }) => [
    count(line),
    faults.map(({ column, value, reason }) => `${column ? `${column} ` : ""}${value ? `“${value}” ` : ""}${reason}`).join("; "),
  ]);
  return html`<details><summary>Rows that cannot be used (${count(rows.length)})</summary>
    ${table({ caption: "Rows that cannot be used", head: ["Line", "Why"], rows })}</details>`;
}

/** A list that is longer than a plan may be: which rows are candidates is the person's choice. */
function narrowing(candidates, ui) {
  const { app, filter, best, limit, ranking } = candidates;
  const filtered = candidates.filtered.length;
  const platforms = app.service.platforms.map(({ name, label }) => [name, label]);
  const measures = app.service.measures.map(({ name, meaning }) => [name, meaning]);
  const isTooMany = !best && filtered > limit;
  return html`<fieldset><legend>The list is longer than a plan may be</legend>
    <p>A plan chooses from ${count(limit)} rows at most. Say which.</p>
    <div class="fields">
      ${selectField({
        id: "plan-only-platform", label: "Only on", value: filter.platform, options: [["", "all platforms"], ...platforms],
        onInput: (platform) => candidates.setFilter({ platform }),
      })}
      ${selectField({
        id: "plan-only-niche", label: "Only of the niche", value: filter.niche,
        options: [["", "all niches"], ...app.service.niches.map((one) => [one, one])],
        onInput: (niche) => candidates.setFilter({ niche }),
      })}
    </div>
    ${isTooMany ? html`${selectField({
      id: "plan-best-by", label: "Best by", value: ui.bestBy, options: measures, onInput: (by) => ui.set({ bestBy: by }),
    })}<div class="actions"><button type="button" ?disabled=${ranking.isRunning}
      @click=${() => candidates.takeBest(ui.bestBy)}>Take the best ${count(limit)}</button></div>` : nothing}
    ${ranking.isRunning ? busy("The rows are put in order …") : nothing}
    ${taskError(ranking, () => candidates.takeBest(ui.bestBy))}
    <p role="status">${narrowed(candidates, filtered, isTooMany)}</p>
  </fieldset>`;
}

function narrowed({ list, best, chosen, app, limit }, filtered, isTooMany) {
  const usable = list.rows.length;
  if (isTooMany) return `${count(filtered)} rows are left, ${count(filtered - limit)} too many.`;
  const out = `The other ${count(usable - chosen.length)} rows are not considered.`;
  if (!best) return `${count(chosen.length)} of ${count(usable)} rows are candidates. ${out}`;
  const { meaning } = app.service.measures.find(({ name }) => name === best.by);
  const without = best.without ? ` ${plural(best.without, "row")} among them had no such figure.` : "";
  return `${count(chosen.length)} of ${count(usable)} rows are candidates: the best by ${meaning}. ${out}${without}`;
}
