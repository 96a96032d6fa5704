// The question for a key of the service. It does not open while somebody types: then a notice asks.

import { bareKey, keyFault } from "./keys.js";
import { html, nothing, render } from "./lib.js";

/** How long after a keystroke somebody still types. */
const TYPING_MS = 2000;
const REASONS = {
  refused: "That is no key of this service.",
  expired: "The key is not valid any more: what you typed is kept.",
};

export class KeyQuestion {
  /** `onChange` draws the page anew, with `notice()` in it. */
  constructor(dialog, onChange) {
    Object.assign(this, { dialog, onChange, open: null, typedAt: -Infinity, typedIn: null });
    addEventListener("input", ({ target }) => {
      if (!dialog.contains(target)) Object.assign(this, { typedAt: performance.now(), typedIn: target });
    }, true);
  }

  /** Ask for a key; give it, or null where the person gives none. `reason`: one of REASONS, or "". */
  async ask(reason) {
    if (performance.now() - this.typedAt > TYPING_MS) return this.show(reason, document.activeElement);
    return new Promise((resolve) => {
      this.open = () => {
        this.open = null;
        resolve(this.show(reason, this.typedIn));
        this.onChange();
      };
      this.onChange();
    });
  }

  /** What asks while somebody types. */
  notice() {
    if (!this.open) return nothing;
    return html`<div class="notice bad" role="alert"><p>The service needs a key again. What you typed is kept.</p>
      <button type="button" @click=${this.open}>Give the new key</button></div>`;
  }

  /** Open the dialog; the focus goes back to `from` with its caret. */
  show(reason, from) {
    const caret = from?.selectionStart;
    return new Promise((resolve) => {
      const finish = (key) => {
        this.dialog.close();
        render(nothing, this.dialog);
        returnFocus(from, caret);
        resolve(key);
      };
      const submit = (event) => {
        event.preventDefault();
        const key = bareKey(new FormData(event.target).get("key"));
        const fault = keyFault(key);
        if (!fault) return finish(key);
        render(dialogTemplate({ fault, submit, finish }), this.dialog);
        this.dialog.querySelector("input").focus();
      };
      render(dialogTemplate({ fault: REASONS[reason], submit, finish }), this.dialog);
      this.dialog.oncancel = (event) => {
        event.preventDefault();
        finish(null);
      };
      this.dialog.showModal();
    });
  }
}

function returnFocus(from, caret) {
  const isThere = from?.isConnected && from !== document.body;
  (isThere ? from : document.getElementById("main")).focus();
  if (isThere && Number.isInteger(caret)) from.setSelectionRange(caret, caret);
}

/** The dialog. `fault`: what is wrong with the key that was given. */
function dialogTemplate({ fault, submit, finish }) {
  return html`<form @submit=${submit} novalidate>
    <h2 id="key-title">This service asks for a key</h2>
    <p>The person who runs the service gives out keys. It is kept for this tab alone, and forgotten with it.</p>
    <div class="field"><label for="key">Key</label>
      <input id="key" name="key" type="password" autocomplete="off" required
        aria-describedby=${fault ? "key-fault" : nothing} aria-invalid=${fault ? "true" : nothing}>
      ${fault ? html`<p class="fault" id="key-fault" role="alert">${fault}</p>` : nothing}</div>
    <div class="actions"><button type="submit">Use the key</button>
      <button type="button" class="quiet" @click=${() => finish(null)}>Not now</button></div>
  </form>`;
}
