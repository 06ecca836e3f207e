import assert from "node:assert/strict";
import { test } from "node:test";
import { contrast, onWhite, palette, parse, readable } from "../frame/colors";

test("an ink that cannot be read on its ground is replaced by one that can", () => {
  const white = parse("#fff")!;
  const orange = parse("#faac4b")!;
  assert.deepEqual(readable(orange, parse("#000000")), [0, 0, 0]);
  assert.notDeepEqual(readable(orange, white), white);
  for (const color of ["#000000", "#777777", "#ffffff", "#ff0000", "#00ff00", "#0000ff", "#faac4b"]) {
    const ground = parse(color)!;
    assert.ok(contrast(ground, readable(ground)) >= 4.5, color);
    assert.ok(contrast(onWhite(ground), white) >= 4.5, color);
  }
});

test("what is no colour falls back, and cannot leave its rule", () => {
  const css = palette({ theme: "red;}body{display:none", button: "url(x)" });
  assert.doesNotMatch(css, /display|url/);
  assert.match(css, /^:root\{[^{}]+\}$/);
});
