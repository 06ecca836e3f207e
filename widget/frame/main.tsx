/* The chat window's document: takes the port from the page around it, rewrites itself with the channel's CSS and
 * JavaScript, and shows the conversation.
 *
 * It is rewritten with document.open so that the channel's script, which waits for the window's load event, sees a real
 * one, with the chat already in the document. Text of the channel never goes through document.write: the script is set as a
 * node's text, so nothing in it can end it early. */
import { render } from "preact";
import { MARGIN, type Configure, type Size, type ToFrame, type ToHost, type View } from "../shared/types";
import { App } from "./app";
import { palette } from "./colors";
import { clock, phrasebook, rightToLeft } from "./phrases";
import { channelSheet } from "./sheets";
import type { Model } from "./model";
import widgetCss from "./styles.css?inline";

function take(event: MessageEvent): void {
  const port = event.ports[0];
  if (event.source !== parent || (event.data as { chatadmin?: string } | null)?.chatadmin !== "port" || !port) return;
  removeEventListener("message", take);
  const tell = (message: ToHost) => port.postMessage(message);
  let frame: Frame | undefined;
  port.onmessage = ({ data }: MessageEvent<ToFrame>) => {
    if (data.type === "configure") frame ??= new Frame(tell, data.data, data.view);
    else frame?.receive(data);
  };
}
addEventListener("message", take);

type PushListener = { types?: string[]; call: (event: unknown) => void };

class Frame {
  #model: Model;
  #root!: Element;
  #styles: Record<"widget" | "colors" | "guide", HTMLStyleElement>;
  /** The channel's and the page's, each an element of its own: what is broken in one does not reach the next. */
  #sheets: HTMLStyleElement[] = [];
  #listeners: PushListener[] = [];
  #scheduled = false;
  #launcher: Size = [0, 0];
  #watched: Element | null = null;
  #observer = new ResizeObserver(() => this.#measure());

  #tell: (message: ToHost) => void;

  constructor(
    tell: (message: ToHost) => void,
    conf: Configure,
    view: View,
  ) {
    this.#tell = tell;
    this.#model = {
      conf,
      view,
      ...this.#words(conf),
      phase: "closed",
      full: false,
      sound: false,
      tell,
      toggle: (open, focus) => void this.#toggle(open, focus),
      setSound: (on) => {
        this.#model.sound = on;
        if (on) sound();
        this.#draw();
      },
    };
    document.open();
    document.write(
      '<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover">' +
        '<meta name="color-scheme" content="light"><title>Chat</title></head><body class="be-template"><div id="be-chat-container" class="be-template"></div>',
    );
    this.#root = document.getElementById("be-chat-container")!;
    this.#styles = { colors: this.#style(), widget: this.#style(), guide: this.#style() };
    this.#styles.widget.textContent = widgetCss;
    this.#dress();
    this.#offerCommands();
    this.#now();
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented && this.#model.phase === "open") void this.#toggle(false);
    });
    for (const type of ["focus", "visibilitychange"]) addEventListener(type, this.#seen);
    document.addEventListener("visibilitychange", this.#seen);
    this.#runChannelScripts();
    document.close();
    tell({ type: "ready" });
    this.#measure();
    if (conf.open) void this.#toggle(true, false);
  }

  receive(message: ToFrame): void {
    const model = this.#model;
    switch (message.type) {
      case "view": {
        const before = model.view;
        model.view = { ...before, ...message.data };
        if (model.sound && model.view.unread > before.unread) sound();
        this.#seen();
        break;
      }
      case "update":
        model.conf = { ...model.conf, ...message.data };
        Object.assign(model, this.#words(model.conf));
        this.#dress();
        break;
      case "place":
        model.full = message.full;
        break;
      case "open":
        void this.#toggle(message.open);
        return;
      case "push":
        for (const { types, call } of this.#listeners) {
          if (types && !types.includes((message.event as { eventType?: string }).eventType ?? "")) continue;
          try {
            call(message.event);
          } catch (error) {
            console.error(error);
          }
        }
        return;
    }
    this.#draw();
  }

  // ---- appearance

  #words = ({ phrases, locale }: Configure) => ({ say: phrasebook(phrases, locale), clock: clock(locale) });

  #style(): HTMLStyleElement {
    return document.head.appendChild(document.createElement("style"));
  }

  #dress(): void {
    const { conf, say } = this.#model;
    const page = document.documentElement;
    page.lang = conf.locale.replaceAll("_", "-") || "en";
    page.dir = rightToLeft(conf.locale) ? "rtl" : "ltr";
    document.title = say("customerChat");
    // The first style of the document: it names the layers in their order.
    this.#styles.colors.textContent = `@layer widget,channel,guide;@layer widget{${palette(conf.config.colors)}}`;
    this.#styles.guide.textContent = conf.config.guideCss ?? "";
    for (const [i, text] of conf.css.entries()) {
      const css = channelSheet(text);
      const sheet = (this.#sheets[i] ??= this.#style());
      if (sheet.textContent !== css) sheet.textContent = css;
    }
    for (const sheet of this.#sheets.splice(conf.css.length)) sheet.remove();
  }

  #draw(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#now();
    });
  }

  #now(): void {
    const held = document.hasFocus() && document.activeElement !== document.body;
    render(<App model={{ ...this.#model }} />, this.#root);
    // What had the focus is gone: the keyboard goes on where one writes, not from the top.
    if (held && document.activeElement === document.body && this.#model.phase === "open") this.#focus();
    // Other words, another launcher, another look: another size.
    const launcher = this.#root.querySelector(".cw-launcher");
    if (launcher === this.#watched) return;
    this.#watched = launcher;
    this.#observer.disconnect();
    if (launcher) this.#observer.observe(launcher);
    // Not left to the observer: a browser lets a frame rest of which nothing is seen.
    this.#measure();
  }

  // ---- open and closed

  /** Tells the page what room there has to be. */
  #measure = (): void => {
    const { phase, say } = this.#model;
    const open = phase === "open" || phase === "closing";
    const launcher = this.#root.querySelector(".cw-launcher")?.getBoundingClientRect();
    if (!open) this.#launcher = launcher ? [launcher.width + 2 * MARGIN, launcher.height + 2 * MARGIN] : [0, 0];
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
    this.#tell({
      type: "size",
      open,
      launcher: this.#launcher,
      window: [24 * rem + 2 * MARGIN, 42 * rem + 2 * MARGIN],
      title: say(open ? "chatWindowOpen" : "customerChat"),
    });
  };

  /** `focus`: the visitor asked for it, so the caret goes where they will type. */
  async #toggle(open: boolean, focus = true): Promise<void> {
    const model = this.#model;
    if (open === (model.phase === "open")) return;
    model.phase = open ? "open" : "closing";
    this.#now();
    if (open) {
      this.#measure();
      if (focus) this.#focus();
      this.#seen();
      return;
    }
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) await pause(110);
    if (model.phase !== "closing") return;
    model.phase = "closed";
    this.#now();
    this.#measure();
    if (focus) this.#root.querySelector<HTMLElement>(".cw-launcher")?.focus();
  }

  /** On a touch screen the keyboard does not come up by itself. */
  #focus(): void {
    this.#root.querySelector<HTMLElement>(matchMedia("(pointer: fine)").matches ? "[data-autofocus]" : ".cw-window")?.focus();
  }

  #seen = (): void => {
    if (this.#model.phase === "open" && this.#model.view.thread && this.#model.view.unread && document.visibilityState === "visible") {
      this.#tell({ type: "seen" });
    }
  };

  // ---- the channel's own code

  #offerCommands(): void {
    const listen = (call: unknown, types?: string[]) => {
      if (typeof call !== "function") return;
      this.#listeners.push({ types, call: call as PushListener["call"] });
      this.#tell({ type: "subscribe" });
    };
    const cxone = (...args: unknown[]): void => {
      const [area, name, ...rest] = args;
      if (area === "chat" && name === "onPushUpdate") listen(rest[1], Array.isArray(rest[0]) ? rest[0].map(String) : []);
      else if (area === "chat" && name === "onAnyPushUpdate") listen(rest[0]);
      else {
        try {
          this.#tell({ type: "command", args });
        } catch {
          console.warn("[chat] This command's arguments cannot leave the chat window.");
        }
      }
    };
    const page = parent;
    const offered = { cxone, brandembassy: (...args: unknown[]) => cxone("chat", ...args) };
    Object.assign(window, offered);
    // Scripts written for a window of the page's own origin say parent.cxone(…); of the page itself they get no more than before.
    const posting = (...args: [unknown, string, Transferable[]?]) => page.postMessage(...args);
    Object.defineProperty(window, "parent", { value: { ...offered, postMessage: posting } });
  }

  #runChannelScripts(): void {
    const { customJs, customJsFiles } = this.#model.conf.config;
    for (const file of Array.isArray(customJsFiles) ? customJsFiles : []) {
      const address = typeof file === "string" ? file : (file as { url?: string } | null)?.url;
      if (!address || !/^https:\/\//.test(address)) continue;
      const script = document.createElement("script");
      script.async = false;
      script.src = address;
      document.body.append(script);
    }
    if (!customJs) return;
    const script = document.createElement("script");
    script.textContent = customJs + "\n//# sourceURL=channel.js";
    document.body.append(script);
  }
}

/** Fetched by those who turn it on. */
const sound = () => void import("./beep").then(({ beep }) => beep());

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
