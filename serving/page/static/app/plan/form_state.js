// What the form of a plan holds, as it is typed.

/** Parts of a fee beside what buys engagement, by their names in requests. */
export const FEE_PARTS = ["usage_rights", "whitelisting", "exclusivity", "agency"];
/** What creators can be grouped by for a rule -> its label. */
export const GROUP_KINDS = { platform: "Platform", niche: "Niche", band: "Size" };

export const EMPTY_FORM = {
  budget: "",
  currency: "USD",
  maximise: "engagements",
  by: "mean",
  level: "10",
  goal: "",
  minCreators: "",
  maxCreators: "",
  maxFee: "",
  maxShare: "",
  leastEvidence: "",
  leastAuthenticity: "",
  leastProbability: "",
  mustHave: [],
  exclude: [],
  groups: [],
  feeParts: {},
  marketFee: "high",
  maxDeliverables: "3",
  timeLimit: "5",
  asOf: "",
  campaign: "",
};

/** A rule for a group of creators, as it is typed. */
export function emptyGroup() {
  return { kind: "platform", name: "", minCreators: "", maxCreators: "", minShare: "", maxShare: "" };
}

/** How many of the less usual rules are set, so that a closed part of the form says so. */
export function ruleCount(form) {
  const single = ["minCreators", "maxCreators", "maxFee", "maxShare", "leastEvidence", "leastAuthenticity", "leastProbability"];
  const parts = FEE_PARTS.filter((name) => form.feeParts[name]);
  return single.filter((name) => form[name]).length + parts.length
    + form.mustHave.length + form.exclude.length + form.groups.length;
}
