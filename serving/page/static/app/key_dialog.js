// The question for a key of the service.

import { html, nothing, render } from "./lib.js";

/** Ask for a key; give it, or null where the person gives none. `wasRefused`: one was sent. */
export function askForKey(dialog, wasRefused) {
  return new Promise((resolve) => {
    const finish = (key) => {
      dialog.close();
      render(nothing, dialog);
      resolve(key);
    };
    const submit = (event) => {
      event.preventDefault();
      const key = new FormData(event.target).get("key").trim();
      if (key) finish(key);
    };
    render(html`<form @submit=${submit}>
      <h2 id="key-title">This service asks for a key</h2>
      ${wasRefused ? html`<p class="notice bad" role="alert">That is no key of this service.</p>` : nothing}
      <p>The person who runs the service gives out keys. It is kept for this tab alone, and forgotten with it.</p>
      <div class="field"><label for="key">Key</label>
        <input id="key" name="key" type="password" autocomplete="off" required></div>
      <div class="actions"><button type="submit">Use the key</button>
        <button type="button" class="quiet" @click=${() => finish(null)}>Not now</button></div>
    </form>`, dialog);
    dialog.oncancel = (event) => {
      event.preventDefault();
      finish(null);
    };
    dialog.showModal();
  });
}
