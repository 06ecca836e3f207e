/* Compares the built widget with its size budget (brotli, as served) and fails when it is over. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { brotliCompressSync } from "node:zlib";

const folder = resolve(import.meta.dirname, "../static/widget");
const manifest = JSON.parse(await readFile(resolve(folder, "manifest.json"), "utf8"));

async function size(...names) {
  let sum = 0;
  for (const name of names) sum += brotliCompressSync(await readFile(resolve(folder, manifest[name]))).length;
  return sum;
}

const budget = [
  ["loader", 3 * 1024, await size("loader")],
  ["chat window (host, frame, document)", 30 * 1024, await size("host", "frame", "document")],
  ["  host", null, await size("host")],
  ["  frame", null, await size("frame")],
  ["Pre-contact form (when a channel asks)", null, await size("survey")],
  ["Files (with the first file)", null, await size("files")],
  ["Offline form, transcript, menu (when asked for)", null, await size("livechat", "asking")],
  ["Sign-in (when a channel asks)", null, await size("signin")],
  ["Guide, page side (when a page asks)", null, await size("guide")],
  ["Guide, button and menu", 10 * 1024, await size("guideframe", "guidedocument")],
  ["Commands (when a page uses them)", null, await size("commands")],
  ["Adaptive Cards (with the first card)", null, await size("cards")],
];

let over = false;
for (const [name, limit, bytes] of budget) {
  const verdict = limit === null ? "" : bytes > limit ? "  OVER its budget of " : "  of ";
  if (limit !== null && bytes > limit) over = true;
  console.log(`${name.padEnd(40)}${(bytes / 1024).toFixed(2).padStart(7)} KB${verdict}${limit === null ? "" : limit / 1024 + " KB"}`);
}
process.exit(over ? 1 : 0);
