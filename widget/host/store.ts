/* First-party memory of one channel in one environment: localStorage for who the visitor is, sessionStorage for
 * what belongs to this tab; in memory alone where the page has neither (storage denied, private windows). */

export interface Store {
  get(key: string): string | undefined;
  set(key: string, value: string | undefined): void;
}

function wrap(open: () => Storage, prefix: string): Store {
  const memory = new Map<string, string>();
  let storage: Storage | undefined;
  try {
    storage = open();
  } catch {
    /* denied */
  }
  return {
    get(key) {
      try {
        return storage?.getItem(prefix + key) ?? memory.get(key);
      } catch {
        return memory.get(key);
      }
    },
    set(key, value) {
      if (value === undefined) memory.delete(key);
      else memory.set(key, value);
      try {
        if (value === undefined) storage?.removeItem(prefix + key);
        else storage?.setItem(prefix + key, value);
      } catch {
        /* full or denied: memory has it */
      }
    },
  };
}

export function memoryStore(): Store {
  return wrap(() => {
    throw new Error();
  }, "");
}

/** `lasting` is shared by the tabs of this site; `tab` ends with the tab. */
export function openStores(base: string, brand: string, channel: string): { lasting: Store; tab: Store } {
  const prefix = `chat:${base}:${brand}:${channel}:`;
  return { lasting: wrap(() => localStorage, prefix), tab: wrap(() => sessionStorage, prefix) };
}

/** RFC 9562 version 4; crypto.randomUUID is missing on plain http pages. */
export function uuid(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 15) | 64;
  bytes[8] = (bytes[8]! & 63) | 128;
  return Array.from(bytes, (byte, i) => ([4, 6, 8, 10].includes(i) ? "-" : "") + byte.toString(16).padStart(2, "0")).join("");
}

export function remembered(store: Store, key: string): string {
  let value = store.get(key);
  if (!value) store.set(key, (value = uuid()));
  // Another tab may have written between the two lines: what is stored counts.
  return store.get(key) ?? value;
}
