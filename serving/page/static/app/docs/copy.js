// Copying a text, and saying whether that worked.

/** Put a text on the clipboard. Browsers allow it only over HTTPS and on this machine. */
export async function copyText(text, page) {
  try {
    await navigator.clipboard.writeText(text);
    page.showCopied("Copied.");
  } catch {
    page.showCopied("The browser does not allow copying here: select the text and copy it yourself.");
  }
}
