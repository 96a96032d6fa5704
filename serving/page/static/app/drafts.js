// What was typed, kept for the tab, so that a reload or a restart of the service loses nothing.

const PREFIX = "creatorcast.draft.";

/** Give what was kept under a name, else `initial`. Fields that a newer page adds are filled in. */
export function readDraft(name, initial) {
  try {
    const text = sessionStorage.getItem(PREFIX + name);
    return text === null ? { ...initial } : { ...initial, ...JSON.parse(text) };
  } catch {
    return { ...initial };
  }
}

/** Keep a draft; give false where the browser has no room for it. */
export function writeDraft(name, draft) {
  try {
    sessionStorage.setItem(PREFIX + name, JSON.stringify(draft));
    return true;
  } catch {
    return false;
  }
}

export function removeDraft(name) {
  sessionStorage.removeItem(PREFIX + name);
}
