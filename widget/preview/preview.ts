/* The real widget on a draft, in the console: the same host and the same frame, with a scripted line instead of a socket. */
import { runFromFrame } from "../host/commands";
import { memoryStore } from "../host/store";
import { Widget } from "../host/widget";
import type { ChannelConfig } from "../shared/types";
import { french } from "./french";
import { drawPage } from "./page";
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

export { mountGuide } from "./guide";

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
