// Keys of the service as they are typed, and the one that the tab keeps.

/** Where the key is kept: the browser forgets it with the tab. */
const KEY_NAME = "creatorcast.key";
/** What a key may hold, as the service has it: nothing else can be sent in a header. */
const KEY = /^[A-Za-z0-9\-._~+/]{16,256}=*$/;
const AROUND = /^[\s"'“”‘’«»]+|[\s"'“”‘’«»]+$/g;

/** A key without the blanks and quotation marks that were copied with it. */
export function bareKey(text) {
  return text.replace(AROUND, "");
}

/** What is wrong with a key, undefined where it may be one. */
export function keyFault(key) {
  if (!key) return "Give a key, or choose “Not now”.";
  if (KEY.test(key)) return undefined;
  const odd = key.match(/[^A-Za-z0-9\-._~+/=]/u)?.[0];
  if (odd !== undefined) return `No key has ${/\s/.test(odd) ? "a blank" : `“${odd}”`} in it: letters from A to Z, digits and - . _ ~ + / = only.`;
  return "No key is like this: it has 16 to 256 letters, digits or - . _ ~ + /, and = only at its end.";
}

/** The key that answered before, null where there is none. */
export function keptKey() {
  const key = sessionStorage.getItem(KEY_NAME);
  return key && !keyFault(key) ? key : null;
}

export function keepKey(key) {
  sessionStorage.setItem(KEY_NAME, key);
}

export function forgetKey() {
  sessionStorage.removeItem(KEY_NAME);
}
