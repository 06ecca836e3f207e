/* One chat on a page: puts the channel JSON, the conversation, the iframe and the page's commands together. */
import type { Ask, ChannelConfig, Configure, Told, ToHost, View } from "../shared/types";
import { ServerError, type Connection, type PushEvent } from "./connection";
import { str } from "./json";
import { PageFrame, type Place } from "./page";
import { Session } from "./session";
import { refusal } from "./socket";
import type { Store } from "./store";

const AVAILABILITY_EVERY = 60_000;

export interface Environment {
  frameUrl: string;
  channel: string;
  /** No chat: says why. */
  refused?(error: ServerError): void;
  lasting: Store;
  tab: Store;
  load(locale: string): Promise<ChannelConfig>;
  availability?: () => Promise<string>;
  /** What the window asks for once in a while. */
  ask?: (asked: Ask, session: Session, locale: string) => Promise<Told>;
  connect(config: ChannelConfig, identity: Session["identity"], signIn: { code?: string; verifier?: string }): Connection;
  /** What the channel's JavaScript, inside the window, calls. */
  command(widget: Widget, args: unknown[]): void;
  container?: HTMLElement;
  preview?: boolean;
}

/** What the Guide that shows a chat wants of it and hears of it. */
export interface Guided {
  /** The channel's settings, with the Guide's in their place. */
  config(config: ChannelConfig): ChannelConfig;
  turned(open: boolean): void;
  seen(patch: Partial<View>): void;
  /** There is no such chat for this page. */
  gone(): void;
}

type Listener = { types?: string[]; call: (event: PushEvent) => void };

export class Widget {
  readonly options: {
    code?: string;
    verifier?: string;
    hidePreSurvey?: boolean;
    external: string[];
    /** Instead of the channel's CSS. */
    css?: string;
    /** CSS added by the page, by its key. */
    sheets: Map<string, string>;
    /** The first message that is sent by itself: whether, and what; "" = the window's words. */
    begin: { wanted?: boolean; text: string };
    showFirst?: boolean;
  } = { external: [], sheets: new Map(), begin: { text: "" } };
  started = false;
  guided?: Guided;
  #config?: ChannelConfig;
  #session?: Session;
  #frame?: PageFrame;
  #waiting: ((session: Session) => void)[] = [];
  #place: Place = { side: "right" };
  #look: Partial<Configure> = {};
  #phrases: Record<string, string> = {};
  /** A tag, or the visitor's languages in their order. */
  #locale = navigator.languages.join();
  #listeners: Listener[] = [];
  #frameListens = false;
  #wantsOpen: boolean;
  #opened = false;

  #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
    this.#wantsOpen = !!environment.tab.get("open");
  }

  /** Once; everything the page said before counts from the start. */
  async start(): Promise<void> {
    this.started = true;
    const environment = this.#environment;
    // The window's document travels while the settings do.
    const frame = (this.#frame = new PageFrame(environment.frameUrl, environment.container, this.#place, (message) => this.#receive(message)));
    try {
      this.#config = this.#guide(await this.#loadPatiently());
    } catch (error) {
      frame.remove();
      this.guided?.gone();
      this.#explain(error);
      return;
    }
    const config = this.#config;
    this.#begin();
    if (config.widget?.position === "left") this.setPlace({ side: "left" });
    frame.post({ type: "configure", data: this.#configuration(), view: this.#session!.view() });
    if (this.#session!.known || this.#wantsOpen) this.#session!.start();
    const { availability } = environment;
    if (!config.isLiveChat || !availability) return;
    // A live channel comes and goes, by its hours and its agents, also on a page that is left open.
    const look = () => {
      if (document.hidden) return;
      availability()
        .then((status) => this.#session!.setAvailable(status !== "offline"))
        .catch(() => undefined);
    };
    setInterval(look, AVAILABILITY_EVERY);
    document.addEventListener("visibilitychange", look);
  }

  #begin(): void {
    const environment = this.#environment;
    const config = this.#config;
    const identity = () => this.#session!.identity();
    this.#session = new Session({
      config: config!,
      connection: environment.connect(config!, identity, this.options),
      lasting: environment.lasting,
      tab: environment.tab,
      hideSurvey: () => !!this.options.hidePreSurvey,
      showFirst: () => !!this.options.showFirst,
      show: (patch) => {
        this.#frame!.post({ type: "view", data: patch });
        this.guided?.seen(patch);
      },
      pushed: (event) => this.#tell(event),
      external: (type, message) => {
        if (this.options.external.includes(type)) {
          window.postMessage({ actionType: type, channelId: environment.channel, messageId: message.id, message: { id: message.id, text: message.text } }, location.origin);
        }
      },
    });
    for (const act of this.#waiting.splice(0)) act(this.#session);
  }

  /** A network that is not there yet is waited for; a refusal is not argued with. */
  async #loadPatiently(): Promise<ChannelConfig> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#environment.load(this.#locale);
      } catch (error) {
        if (error instanceof ServerError || attempt === 3) throw error;
        await new Promise((done) => setTimeout(done, 1000 * 2 ** attempt));
      }
    }
  }

  #explain(error: unknown): void {
    if (error instanceof ServerError) this.#environment.refused?.(error);
    else console.error("[chat] The environment could not be reached. With a Content-Security-Policy, allow its address in connect-src.", error);
  }

  // ---- for commands

  withSession(act: (session: Session) => void): void {
    if (this.#session) act(this.#session);
    else this.#waiting.push(act);
  }

  setCustomer(id: string): void {
    this.withSession((session) => {
      const running = session.running;
      session.setCustomer(id);
      if (!running) return;
      // The line speaks for the former customer: a new one is opened.
      session.stop();
      this.#begin();
      this.#frame?.post({ type: "view", data: this.#session!.view() });
      this.#session!.start();
    });
  }

  /** Changes of how the window looks or begins; before it is there they are part of its start. */
  set(look: Partial<Configure>): void {
    Object.assign(this.#look, look);
    if (this.#config) this.#frame?.post({ type: "update", data: look });
  }

  dress(): void {
    if (this.#config) this.#frame?.post({ type: "update", data: { css: this.#css() } });
  }

  translate(phrases: Record<string, unknown>): void {
    for (const [id, text] of Object.entries(phrases)) if (typeof text === "string") this.#phrases[id] = text;
    if (this.#config) this.#frame?.post({ type: "update", data: { phrases: this.#allPhrases() } });
  }

  setLocale(locale: string): void {
    if (!locale || locale === this.#locale) return;
    this.#locale = locale;
    if (!this.#config) return;
    this.#environment
      .load(locale)
      // Of two changes in a row the later one counts, whichever answer comes last.
      .then((config) => locale === this.#locale && this.update(config))
      .catch((error: unknown) => this.#explain(error));
  }

  setPlace(place: Partial<Place>): void {
    Object.assign(this.#place, place);
    this.#frame?.setPlace(place);
  }

  open(open: boolean): void {
    if (this.#config) this.#frame?.post({ type: "open", open });
    else this.#wantsOpen = open;
  }

  subscribe(callback: unknown, types?: string[]): void {
    if (typeof callback === "function") this.#listeners.push({ types, call: callback as Listener["call"] });
    else console.warn("[chat] A push update needs a function to call.");
  }

  // ---- for the preview

  /** New settings without a reload; true when the frame has to be loaded anew (its JavaScript changed). */
  update(config = this.#config): void {
    const before = this.#config;
    if (!before || !config) return;
    this.#config = config = this.#guide(config);
    this.#session?.ask(config, !!this.#environment.preview);
    this.setPlace({ side: config.widget?.position === "left" ? "left" : "right" });
    this.#frame?.post({
      type: "update",
      data: { config, locale: this.#shownLocale(), phrases: this.#allPhrases(), css: this.#css() },
    });
  }

  reload(): void {
    this.#frame?.remove();
    this.#frame = new PageFrame(this.#environment.frameUrl, this.#environment.container, this.#place, (message) => this.#receive(message));
    if (this.#session) this.#frame.post({ type: "configure", data: this.#configuration(), view: this.#session.view() });
  }

  destroy(): void {
    this.#session?.stop();
    this.#frame?.remove();
  }

  // ---- the frame

  #guide = (config: ChannelConfig): ChannelConfig => this.guided?.config(config) ?? config;

  #shownLocale = (): string => this.#config?.translationsLocale || this.#locale.split(",")[0]!;

  #css = (): string[] => [this.options.css ?? this.#config!.customCss ?? "", ...this.options.sheets.values()];

  #allPhrases(): Record<string, string> {
    const served = Object.entries(this.#config?.translations ?? {}).filter(([, text]) => text);
    return { ...Object.fromEntries(served), ...this.#phrases };
  }

  #configuration(): Configure {
    return {
      config: this.#config!,
      locale: this.#shownLocale(),
      phrases: this.#allPhrases(),
      css: this.#css(),
      preview: !!this.#environment.preview,
      open: this.#wantsOpen,
      draft: this.#environment.tab.get("draft") ?? "",
      ...this.#look,
    };
  }

  #tell(event: PushEvent): void {
    if (this.#frameListens) this.#frame?.post({ type: "push", event });
    for (const { types, call } of this.#listeners) {
      if (types && !types.includes(event.eventType)) continue;
      try {
        call(event);
      } catch (error) {
        console.error("[chat] A push update's function failed.", error);
      }
    }
  }

  /** The frame runs the channel's JavaScript: what comes from it is checked, not trusted. */
  #receive(message: ToHost): void {
    const session = this.#session;
    const frame = this.#frame;
    if (!session || !frame) return;
    switch (message.type) {
      case "size":
        frame.element.title = str(message.title).slice(0, 100);
        frame.resize(message.open === true, message.launcher, message.window);
        this.#turned(message.open === true);
        break;
      case "send":
        session.send(str(message.text), str(message.postback) || undefined);
        break;
      case "files":
        if (Array.isArray(message.files)) session.sendFiles(message.files.filter((file) => file instanceof File));
        break;
      case "retry":
        session.retry(str(message.id));
        break;
      case "cancel":
        session.cancel(str(message.id));
        break;
      case "typing":
        session.typing(message.on === true);
        break;
      case "seen":
        if (!document.hidden) session.seen();
        break;
      case "draft":
        this.#environment.tab.set("draft", str(message.text) || undefined);
        session.preview(str(message.text));
        break;
      case "ask":
        void this.#environment.ask?.(message, session, this.#shownLocale()).then((told) => frame.post({ type: "view", data: { told } }));
        break;
      case "survey":
        session.answer(Object.fromEntries(Object.entries(Object(message.values) as Record<string, unknown>).map(([ident, value]) => [ident, str(value)])), message.done === true);
        break;
      case "thread":
        session.select(str(message.id));
        break;
      case "new":
        session.begin();
        break;
      case "archive":
        session.archive(str(message.id));
        break;
      case "older":
        session.older();
        break;
      case "end":
        session.end();
        break;
      case "subscribe":
        this.#frameListens = true;
        break;
      case "first":
        session.sendFirst(str(message.text));
        break;
      case "command":
        if (Array.isArray(message.args)) this.#environment.command(this, message.args);
    }
  }

  #turned(open: boolean): void {
    if (open === this.#opened) return;
    this.#opened = this.#wantsOpen = open;
    this.#environment.tab.set("open", open ? "1" : undefined);
    this.guided?.turned(open);
    if (open) this.#session!.start();
  }
}

export async function loadChannel(base: string, brand: string, channel: string, locale: string): Promise<ChannelConfig> {
  const answer = await fetch(`${base}/chat/1.0/brand/${brand}/channel/${channel}?locale=${encodeURIComponent(locale.replaceAll("-", "_"))}`, {
    credentials: "omit",
  });
  if (!answer.ok) throw await refusal(answer);
  return (await answer.json()) as ChannelConfig;
}
