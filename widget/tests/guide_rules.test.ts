/* The rules of entry points: what guide/rules.py decides, by the same vectors. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { address, decide, fits, judge, type Rule } from "../host/guide_rules";

const vectors = JSON.parse(readFileSync("guide/tests/rules_vectors.json", "utf8")) as (Rule & { url: string; fits: boolean })[];

test("a rule fits an address as the vectors say", () => {
  assert.ok(vectors.length > 40);
  for (const one of vectors) assert.equal(fits(one, address(one.url)), one.fits, JSON.stringify(one));
});

test("the first entry point that is for a page wins, and what excludes comes first", () => {
  const rule = (effect: string, how: string, value: string): Rule => ({ effect, how, value });
  const shop = { id: "shop", rules: [rule("include", "glob", "/shop/**"), rule("exclude", "contains", "checkout")] };
  const rest = { id: "rest", rules: [rule("exclude", "equals", "/legal")] };
  assert.equal(decide([shop, rest], "https://x.example/shop/1"), shop);
  assert.equal(decide([shop, rest], "https://x.example/shop/checkout"), rest);
  assert.equal(decide([shop, rest], "https://x.example/legal/"), undefined);
  assert.deepEqual(judge(shop.rules, address("https://x.example/shop/checkout")), { outcome: "excluded", rule: 1 });
  assert.deepEqual(judge(shop.rules, address("https://x.example/")), { outcome: "no_match", rule: null });
  assert.deepEqual(judge([], address("https://x.example/")), { outcome: "every_page", rule: null });
});
