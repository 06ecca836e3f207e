/* The host of a page's chats: takes the loader's calls in order. */
import type * as Commands from "./commands";
import type * as Guide from "./guide";
import { obj, str } from "./json";
import { SocketConnection } from "./socket";
import { openStores, remembered } from "./store";
import { PageFrame } from "./page";
import { loadChannel, Widget, type Guided } from "./widget";

const VERSION = "1.0.0";

/** …/loader/1/host-<hash>.js belongs to the environment at … */
const base = new URL(/* @vite-ignore */ "../..", import.meta.url).href.replace(/\/$/, "");

const widgets = new Map<string, Widget>();
/** Commands for a chat that is not there yet, with the channel they name, or "". */
let before: { channel: string; args: unknown[] }[] = [];
let latest: Widget | undefined;
/** As `cxone("init", brand)` says it, for the Guide. */
let brandOfPage = "";
let guide: Promise<typeof Guide> | undefined;

let commands: typeof Commands | undefined;
const waiting: (() => unknown)[] = [];

/** The page's commands run in their order, once their code is there; `bare` is what needs none of it. */
function inOrder(act: () => unknown, bare?: boolean): unknown {
  if (commands || (bare && !waiting.length)) return act();
  if (waiting.push(act) > 1) return;
  void import("./commands")
    .then(
      (loaded) => (commands = loaded),
      (error: unknown) => console.error("[chat] The page's commands could not be loaded.", error),
    )
    .then(() => {
      for (const one of waiting.splice(0)) {
        try {
          one();
        } catch (error) {
          console.error("[chat] A command failed.", error);
        }
      }
    });
}

function init(brand: string, channel: string): void {
  if (!/^\d+$/.test(brand) || !/^[\w-]+$/.test(channel)) {
    void import("./explain").then(({ noId }) => noId());
    return;
  }
  chat(brand, channel);
}

function chat(brand: string, channel: string, guided?: Guided): Widget {
  const key = brand + ":" + channel;
  const known = widgets.get(key);
  const widget = (latest = known ?? create(brand, channel));
  if (guided) widget.guided = guided;
  if (known) {
    if (guided) known.update();
    return known;
  }
  widgets.set(key, widget);
  const mine = before.filter((one) => !one.channel || one.channel === channel);
  // A Guide has several chats: what the page said before holds for each.
  if (!guided) before = before.filter((one) => !mine.includes(one));
  for (const { args } of mine) commands?.run(widget, args);
  void widget.start();
  return widget;
}

function create(brand: string, channel: string): Widget {
  const { lasting, tab } = openStores(base, brand, channel);
  return new Widget({
    frameUrl: `${base}/frame/1/${brand}/${channel}`,
    channel,
    refused: (error) => void import("./explain").then(({ explain }) => explain(error, channel)),
    lasting,
    tab,
    command: (widget, args) => inOrder(() => commands?.runFromFrame(widget, args)),
    load: (locale) => loadChannel(base, brand, channel, locale),
    availability: async () => str(obj(await (await fetch(`${base}/chat/1.0/brand/${brand}/channel/${channel}/availability`)).json()).status),
    ask: async (...asked) => (await import("./asking")).ask(`${base}/chat/1.0/brand/${brand}/channel/${channel}`, ...asked),
    connect: (config, identity, { code, verifier }) =>
      new SocketConnection({
        base,
        brand,
        channel,
        visitor: remembered(lasting, "visitor"),
        version: VERSION,
        secured: config.settings?.features?.securedSessions === true,
        mode: config.isSecuredCookieEnabled ? "cookie" : config.isAuthorizationEnabled ? "oauth" : "anonymous",
        code,
        verifier,
        store: lasting,
        tab,
        identity,
      }),
  });
}

/** One call of the page: `["chat", name, …]`, `["chat:<channel>", name, …]` for one of several, or `["guide", …]`. */
export function deliver([area, ...args]: unknown[]): unknown {
  const [kind, channel = ""] = str(area).split(":");
  if (kind === "guide") {
    const host = { base, brand: brandOfPage, PageFrame, openStores, chat, widgets };
    guide = (guide ?? import("./guide")).then((code) => (code.run(host, args), code));
  } else if (kind === "init") brandOfPage = str(args[0]);
  else if (args[0] === "init") inOrder(() => init(str(args[1]), str(args[2])), true);
  else
    return inOrder(() => {
      const widget = channel ? [...widgets].find(([key]) => key.endsWith(":" + channel))?.[1] : latest;
      if (widget) return commands?.run(widget, args);
      before.push({ channel, args });
    });
}
