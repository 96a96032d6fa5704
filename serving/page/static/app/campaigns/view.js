// Campaigns that run or are over: what posts that are online will come to, and what came of
// forecasts.

import { readDraft, writeDraft } from "../drafts.js";
import { html, render } from "../lib.js";
import { OnlinePosts } from "./online_posts.js";
import { PastForecasts } from "./past_forecasts.js";
import { switchOf } from "./switch.js";

const DRAFT = "campaigns";
const SIDES = [["online", "Posts that are online"], ["came", "What was forecast, and what came"]];

/** Show the part in `root`; `app`: see main.js. */
export function mount(root, app) {
  const draft = readDraft(DRAFT, { side: "online" });
  const draw = () => render(page(), root);
  const online = new OnlinePosts(app, draw);
  const past = new PastForecasts(app, draw);

  const choose = (side) => {
    draft.side = side;
    writeDraft(DRAFT, draft);
    draw();
    if (side === "came") past.begin();
  };
  const page = () => html`
    <h1 id="campaigns-title">Running campaigns</h1>
    ${switchOf("What to look at", SIDES, draft.side, choose)}
    ${draft.side === "online" ? online.view() : past.view()}`;

  draw();
  if (draft.side === "came") past.begin();
}
