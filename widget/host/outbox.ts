/* Messages on their way: kept until the server has them, sent again after a reconnect, never twice as far as the
 * server's own words tell (acknowledgement, MessageCreated, or the recovered conversation). */
import type { Store } from "./store";

export interface Pending {
  /** idOnExternalPlatform of the message. */
  id: string;
  thread: string;
  at: number;
  /** `data` of SendMessage, without thread. */
  data: Record<string, unknown>;
  failed?: string;
}

export class Outbox {
  #items: Pending[];
  /** Ids sent on the present connection. */
  #flying = new Set<string>();

  #store: Store;

  constructor(store: Store) {
    this.#store = store;
    this.#items = [];
    try {
      const stored: unknown = JSON.parse(store.get("outbox") ?? "[]");
      if (Array.isArray(stored)) {
        this.#items = (stored as Pending[]).filter((one) => typeof one?.id === "string" && typeof one.thread === "string");
      }
    } catch {
      /* not ours */
    }
  }

  get all(): readonly Pending[] {
    return this.#items;
  }

  add(item: Pending): void {
    this.#items.push(item);
    this.#keep();
  }

  /** The server has this message. */
  settle(id: string): boolean {
    const before = this.#items.length;
    this.#items = this.#items.filter((item) => item.id !== id);
    this.#flying.delete(id);
    if (before !== this.#items.length) this.#keep();
    return before !== this.#items.length;
  }

  refuse(id: string, why: string): void {
    this.#flying.delete(id);
    for (const item of this.#items) if (item.id === id) item.failed = why;
    this.#keep();
  }

  retry(id: string): void {
    for (const item of this.#items) if (item.id === id) delete item.failed;
    this.#keep();
  }

  /** The connection is gone: what was flying may or may not have arrived. */
  land(): void {
    this.#flying.clear();
  }

  /** What to send now, oldest first; each is handed out once per connection. */
  take(): Pending[] {
    const ready = this.#items.filter((item) => !item.failed && !this.#flying.has(item.id));
    for (const item of ready) this.#flying.add(item.id);
    return ready;
  }

  #keep(): void {
    this.#store.set("outbox", this.#items.length ? JSON.stringify(this.#items) : undefined);
  }
}
