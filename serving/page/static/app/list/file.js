// The list that a person brings: a file, cells pasted from a spreadsheet, or the example.

/** Cells for newcomers; nobody of these exists. */
export const EXAMPLE = `Creator\tPlatform\tFollowers\tNiche\tAvg likes\tAvg comments\tAvg views\tFee
Ana Example\tInstagram\t25,400\tfood\t900\t40\t\t450 USD
Ben Example\tTikTok\t80,000\tfitness\t3,100\t60\t41,000\t300 USD
Chi Example\tYouTube\t12,500\tgaming\t420\t55\t9,800\t900 USD
Dua Example\tInstagram\t310,000\tbeauty\t5,200\t110\t\t2,400 USD
Eli Example\tInstagram\t48,000\ttravel\t\t\t\t
`;
/** Bytes of a request beside the file. */
const ROOM = 64 * 1024;

/** Why a file is not sent, undefined where it may be; `command`: that takes larger ones. */
export function sizeFault(file, limits, command = "score") {
  const most = Math.floor((limits.body_bytes - ROOM) * 0.75);
  if (file.size === 0) return "This file is empty.";
  if (file.size <= most) return undefined;
  const size = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MB`;
  return `This file has ${size(file.size)}; the page takes at most ${size(most)}. Use the command: creatorcast ${command} LIST`;
}

/** Give the bytes of a file in base64. */
export function base64Of(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Error("The browser cannot read this file. Choose it again."));
    reader.readAsDataURL(file);
  });
}

/** The name of a file without its ending. */
export function stem(name) {
  return name.replace(/\.\w+$/, "") || "list";
}
