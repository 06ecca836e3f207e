/* The file of the snippet: takes over the stub's queue and fetches the rest when a chat is asked for.
 *
 * It holds neither import.meta nor static imports, so it runs as a module and, for the older snippet, as a classic
 * script; the build makes `import("./host/main")` relative to this file for both. */

type Call = ArrayLike<unknown>;
interface Entry {
  (...args: unknown[]): unknown;
  q?: Call[];
  live?: true;
}
type Page = Window & Record<string, unknown>;

const page = window as unknown as Page;
const say = (text: string, error?: unknown) => console.error("[chat] " + text, ...(error ? [error] : []));

/* One list for both spellings: the order in which the page called is the order in which the host sees it. */
const calls: unknown[][] = [];
let deliver: ((call: unknown[]) => unknown) | undefined;
let asked = false;
const warned = new Set<string>();

function take(call: unknown[]): unknown {
  const [area, act] = call;
  // "chat:<channel id>" is one of several chats on a page.
  if (!/^(chat(:.*)?|guide|init)$/.test(String(area))) {
    const name = String(area);
    if (!warned.has(name)) {
      warned.add(name);
      console.warn(`[chat] Unknown command “${name}”: it was ignored. Commands of the chat begin with "chat", as in cxone("chat", "setLocale", "fr").`);
    }
    return;
  }
  if (deliver) return deliver(call);
  calls.push(call);
  if (act !== "init" || asked) return;
  asked = true;
  if (self.origin === "null") {
    return say(
      "This page has no web address of its own (a local file, or a sandboxed frame), so the chat refuses it. " +
        "Serve it over http or https, e.g. with “python -m http.server”, and add that address to the channel's allowed domains.",
    );
  }
  // Beside the host, not after it; what is wrong with it the host says.
  if (calls.some(([area, act]) => area !== "init" && area !== "guide" && act !== "init")) import("./host/commands").catch(() => undefined);
  if (calls.some(([area]) => area === "guide")) import("./host/guide").catch(() => undefined);
  import("./host/main").then(
    (host) => {
      deliver = host.deliver;
      for (const one of calls.splice(0)) deliver(one);
    },
    (error) =>
      say("The chat's code could not be loaded. With a Content-Security-Policy, allow this address in script-src.", error),
  );
}

function takeOver(name: unknown, old: boolean): void {
  if (typeof name !== "string" || !name) return;
  const stub = page[name] as Entry | undefined;
  if (stub?.live) return;
  const live: Entry = (...args) => {
    try {
      // The older snippet has no word for the area: brandembassy('init', brand, channel).
      return take(old ? ["chat", ...args] : args);
    } catch (error) {
      say("A command failed.", error);
    }
  };
  live.live = true;
  const drain = (from?: Entry) => {
    for (const call of Array.from(from?.q ?? [])) live(...Array.from(call));
  };
  try {
    // A snippet pasted twice sets its stub again, and a module is run once per address: keep answering.
    Object.defineProperty(page, name, { configurable: true, enumerable: true, get: () => live, set: drain });
  } catch {
    page[name] = live;
  }
  drain(stub);
}

try {
  takeOver(page.CXoneDfo, false);
  takeOver(page.BrandEmbassy, true);
} catch (error) {
  say("The chat could not start.", error);
}
