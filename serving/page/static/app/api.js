// Calls of the service: the key of the tab, waiting, further tries, and one kind of error.

/** Where the key is kept: the browser forgets it with the tab. */
const KEY_NAME = "creatorcast.key";
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
 * `askForKey(wasRefused)` gives a key, or null where the person gives none; `onWaiting(text)` is
 * told while a call is tried again, and "" once it is through.
 */
export class Api {
  constructor({ askForKey, onWaiting = () => {} }) {
    this.askForKey = askForKey;
    this.onWaiting = onWaiting;
    this.keyQuestion = null;
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
          await this.newKey(error.message, signal);
          continue;
        }
        const mayRepeat = error.code === "unreachable" || error.status === 503;
        if (!mayRepeat || attempt >= PAUSES.length) {
          this.onWaiting("");
          throw error;
        }
        this.onWaiting(`${error.message} Trying again …`);
        await pause(PAUSES[attempt++], signal);
      }
    }
  }

  async fetch(path, method, body, signal, seconds) {
    const key = sessionStorage.getItem(KEY_NAME);
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
    if (!response.ok) throw await refusal(response);
    return response;
  }

  /** Ask for a key once, however many calls wait for it. */
  async newKey(reason, signal) {
    const sent = sessionStorage.getItem(KEY_NAME);
    this.keyQuestion ??= this.askForKey(Boolean(sent)).finally(() => {
      this.keyQuestion = null;
    });
    const key = await this.keyQuestion;
    signal?.throwIfAborted();
    if (!key) throw new ServiceError(`${reason} Nothing was sent without it.`, { status: 401, code: "no_key" });
    sessionStorage.setItem(KEY_NAME, key);
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
