// The model card, which comes as Markdown, as templates: headings, paragraphs, lists, tables, strong
// words and code. Everything else of Markdown stays as it is written.

import { inline } from "../inline.js";
import { html } from "../lib.js";
import { table } from "../parts.js";

/** The card, its headings two levels lower than in the file: the page has its own above them. */
export function cardTemplate(text) {
  return html`<div class="model-card">${blocksOf(text).map(blockTemplate)}</div>`;
}

/** Groups of lines: {kind: "heading" | "list" | "table" | "text", lines, below: its heading}. */
function blocksOf(text) {
  const blocks = [];
  let last = null;
  let below = "";
  for (const line of text.split("\n")) {
    const kind = kindOf(line);
    if (kind === null) {
      last = null;
      continue;
    }
    if (kind === "heading") below = line.replace(/^#+ /, "");
    if (kind !== last || kind === "heading") blocks.push({ kind, lines: [], below });
    blocks.at(-1).lines.push(line);
    last = kind;
  }
  return blocks;
}

function kindOf(line) {
  if (!line.trim()) return null;
  if (/^#{1,6} /.test(line)) return "heading";
  if (line.startsWith("- ")) return "list";
  return line.startsWith("|") ? "table" : "text";
}

function blockTemplate({ kind, lines, below }) {
  if (kind === "heading") return headingTemplate(lines[0]);
  if (kind === "list") return html`<ul>${lines.map((line) => html`<li>${inline(line.slice(2))}</li>`)}</ul>`;
  if (kind === "table") return tableTemplate(lines, below);
  return html`<p>${inline(lines.join(" "))}</p>`;
}

function headingTemplate(line) {
  const [, marks, text] = /^(#+) (.*)$/.exec(line);
  return marks.length < 2
    ? html`<h3 class="card-title">${inline(text)}</h3>`
    : marks.length === 2 ? html`<h4>${inline(text)}</h4>` : html`<h5>${inline(text)}</h5>`;
}

function tableTemplate([head, , ...rows], below) {
  return table({
    caption: `Card: ${below}`,
    head: cellsOf(head),
    rows: rows.map((row) => cellsOf(row).map(inline)),
  });
}

function cellsOf(line) {
  return line.replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());
}
