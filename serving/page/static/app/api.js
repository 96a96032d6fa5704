// Calls of the service: the key of the tab, waiting, further tries, and one kind of error.

import { forgetKey, keepKey, keptKey } from "./keys.js";

/** Seconds to wait before each further try of a call that can be tried again. */
const PAUSES = [0.5, 1, 2, 4];
const TIMEOUT_SECONDS = 60;

/** Why a call gave no answer. `errors`: those of the service, each with where, what, expected. */
export class ServiceError extends Error {
  constructor(message, { status = 0, code = "unreachable", errors = [], body = null } = {}) {
    super(message);
    Object.assign(this, { status, code, errors, body });
  }
}

/**
 * The service that this page came from.
 *
 * `askForKey(reason)` gives a key, or null where the person gives none; `reason`: "" where none was
 * sent, "refused" for a new one, "expired" for one that answered before. `onWaiting(text)` is told
 * while a call is tried again, and "" once it is through; `onLost()` where it was given up.
 */
export class Api {
  constructor({ askForKey, onWaiting = () => {}, onLost = () => {} }) {
    Object.assign(this, { askForKey, onWaiting, onLost, keyQuestion: null });
    /** A key that was given and has not answered so far: it is not kept yet. */
    this.newKey = null;
  }

  get hasKey() {
    return keptKey() !== null;
  }

  forgetKey() {
    this.newKey = null;
    forgetKey();
  }

  /** Ask for another key, and try it; the one before stays where the new one is refused. */
  async changeKey(signal) {
    this.newKey = await this.askForKey("");
    return this.newKey ? this.get("v1/service", { signal }) : undefined;
  }

  get(path, options) {
    return this.json(path, { ...options, method: "GET" });
  }

  post(path, body, options) {
    return this.json(path, { ...options, method: "POST", body });
  }

  /** Give the JSON of an answer. Throws ServiceError, or AbortError where `signal` ended it. */
  async json(path, options) {
    const response = await this.call(path, options);
    return response.json();
  }

  /** Give each line of an answer in NDJSON as it comes. */
  async *lines(path, body, options) {
    const response = await this.call(path, { ...options, method: "POST", body, seconds: 0 });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    try {
      for (;;) {
        const { value, done } = await this.read(reader);
        if (done) break;
        const parts = (rest + value).split("\n");
        rest = parts.pop();
        for (const part of parts) if (part) yield JSON.parse(part);
      }
    } finally {
      reader.cancel().catch(() => {});
    }
    if (rest) throw new ServiceError("The answer broke off: the service stopped meanwhile.");
  }

  async read(reader) {
    try {
      return await reader.read();
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ServiceError("The answer broke off: the service stopped meanwhile.");
    }
  }

  /** Have the browser keep the file that the service makes, under `name`. */
  async download(path, body, name, options) {
    const response = await this.call(path, { ...options, method: "POST", body, seconds: 0 });
    save(await response.blob(), name);
  }

  /**
   * Give the response of a call whose status is that of a success.
   *
   * A service that cannot be reached, or is busy, is asked again a few times; one that asks for a
   * key is asked again with one. `seconds`: after which an answer is given up, 0 for never.
   */
  async call(path, { method = "GET", body, signal, seconds = TIMEOUT_SECONDS } = {}) {
    for (let attempt = 0; ; ) {
      try {
        const response = await this.fetch(path, method, body, signal, seconds);
        this.onWaiting("");
        return response;
      } catch (error) {
        if (error.status === 401) {
          await this.replaceKey(error.keySent, signal);
          continue;
        }
        const mayRepeat = error.code === "unreachable" || error.status === 503;
        if (!mayRepeat || attempt >= PAUSES.length) {
          this.onWaiting("");
          if (error.code === "unreachable") this.onLost();
          throw error;
        }
        this.onWaiting(`${error.message} Trying again …`);
        await pause(PAUSES[attempt++], signal);
      }
    }
  }

  async fetch(path, method, body, signal, seconds) {
    const key = this.newKey ?? keptKey();
    const headers = { ...(key && { Authorization: `Bearer ${key}` }) };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const timeout = seconds ? AbortSignal.timeout(seconds * 1000) : null;
    const signals = [signal, timeout].filter(Boolean);
    let response;
    try {
      response = await fetch(path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: signals.length ? AbortSignal.any(signals) : undefined,
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      if (timeout?.aborted) {
        throw new ServiceError(`The service did not answer within ${seconds} seconds.`, {
          code: "timeout",
        });
      }
      throw new ServiceError("The service cannot be reached.");
    }
    if (response.status === 401) throw Object.assign(await refusal(response), { keySent: key });
    if (key && key === this.newKey) {
      keepKey(key);
      this.newKey = null;
    }
    if (!response.ok) throw await refusal(response);
    return response;
  }

  /** Ask for a key in place of the one that was `sent`, once, however many calls wait for it. */
  async replaceKey(sent, signal) {
    if (sent !== (this.newKey ?? keptKey())) return;
    const isNew = sent === this.newKey;
    const reason = !sent ? "" : isNew ? "refused" : "expired";
    this.keyQuestion ??= this.askForKey(reason).finally(() => {
      this.keyQuestion = null;
    });
    const key = await this.keyQuestion;
    this.newKey = key;
    signal?.throwIfAborted();
    if (!key) throw new ServiceError("The service needs a key.", { status: 401, code: "no_key" });
  }
}

/** Have the browser keep a blob as a file. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function refusal(response) {
  const { status } = response;
  let body = null;
  try {
    body = await response.json();
  } catch {
    // something between the page and the service answered
  }
  const errors = body?.errors ?? [];
  const message = errors.length
    ? errors.map(errorText).join(" ")
    : `The service answered ${status} and gave no reason.`;
  return new ServiceError(message, { status, code: body?.code ?? "refused", errors, body });
}

/** Word an error of the service: place, fault, what is right. */
export function errorText({ where, what, expected, got }) {
  const value = got === null || got === undefined ? "" : ` ${JSON.stringify(got)}`;
  const place = where === "service" ? "The service" : where;
  return `${place}${value} ${what}${expected ? `: expected ${expected}` : ""}.`;
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
