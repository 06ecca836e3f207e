/* The Guide on a page: fetches what the brand's Guides say, decides by the page's address which entry point it is, shows button and
 * menu, and opens the chats. A chunk of its own, loaded when a page asks for the Guide; what it needs of the host is handed to it. */
import type { FromGuideFrame, GuideDocument, GuideEntry, GuideView, Offer, ToGuideFrame } from "../shared/guide";
import type { ChannelConfig, View } from "../shared/types";
import { decide } from "./guide_rules";
import type { PageFrame, Place } from "./page";
import type { openStores } from "./store";
import type { Guided, Widget } from "./widget";

export interface Host {
  /** The environment. */
  base: string;
  /** As `cxone("init", brand)` said it. */
  brand: string;
  PageFrame: typeof PageFrame;
  openStores: typeof openStores;
  /** Chats there are, by brand:channel. */
  widgets: ReadonlyMap<string, Widget>;
  /** The chat of a channel, begun if it is not there yet. */
  chat(brand: string, channel: string, guided: Guided): Widget;
}

const AVAILABILITY_EVERY = 60_000;
const ADDRESS_EVERY = 400;

const said = new Set<string>();
function warn(text: string): void {
  if (said.has(text)) return;
  said.add(text);
  console.warn("[guide] " + text);
}

const str = (value: unknown): string => (typeof value === "string" ? value : typeof value === "number" ? String(value) : "");

/** A CSS length or a number of pixels. */
function length(value: unknown): string | undefined {
  const text = /^\d+(\.\d+)?$/.test(str(value).trim()) ? str(value).trim() + "px" : str(value).trim();
  if (text && CSS.supports("width", text) && !/[;{}!]/.test(text)) return text;
  warn(`“${str(value)}” is not a CSS length.`);
}

function pixels(value: unknown): number | undefined {
  const number = parseFloat(str(value));
  if (Number.isFinite(number) && number >= 0) return number;
  warn(`“${str(value)}” is not a number of pixels.`);
}

/** What the frame shows of a document: also for the console's preview. */
export function viewOf(document: GuideDocument, offers: GuideView["offers"], phase: GuideView["phase"], more: Partial<GuideView> = {}): GuideView {
  return { look: document.look, words: document.words, locale: document.locale, sheets: [], phase, offers, ...more };
}

/** Where the frame stands. */
export function placeOf({ look }: GuideDocument): Place {
  return { side: look.position === "left" ? "left" : "right", x: Number(look.offset_x) || 0, y: Number(look.offset_y) || 0 };
}

class Guide {
  /** As the latest call has it: the brand may have been said since. */
  host: Host;
  #asked = "";
  #locale = "";
  #documents: GuideDocument[] = [];
  #document?: GuideDocument;
  #entry?: GuideEntry;
  #frame?: PageFrame;
  #box?: HTMLElement;
  #menu = false;
  /** The channel whose window is open, or "". */
  #open = "";
  #chats = new Map<string, Widget>();
  #unread = new Map<string, number>();
  /** false: offline; null: this page may not show it. */
  #online = new Map<string, boolean | null>();
  #sheets = new Map<string, string>();
  #place: Partial<Place> = {};
  #view: Partial<GuideView> = {};
  #look: Record<string, unknown> = {};
  #fields: [string, string][] = [];
  #wanted = false;
  #href = "";
  #asking = 0;
  #focus?: string;

  constructor(host: Host) {
    this.host = host;
  }

  init(asked: unknown): void {
    const { base, brand } = this.host;
    if (!/^\d+$/.test(brand)) {
      console.error('[guide] The brand is not known: cxone("init", brand) has to come before cxone("guide", "init").');
      return;
    }
    this.#asked = str(asked);
    const locale = str((asked as { locale?: unknown } | null | undefined)?.locale);
    if (locale) this.#locale = locale;
    void this.#load(`${base}/guide/1/${brand}?locale=${encodeURIComponent((this.#locale || navigator.languages.join()).replaceAll("-", "_"))}`);
  }

  async #load(url: string): Promise<void> {
    let answer: Response | undefined;
    for (let attempt = 0; !answer; attempt++) {
      try {
        answer = await fetch(url, { credentials: "omit" });
      } catch (error) {
        if (attempt === 3) {
          console.error("[guide] The environment could not be reached. With a Content-Security-Policy, allow its address in connect-src.", error);
          return;
        }
        await new Promise((done) => setTimeout(done, 1000 * 2 ** attempt));
      }
    }
    const body = (await answer.json().catch(() => ({}))) as { guides?: GuideDocument[]; error?: { errorMessage?: string } };
    if (!answer.ok || !body.guides) {
      console.error("[guide] " + (body.error?.errorMessage ?? `The environment answered ${answer.status}.`));
      return;
    }
    this.#documents = body.guides;
    if (this.#asked && !this.#documents.some(({ entries }) => entries.some(({ id }) => id === this.#asked))) {
      console.error(`[guide] There is no entry point “${this.#asked}” in this brand's Guides, or this page may not show it.`);
    }
    this.#watch();
    this.#turn();
  }

  /** A web application changes the address without a new page. */
  #watch(): void {
    if (this.#href) return;
    this.#href = location.href;
    const look = () => {
      if (this.#href === location.href) return;
      this.#href = location.href;
      this.#turn();
    };
    for (const type of ["popstate", "hashchange"]) addEventListener(type, look);
    // Where there is no Navigation API, nothing tells of history.pushState, and the page's own functions are left alone.
    const { navigation } = window as { navigation?: EventTarget };
    if (navigation) navigation.addEventListener("currententrychange", look);
    else window.setInterval(look, ADDRESS_EVERY);
    document.addEventListener("visibilitychange", this.#again);
  }

  #again = (): void => {
    if (this.#asking && !document.hidden) void this.#ask();
  };

  /** Which entry point this address leads to. */
  #turn(): void {
    const named = (entries: GuideEntry[]) => entries.find(({ id }) => id === this.#asked);
    let document: GuideDocument | undefined;
    let entry: GuideEntry | undefined;
    for (document of this.#documents) {
      entry = this.#asked ? named(document.entries) : decide(document.entries, location.href);
      if (entry) break;
    }
    this.#entry = entry;
    if (!entry) this.#menu = false;
    if (entry && document && document !== this.#document) {
      this.#document = document;
      this.#frame?.remove();
      this.#frame = undefined;
    }
    for (const { channel } of entry?.channels ?? []) this.#resume(channel);
    this.#draw();
    void this.#ask();
  }

  /** A conversation that was begun before shows what is new, and a window that was open opens again. A chat that the page has begun
   * itself becomes the Guide's: its launcher goes. */
  #resume(channel: string): void {
    const { lasting, tab } = this.host.openStores(this.host.base, this.host.brand, channel);
    if (lasting.get("begun") || tab.get("open") || this.host.widgets.has(this.host.brand + ":" + channel)) this.#chat(channel);
  }

  async #ask(): Promise<void> {
    const { base, brand } = this.host;
    const asked = this.#offered();
    await Promise.all(
      asked.map(async ({ channel }) => {
        try {
          const answer = await fetch(`${base}/chat/1.0/brand/${brand}/channel/${channel}/availability`, { credentials: "omit" });
          if (answer.ok) this.#online.set(channel, ((await answer.json()) as { status?: string }).status !== "offline");
          else this.#refused(channel, answer.status);
        } catch {
          // A network that is away is no reason to take an offer back.
        }
      }),
    );
    this.#draw();
  }

  #refused(channel: string, status: number): void {
    this.#online.set(channel, null);
    warn(`Channel ${channel} is not offered: the environment answered ${status}. Is this page's domain among its allowed domains?`);
  }

  /** What the page offers, and after that conversations that were begun on another page of this visit. */
  #offered(): Offer[] {
    const here = this.#entry?.channels ?? [];
    const all = this.#document?.entries.flatMap(({ channels }) => channels) ?? [];
    const begun = [...this.#chats.keys()]
      .filter((channel) => !here.some((one) => one.channel === channel) && this.host.openStores(this.host.base, this.host.brand, channel).lasting.get("begun"))
      .map((channel) => all.find((one) => one.channel === channel))
      .filter((one): one is Offer => !!one);
    return [...here, ...begun];
  }

  #offers(): GuideView["offers"] {
    return this.#offered()
      .filter(({ channel, hideOffline }) => {
        const online = this.#online.get(channel);
        if (online === null) return false;
        // Until it is known, what hides when offline is not shown: a button that goes away again is worse than one that comes late.
        return !hideOffline || online === true || this.#chats.has(channel);
      })
      .map(({ channel, label }) => ({ channel, label, online: this.#online.get(channel) !== false, unread: this.#unread.get(channel) ?? 0 }));
  }

  #draw(): void {
    const document = this.#document;
    if (!document) return;
    const offers = this.#offers();
    if (!offers.length) this.#menu = false;
    const phase = this.#open || !offers.length ? "nothing" : this.#menu ? "menu" : "button";
    clearInterval(this.#asking);
    // The button shows no availability, but what hides when offline has to come by itself, on a page that is left open as well.
    this.#asking = phase === "menu" || (!this.#open && this.#offered().some(({ hideOffline }) => hideOffline)) ? window.setInterval(this.#again, AVAILABILITY_EVERY) : 0;
    const view = viewOf(document, offers, phase, { ...this.#view, look: { ...document.look, ...this.#look }, sheets: [...this.#sheets.values()], focus: this.#focus });
    this.#focus = undefined;
    if (!this.#frame) {
      if (phase === "nothing") return;
      this.#frame = new this.host.PageFrame(
        `${this.host.base}/frame/1/${this.host.brand}/${document.id}`,
        undefined,
        { ...placeOf(document), inside: this.#container(), ...this.#place },
        (message) => this.#receive(message as unknown as FromGuideFrame),
      );
      this.#post({ type: "configure", data: view });
      if (this.#wanted) {
        this.#wanted = false;
        this.#show(true);
      }
      return;
    }
    this.#post({ type: "update", data: view });
  }

  /** One element in the page holds the Guide, under the name that pages' own styles know. */
  #container(): HTMLElement {
    if (!this.#box) {
      this.#box = document.createElement("div");
      this.#box.id = "cxone-guide-container";
      document.body.append(this.#box);
    }
    return this.#box;
  }

  #post(message: ToGuideFrame): void {
    this.#frame?.post(message as never);
  }

  #receive(message: FromGuideFrame): void {
    const frame = this.#frame;
    if (!frame) return;
    if (message.type === "size") {
      frame.element.title = str(message.title).slice(0, 200);
      frame.resize(message.open === true, message.launcher, message.window);
    } else if (message.type === "open") this.#show(message.open === true);
    else if (message.type === "choose" && this.#offers().some(({ channel }) => channel === message.channel)) this.#choose(message.channel);
  }

  /** One channel opens at once; several show the menu. */
  #show(open: boolean): void {
    const offers = this.#offers();
    if (open && offers.length === 1) return this.#choose(offers[0]!.channel);
    if (open && this.#open) return;
    this.#menu = open && !!offers.length;
    this.#focus = open ? "" : "button";
    this.#draw();
    if (open) void this.#ask();
  }

  #choose(channel: string): void {
    const chat = this.#chat(channel);
    this.#open = channel;
    chat.open(true);
    this.#draw();
  }

  #chat(channel: string): Widget {
    const known = this.#chats.get(channel);
    if (known) return known;
    const guided: Guided = {
      config: (config: ChannelConfig) => ({
        ...config,
        widget: { ...config.widget, position: str(this.#document?.look.position) },
        guideCss: this.#document?.css ?? "",
      }),
      turned: (open) => this.#turned(channel, open),
      seen: ({ unread }: Partial<View>) => {
        if (unread === undefined || unread === this.#unread.get(channel)) return;
        this.#unread.set(channel, unread);
        this.#draw();
      },
      gone: () => {
        this.#chats.delete(channel);
        this.#online.set(channel, null);
        if (this.#open === channel) this.#open = "";
        this.#draw();
      },
    };
    const chat = this.host.chat(this.host.brand, channel, guided);
    this.#chats.set(channel, chat);
    if (this.#document) chat.setPlace({ ...placeOf(this.#document), ...this.#place });
    this.#fill(chat);
    return chat;
  }

  #fill(chat: Widget): void {
    chat.withSession((session) => {
      for (const [ident, value] of this.#fields) session.setField("contact", ident, value);
    });
  }

  #turned(channel: string, open: boolean): void {
    if (open) this.#open = channel;
    else if (this.#open === channel) {
      this.#open = "";
      // Back to where one came from: with several channels that is the menu.
      this.#menu = this.#offers().length > 1;
      this.#focus = this.#menu ? channel : "button";
    }
    this.#draw();
  }

  // ---- commands

  openMenu(): void {
    if (this.#document && this.#frame) this.#show(true);
    else this.#wanted = true;
  }

  setCustomCss(css: unknown, key?: unknown): void {
    if (key === undefined) this.#sheets.clear();
    else this.#sheets.delete(str(key));
    if (str(css)) this.#sheets.set(str(key), str(css));
    this.#draw();
  }

  setCustomFields(fields: unknown): void {
    const given: [unknown, unknown][] = Array.isArray(fields)
      ? fields.map((one: { ident?: unknown; value?: unknown } | null) => [one?.ident, one?.value])
      : Object.entries(Object(fields) as Record<string, unknown>);
    const good = given.filter(([ident]) => str(ident)).map(([ident, value]): [string, string] => [str(ident), typeof value === "boolean" ? String(value) : str(value)]);
    if (!good.length) return warn("setCustomFields needs a list of { ident, value }.");
    this.#fields.push(...good);
    for (const chat of this.#chats.values()) this.#fill(chat);
  }

  setButtonSize(value: unknown): void {
    this.#change("button_size", pixels(value));
  }

  setOffsetY(value: unknown): void {
    const y = pixels(value);
    if (y !== undefined) this.#move({ y });
  }

  setFontSize(value: unknown): void {
    const fontSize = length(value);
    if (fontSize) this.#view.fontSize = fontSize;
    this.#draw();
  }

  setDesiredGuideWidth(value: unknown): void {
    const width = length(value);
    if (width) this.#move({ width });
  }

  setDesiredGuideHeight(value: unknown): void {
    const height = length(value);
    if (height) this.#move({ height });
  }

  setFullDisplay(): void {
    this.#move({ full: true });
    this.openMenu();
  }

  #change(name: string, value: number | undefined): void {
    if (value === undefined) return;
    this.#look[name] = value;
    this.#draw();
  }

  #move(place: Partial<Place>): void {
    Object.assign(this.#place, place);
    this.#frame?.setPlace(place);
    for (const chat of this.#chats.values()) chat.setPlace(place);
  }
}

const COMMANDS = [
  "init",
  "openMenu",
  "setCustomCss",
  "setCustomFields",
  "setButtonSize",
  "setOffsetY",
  "setFontSize",
  "setDesiredGuideWidth",
  "setDesiredGuideHeight",
  "setFullDisplay",
] as const;

let guide: Guide | undefined;

/** `[name, …]` of `cxone("guide", name, …)`, in the order in which the page made them. */
export function run(host: Host, [name, ...args]: unknown[]): void {
  try {
    guide ??= new Guide(host);
    guide.host = host;
    const command = COMMANDS.find((known) => known === name);
    if (command === "init") guide.init(args[0]);
    else if (command) Reflect.apply(guide[command].bind(guide), undefined, args);
    else {
      const meant = COMMANDS.find((known) => known.toLowerCase() === str(name).toLowerCase());
      warn(`Unknown command “${str(name)}”: it was ignored.${meant ? ` Did you mean “${meant}”?` : ""}`);
    }
  } catch (error) {
    console.error("[guide] A command failed.", error);
  }
}
