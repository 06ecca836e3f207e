import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox } from "../host/outbox";
import { memoryStore } from "../host/store";

const item = (id: string) => ({ id, thread: "t", at: 1, data: {} });
const ids = (items: readonly { id: string }[]) => items.map(({ id }) => id);

test("a message is handed out once per connection, in the order of writing", () => {
  const box = new Outbox(memoryStore());
  box.add(item("a"));
  box.add(item("b"));
  assert.deepEqual(ids(box.take()), ["a", "b"]);
  assert.deepEqual(ids(box.take()), []);
  box.add(item("c"));
  assert.deepEqual(ids(box.take()), ["c"]);
});

test("after a broken line only what the server has not confirmed is sent again", () => {
  const box = new Outbox(memoryStore());
  for (const id of ["a", "b", "c"]) box.add(item(id));
  box.take();
  box.settle("b");
  box.land();
  assert.deepEqual(ids(box.take()), ["a", "c"]);
});

test("confirming twice, or a stranger's message, changes nothing", () => {
  const box = new Outbox(memoryStore());
  box.add(item("a"));
  assert.equal(box.settle("a"), true);
  assert.equal(box.settle("a"), false);
  assert.equal(box.settle("x"), false);
});

test("a refused message waits for the visitor, then goes out again under the same id", () => {
  const box = new Outbox(memoryStore());
  box.add(item("a"));
  box.take();
  box.refuse("a", "why");
  box.land();
  assert.deepEqual(ids(box.take()), []);
  assert.equal(box.all[0]!.failed, "why");
  box.retry("a");
  assert.deepEqual(ids(box.take()), ["a"]);
});

test("it outlives the page, and rubbish in the storage does not stop it", () => {
  const store = memoryStore();
  new Outbox(store).add(item("a"));
  assert.deepEqual(ids(new Outbox(store).take()), ["a"]);
  for (const rubbish of ["{", "null", "[1, null, {}]", '"x"']) {
    store.set("outbox", rubbish);
    assert.deepEqual(new Outbox(store).all, []);
  }
});
