// The table of a scored list: only the rows in sight are in the document, so that long lists stay
// quick.

import { count } from "../format.js";
import { html, nothing, render, repeat } from "../lib.js";

/** Height of a row in pixels, as list.css has it. */
const ROW = 44;
/** Rows beyond the edges of what is in sight. */
const MARGIN = 12;

export class RowTable {
  /** `onSort(id)`: a header was pressed. */
  constructor(onSort) {
    this.onSort = onSort;
    this.first = 0;
    this.last = 60;
  }

  /** Give the element; `show` fills it. */
  get element() {
    if (!this.region) {
      this.region = document.createElement("div");
      this.region.className = "list-region";
      this.region.tabIndex = 0;
      this.region.setAttribute("role", "region");
      this.region.setAttribute("aria-label", "Scored creators");
      this.region.addEventListener("scroll", () => this.plan(), { passive: true });
      new ResizeObserver(() => this.plan()).observe(this.region);
    }
    return this.region;
  }

  /** Show rows in columns; `sort`: {id, direction}. */
  show(rows, columns, sort) {
    const isOther = this.rows !== rows;
    Object.assign(this, { rows, columns, sort });
    if (isOther) this.element.scrollTop = 0;
    this.place();
    this.draw();
  }

  plan() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      if (this.place()) this.draw();
    });
  }

  /** Find the rows in sight; tell whether they are others than those that are shown. */
  place() {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / ROW) - MARGIN);
    const last = Math.ceil((scrollTop + (clientHeight || 600)) / ROW) + MARGIN;
    const isOther = first !== this.first || last !== this.last;
    Object.assign(this, { first, last });
    return isOther;
  }

  draw() {
    const { rows, columns, first } = this;
    if (!rows) return;
    const last = Math.min(rows.length, this.last);
    const spacer = (number) => (number > 0
      ? html`<tr aria-hidden="true" class="spacer"><td colspan=${columns.length} height=${number * ROW}></td></tr>` : nothing);
    const hadFocus = this.element.contains(document.activeElement);
    render(html`<table class="list-table" aria-rowcount=${rows.length + 1} aria-colcount=${columns.length}
      width=${columns.reduce((sum, one) => sum + one.width, 0)}>
      <caption class="only-heard">${count(rows.length)} scored creators</caption>
      <colgroup>${columns.map((one) => html`<col width=${one.width}>`)}</colgroup>
      <thead><tr aria-rowindex="1">${columns.map((one) => this.head(one))}</tr></thead>
      <tbody>${spacer(first)}
        ${repeat(rows.slice(first, last), (row) => row.line, (row, place) => html`<tr aria-rowindex=${first + place + 2}>
          ${columns.map((one) => (one.id === "name"
            ? html`<th scope="row" class="cell">${one.cell(row)}</th>`
            : html`<td class=${one.isNumber ? "cell number" : "cell"}>${one.cell(row)}</td>`))}</tr>`)}
        ${spacer(rows.length - last)}</tbody></table>`, this.element);
    // a row that left took the focus with it: keys must still scroll
    if (hadFocus && !this.element.contains(document.activeElement)) this.element.focus({ preventScroll: true });
  }

  head(column) {
    const isSorted = this.sort.id === column.id;
    const arrow = this.sort.direction === "ascending" ? "▲" : "▼";
    return html`<th scope="col" class=${column.isNumber ? "number" : ""} aria-sort=${isSorted ? this.sort.direction : "none"}>
      <button type="button" class="link" @click=${() => this.onSort(column.id)}><bdi>${column.label}</bdi>
        <span aria-hidden="true">${isSorted ? arrow : ""}</span></button></th>`;
  }
}
