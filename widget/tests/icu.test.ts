import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { format, tag, type Values } from "../frame/icu";

interface Vector {
  text: string;
  values: Values;
  locale: string;
  shows: string;
}

test("a message reads as the console's tester and its checks read it", async () => {
  const vectors = JSON.parse(await readFile("translations/tests/icu_vectors.json", "utf8")) as Vector[];
  for (const { text, values, locale, shows } of vectors) assert.equal(format(text, values, locale), shows, text);
});

test("an unknown name stays visible", () => {
  assert.equal(format("Hello {nme}", { name: "Zoé" }, "en"), "Hello {nme}");
});

const QUEUE = "{queue, plural, =0 {next} one {<strong>#</strong> person} other {<strong>#</strong> people}} before {name}";

test("a plural follows the language's rules, and an exact number wins", () => {
  assert.equal(format(QUEUE, { queue: 0, name: "you" }, "en"), "next before you");
  assert.equal(format(QUEUE, { queue: 1, name: "you" }, "en"), "<strong>1</strong> person before you");
  assert.equal(format(QUEUE, { queue: 1200, name: "you" }, "en"), "<strong>1,200</strong> people before you");
  assert.equal(format("{n, plural, one {# jour} other {# jours}}", { n: 1.5 }, "fr"), "1,5 jour");
  assert.equal(format("{n, plural, one {а} few {б} many {в} other {г}}", { n: 3 }, "ru_RU"), "б");
});

test("options nest, and a plural inside a select has its own number", () => {
  const text = "{who, select, me {{n, plural, one {my #} other {my #s}}} other {{n} of {who}}}";
  assert.equal(format(text, { who: "me", n: 2 }, "en"), "my 2s");
  assert.equal(format(text, { who: "them", n: 2 }, "en"), "2 of them");
});

test("a number sign outside a plural is itself", () => {
  assert.equal(format("Case #{n}", { n: 7 }, "en"), "Case #7");
});

test("a broken phrase shows something and never throws", () => {
  for (const text of ["{", "}", "{name", "{n, plural", "{n, plural, }", "{n, plural, one {x}", "{n, plural, few {x}}", "{{}}", "{,}"]) {
    assert.equal(typeof format(text, { n: 1, name: "a" }, "xx_not a locale"), "string");
  }
});

test("locales come in both spellings, and one that is none is English", () => {
  assert.equal(tag("fr_CA"), "fr-CA");
  assert.equal(tag("not a locale"), "en");
});
