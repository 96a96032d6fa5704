// Rows in the order of a measure, for lists that are longer than one request may be.

import { FEE_PARTS } from "./form_state.js";

/** Fields of rows that only plans have. */
const PLAN_ONLY_FIELDS = ["max_deliverables", ...FEE_PARTS];

/**
 * Give `{places, without}`: positions of rows, best by the measure `by` first, and how many have no
 * value of it. `places`: those to put in order.
 */
export async function rankRows({ api, service }, rows, places, by, signal) {
  const size = service.limits.partnerships;
  const isHighestBest = service.measures.find((one) => one.name === by).is_highest_best;
  const valued = [];
  let without = 0;
  for (let start = 0; start < places.length; start += size) {
    const part = places.slice(start, start + size);
    const partnerships = part.map((place, number) => rankable(rows[place], number));
    const answer = await api.post("v1/rank", { by, keep: false, partnerships }, { signal });
    for (const { partnership_id: id, value } of answer.results) {
      if (value === null) without += 1;
      else valued.push({ place: part[Number(id)], value });
    }
  }
  const sign = isHighestBest ? -1 : 1;
  valued.sort((one, other) => sign * (one.value - other.value));
  return { places: valued.map(({ place }) => place), without };
}

/** A row as POST /v1/rank takes it, called by its number. */
function rankable(row, number) {
  const fields = Object.entries(row).filter(([name]) => !PLAN_ONLY_FIELDS.includes(name));
  return { ...Object.fromEntries(fields), partnership_id: String(number) };
}
