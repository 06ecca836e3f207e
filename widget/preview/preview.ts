/* The real widget on a draft, in the console: the same host and the same frame, with a scripted line instead of a socket. */
import { runFromFrame } from "../host/commands";
import { memoryStore } from "../host/store";
import { Widget } from "../host/widget";
import type { ChannelConfig } from "../shared/types";
import { french } from "./french";
import { ScriptedConnection } from "./script";

export interface PreviewOptions {
  /** Where the console serves frame.html with the sandbox policy. */
  frameUrl: string;
  /** Channel JSON of the draft. */
  config: ChannelConfig;
  locale?: string;
  /** Of the page drawn behind the chat. */
  theme?: "light" | "dark";
  /** Begin where a newcomer does: with the pre-contact form, and no conversation. */
  begin?: boolean;
}

export interface Preview {
  /** CSS, colours, launcher and phrases at once; changed JavaScript loads the window anew, when typing pauses. */
  update(config: ChannelConfig, options?: { locale?: string; theme?: "light" | "dark" }): void;
  open(): void;
  close(): void;
  destroy(): void;
}

const PAUSE = 500;

export function mount(container: HTMLElement, options: PreviewOptions): Preview {
  let { config, locale = navigator.language } = options;
  const backdrop = drawPage(container);
  backdrop.paint(options.theme);
  const tab = memoryStore();
  tab.set("open", "1");
  const localised = (): ChannelConfig => ({
    ...config,
    translations: config.translations ?? (/^fr/i.test(locale) ? french : {}),
    translationsLocale: config.translationsLocale || locale,
  });
  const widget = new Widget({
    frameUrl: options.frameUrl,
    lasting: memoryStore(),
    tab,
    channel: "preview",
    command: runFromFrame,
    load: () => Promise.resolve(localised()),
    connect: (_config, identity) => new ScriptedConnection(() => config.translationsLocale || locale, identity, options.begin),
    container,
    preview: true,
  });
  void widget.start();
  let running = script(config);
  let timer: number | undefined;
  return {
    update(next, more = {}) {
      config = next;
      locale = more.locale ?? locale;
      if (more.theme) backdrop.paint(more.theme);
      widget.update(localised());
      clearTimeout(timer);
      if (script(next) === running) return;
      timer = window.setTimeout(() => {
        running = script(next);
        widget.reload();
      }, PAUSE);
    },
    open: () => widget.open(true),
    close: () => widget.open(false),
    destroy() {
      clearTimeout(timer);
      widget.destroy();
      backdrop.remove();
    },
  };
}

const script = (config: ChannelConfig) => JSON.stringify([config.customJs ?? "", config.customJsFiles ?? []]);

/** A web page in outline, so that the launcher stands somewhere; nothing in it is read or clicked. */
function drawPage(container: HTMLElement) {
  const page = document.createElement("div");
  page.setAttribute("aria-hidden", "true");
  const set = (element: HTMLElement, rules: Record<string, string>) => {
    for (const [name, value] of Object.entries(rules)) element.style.setProperty(name, value);
    return element;
  };
  set(page, { position: "absolute", inset: "0", overflow: "hidden", padding: "7%", "border-radius": "inherit", "box-sizing": "border-box" });
  const bars = ["38%", "100%", "94%", "97%", "61%", "0", "30%", "100%", "92%", "72%"].map((width, i) => {
    const bar = document.createElement("div");
    const title = i === 0 || width === "30%";
    page.append(set(bar, { width, height: title ? "16px" : "9px", "margin-bottom": title ? "20px" : "13px", "border-radius": "6px" }));
    return bar;
  });
  if (getComputedStyle(container).position === "static") container.style.setProperty("position", "relative");
  container.prepend(page);
  return {
    paint(theme: "light" | "dark" = "light") {
      const dark = theme === "dark";
      set(page, { background: dark ? "#181b21" : "#f5f6f8" });
      for (const bar of bars) set(bar, { background: dark ? "#262b33" : "#e3e6eb" });
    },
    remove: () => page.remove(),
  };
}
