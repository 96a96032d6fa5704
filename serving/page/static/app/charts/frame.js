// The frame of every chart: a figure with a title, a picture as wide as the page allows, what it
// shows in words, and its figures as a table for those who do not see it.

import { createRef, html, nothing, ref, render } from "../lib.js";
import { table } from "../parts.js";

/** The chart that each element shows, drawn anew when its width changes. */
const drawings = new WeakMap();
const observer = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) redraw(target, contentRect.width);
});

/**
 * A chart. `draw(width)` gives an SVG template of that width in pixels; `summary`: the picture in a
 * sentence; `data`: its figures, as `table` of parts.js takes them.
 */
export function chart({ title, summary, data, draw, level = 3 }) {
  const element = createRef();
  const show = (found) => {
    if (!found) return;
    drawings.set(found, { draw, title, summary });
    observer.observe(found);
    redraw(found, found.clientWidth);
  };
  return html`<figure class="chart">
    <figcaption><div class="chart-title" role="heading" aria-level=${level}>${title}</div></figcaption>
    <div class="picture" ${ref(show)}></div>
    <p class="summary">${summary}</p>
    ${data ? html`<details><summary>Figures as a table</summary>${table({ caption: title, ...data })}</details>` : nothing}
  </figure>`;
}

function redraw(element, width) {
  if (width < 1) return;
  const { draw } = drawings.get(element);
  render(draw(Math.floor(width)), element);
}
