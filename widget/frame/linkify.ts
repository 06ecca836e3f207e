/* Web addresses in a message's text. */
export type Piece = string | { href: string; text: string };

const ADDRESS = /\b(?:https?:\/\/|www\.)[^\s<>"“”«»]+/gi;

/** The text in pieces that together are the text; links are http and https only. */
export function linkify(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const found of text.matchAll(ADDRESS)) {
    let shown = found[0];
    // What ends a sentence is not part of the address, nor is a bracket it did not open.
    for (;;) {
      const last = shown.at(-1)!;
      const open = { ")": "(", "]": "[", "}": "{" }[last];
      const unopened = open && shown.split(last).length > shown.split(open).length;
      if (!unopened && !/[.,;:!?'’…*_]/.test(last)) break;
      shown = shown.slice(0, -1);
    }
    let url: URL;
    try {
      url = new URL(/^www/i.test(shown) ? "https://" + shown : shown);
    } catch {
      continue;
    }
    if (found.index > from) pieces.push(text.slice(from, found.index));
    pieces.push({ href: url.href, text: shown });
    from = found.index + shown.length;
  }
  if (from < text.length) pieces.push(text.slice(from));
  return pieces;
}
