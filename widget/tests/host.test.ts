import assert from "node:assert/strict";
import { test } from "node:test";
import { toMessage, webAddress } from "../host/messages";
import { backoff, refusal } from "../host/socket";
import { memoryStore, openStores, remembered, uuid } from "../host/store";

test("waiting between attempts doubles, ends at half a minute, and is never the same for all", () => {
  assert.equal(backoff(0, 1), 500);
  assert.equal(backoff(3, 1), 4000);
  assert.equal(backoff(3, 0), 2000);
  assert.equal(backoff(60, 1), 30_000);
});

test("a refusal is read in both of the contract's shapes", async () => {
  const answer = (status: number, body: string) => refusal(new Response(body, { status }));
  assert.equal((await answer(403, '{"error":{"errorCode":"OriginNotAllowed","errorMessage":"no"}}')).code, "OriginNotAllowed");
  assert.equal((await answer(403, '{"errorCode":"ip_blocked","error":{"errorCode":"IpBlocked"}}')).code, "ip_blocked");
  assert.equal((await answer(404, "<html>")).code, "NotFound");
  assert.equal((await answer(502, "")).code, "HTTP 502");
});

test("an id has the form of RFC 9562 with and without the browser's own", () => {
  const form = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  assert.match(uuid(), form);
  const own = Object.getOwnPropertyDescriptor(Crypto.prototype, "randomUUID")!;
  Object.defineProperty(Crypto.prototype, "randomUUID", { value: undefined, configurable: true });
  try {
    assert.match(uuid(), form);
    assert.notEqual(uuid(), uuid());
  } finally {
    Object.defineProperty(Crypto.prototype, "randomUUID", own);
  }
});

test("a visitor is remembered, also where storage is denied", () => {
  const store = memoryStore();
  assert.equal(remembered(store, "customer"), remembered(store, "customer"));
  // Node has no localStorage: as denied as it gets.
  const { lasting } = openStores("https://chat.example", "1", "chat_x");
  assert.equal(remembered(lasting, "customer"), remembered(lasting, "customer"));
});

test("quick replies, cards, links and texts of the contract become what the window shows", () => {
  const base = { idOnExternalPlatform: "1", direction: "outbound", createdAt: "2026-01-01T00:00:00Z", authorUser: { firstName: "A", surname: "B" } };
  const shown = (messageContent: unknown) => toMessage({ ...base, messageContent })!;
  assert.equal(shown({ type: "TEXT", payload: { text: "hi" } }).text, "hi");
  assert.equal(shown({ type: "TEXT", payload: { text: "hi" } }).author, "A B");
  assert.deepEqual(shown({ type: "QUICK_REPLIES", payload: { text: { content: "?" }, actions: [{ text: "yes", postback: "y" }, {}] } }).replies, [
    { text: "yes", postback: "y" },
  ]);
  const card = { type: "AdaptiveCard", body: [] };
  assert.equal(shown({ type: "ADAPTIVE_CARD", payload: card }).card, card);
  assert.equal(shown({ type: "ADAPTIVE_CARD", payload: { card } }).card, card);
  assert.equal(shown({ type: "RICH_LINK", payload: { url: "javascript:alert(1)", title: { content: "x" } } }).link, "");
  assert.equal(shown({ type: "NOT_YET_KNOWN", payload: {}, fallbackText: "see the web" }).text, "see the web");
});

test("a message of any shape is read or left out, never thrown at", () => {
  for (const value of [null, 1, "x", [], {}, { id: {} }, { id: 1, messageContent: [], attachments: [null, 1, { url: "data:x" }] }]) {
    assert.doesNotThrow(() => toMessage(value));
  }
  assert.equal(toMessage({}), undefined);
  assert.equal(webAddress(undefined), "");
});
