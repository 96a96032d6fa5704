// Parts that several views show.

import { html, nothing } from "./lib.js";

/** A figure with its label, and a note below it. */
export function figure(label, value, note) {
  return html`<div class="figure"><dt>${label}</dt><dd class="value">${value}</dd>
    ${note ? html`<dd class="note">${note}</dd>` : nothing}</div>`;
}

/** Figures side by side. */
export function figures(...entries) {
  return html`<dl class="figures">${entries}</dl>`;
}

/** A text that should not be missed. `tone`: "" or "bad". */
export function notice(text, tone = "") {
  return html`<p class="notice ${tone}">${text}</p>`;
}

/** What is shown while work runs. */
export function busy(text) {
  return html`<p class="busy" role="status"><span class="spinner" aria-hidden="true"></span>${text}</p>`;
}

/**
 * A button that starts work. While `isBusy` it does nothing, yet keeps the focus, which a button
 * that is `disabled` would lose. Without `onClick` it submits its form.
 */
export function actionButton({ label, onClick, isBusy = false, quiet = false }) {
  const click = (event) => {
    if (isBusy) event.preventDefault();
    else onClick?.(event);
  };
  return html`<button type=${onClick ? "button" : "submit"} class=${quiet ? "quiet" : ""}
    aria-disabled=${isBusy ? "true" : "false"} @click=${click}>${label}</button>`;
}

/** A verdict: its sign and its words; null where there is none. */
export function verdict(name, service) {
  const found = service.verdicts.find((one) => one.name === name);
  if (!found) return nothing;
  return html`<span class="verdict ${name}"><span aria-hidden="true">${found.mark}</span> ${found.text}</span>`;
}

/** Those of `names` that question what was given or the verdict itself, and the `others`. */
export function splitWarnings(names, service) {
  const isDoubt = (name) => service.doubts.includes(name);
  const all = names ?? [];
  return { doubts: all.filter(isDoubt), others: all.filter((name) => !isDoubt(name)) };
}

/** What makes a verdict doubtful, to stand right below it. */
export function doubtNotice(texts) {
  if (!texts.length) return nothing;
  return html`<div class="notice doubts"><p><strong>Check this first</strong></p>
    <ul class="warnings">${texts.map((text) => html`<li>${text}</li>`)}</ul></div>`;
}

/** Warnings of an answer, in sentences. */
export function warnings(names, service) {
  if (!names?.length) return nothing;
  return html`<ul class="warnings">${names.map((name) => html`<li>${warningText(name, service)}</li>`)}</ul>`;
}

/** The sentence of a warning; one that only newer services know is told by its name. */
export function warningText(name, service) {
  const unused = /^(.*)_not_used$/.exec(name);
  return service.warnings[name] ?? (unused ? `The value of ${unused[1]} is not used.` : name);
}

/** A table of plain values. `head`: names; `numbers`: how many of the last columns are figures. */
export function table({ caption, head, rows, numbers = 0 }) {
  const from = head.length - numbers;
  const kind = (place) => (place >= from ? "number" : "");
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${caption}><table>
    <caption class="only-heard">${caption}</caption>
    <thead><tr>${head.map((name, place) => html`<th scope="col" class=${kind(place)}>${name}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${row.map((cell, place) => html`<td class=${kind(place)}>${cell}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}
