/* The host of a page's chats: takes the loader's calls in order. */
import { run } from "./commands";
import { obj, str } from "./json";
import { SocketConnection } from "./socket";
import { openStores, remembered } from "./store";
import { loadChannel, Widget } from "./widget";

const VERSION = "1.0.0";

/** …/loader/1/host-<hash>.js belongs to the environment at … */
const base = new URL(/* @vite-ignore */ "../..", import.meta.url).href.replace(/\/$/, "");

const widgets = new Map<string, Widget>();
const prelude: unknown[][] = [];
let latest: Widget | undefined;
let guideAsked = false;

function init(brand: string, channel: string): void {
  if (!/^\d+$/.test(brand) || !/^[\w-]+$/.test(channel)) {
    console.error("[chat] init needs the brand's number and the channel's id, as the channel's page “Initialization and test” shows them.");
    return;
  }
  const key = brand + ":" + channel;
  const known = widgets.get(key);
  latest = known ?? create(brand, channel);
  if (known) return;
  widgets.set(key, latest);
  for (const [name, ...args] of prelude) run(latest, name, args);
  void latest.start();
}

function create(brand: string, channel: string): Widget {
  const { lasting, tab } = openStores(base, brand, channel);
  return new Widget({
    frameUrl: `${base}/frame/1/${brand}/${channel}`,
    channel,
    lasting,
    tab,
    load: (locale) => loadChannel(base, brand, channel, locale),
    availability: async () => str(obj(await (await fetch(`${base}/chat/1.0/brand/${brand}/channel/${channel}/availability`)).json()).status),
    connect: (config, identity, code) =>
      new SocketConnection({
        base,
        brand,
        channel,
        visitor: remembered(lasting, "visitor"),
        version: VERSION,
        secured: config.settings?.features?.securedSessions === true,
        mode: config.isSecuredCookieEnabled ? "cookie" : config.isAuthorizationEnabled ? "oauth" : "anonymous",
        code,
        store: lasting,
        identity,
      }),
  });
}

/** One call of the page, `["chat", name, …]` or `["guide", …]`. */
export function deliver([area, name, ...args]: unknown[]): void {
  if (area === "guide") {
    if (!guideAsked) console.warn("[chat] This environment shows no Guide: start the chat with cxone('chat', 'init', brand, channel).");
    guideAsked = true;
  } else if (name === "init") init(str(args[0]), str(args[1]));
  else if (latest) run(latest, name, args);
  else prelude.push([name, ...args]);
}
