import assert from "node:assert/strict";
import { test } from "node:test";
import { linkify } from "../frame/linkify";
import { webAddress } from "../host/messages";

const text = (pieces: ReturnType<typeof linkify>) => pieces.map((piece) => (typeof piece === "string" ? piece : piece.text)).join("");
const links = (words: string) => linkify(words).flatMap((piece) => (typeof piece === "string" ? [] : [piece.href]));

test("a sentence's end and brackets are not part of an address", () => {
  assert.deepEqual(links("See https://example.com/a_(b), or (www.example.org)."), ["https://example.com/a_(b)", "https://www.example.org/"]);
  assert.deepEqual(links("Vraiment « https://example.com/é » ?"), ["https://example.com/%C3%A9"]);
  assert.deepEqual(links("https://example.com/?q=a&b=c#d!"), ["https://example.com/?q=a&b=c#d"]);
});

test("the pieces are the text, whatever it holds", () => {
  for (const words of ["", "no link", "https://", "http://[", "www.", "a https://x.y z", "<a href='https://x.y'>", "https://x.y\nhttps://z.w"]) {
    assert.equal(text(linkify(words)), words);
  }
});

test("nothing but http and https becomes a link", () => {
  assert.deepEqual(links("javascript:alert(1) data:text/html,x vbscript:x file:///etc java\nscript:https"), []);
  assert.equal(webAddress("javascript:alert(1)"), "");
  assert.equal(webAddress(" \tjavascript:alert(1)"), "");
  assert.equal(webAddress("https://example.com/x"), "https://example.com/x");
});
