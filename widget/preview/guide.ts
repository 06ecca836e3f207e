/* The real button and menu of a Guide on a draft, in the console: the same frame, with offers that are all there. */
import { runFromFrame } from "../host/commands";
import { placeOf, viewOf } from "../host/guide";
import { PageFrame } from "../host/page";
import { memoryStore } from "../host/store";
import { Widget } from "../host/widget";
import type { FromGuideFrame, GuideDocument, GuideView, Offer } from "../shared/guide";
import type { ChannelConfig } from "../shared/types";
import { french } from "./french";
import { drawPage } from "./page";
import type { Preview } from "./preview";
import { ScriptedConnection } from "./script";

/** What the environment would serve, by language. */
export type GuideDocuments = Record<string, GuideDocument>;

export interface GuidePreviewOptions {
  /** Where the console serves guide.html with the sandbox policy. */
  frameUrl: string;
  /** Where it serves the chat window's document. */
  chatUrl: string;
  config: GuideDocuments;
  locale?: string;
  theme?: "light" | "dark";
}

export function mountGuide(container: HTMLElement, options: GuidePreviewOptions): Omit<Preview, "update"> & { update(config: GuideDocuments, options?: { locale?: string; theme?: "light" | "dark" }): void } {
  let { config, locale = "en" } = options;
  const backdrop = drawPage(container);
  backdrop.paint(options.theme);
  let open = true;
  const document = () => config[locale] ?? Object.values(config)[0]!;
  /** The entry point that offers most, so that there is a menu to see: rules are the tester's business. */
  const most = () => document().entries.reduce<Offer[]>((found, { channels }) => (channels.length > found.length ? channels : found), []);
  const offers = (): GuideView["offers"] =>
    most().map(({ channel, label }, at) => ({ channel, label, online: at === 0 || at % 3 !== 2, unread: 0 }));
  let chatting = false;
  let chat: Widget | undefined;
  const view = (more: Partial<GuideView> = {}) => viewOf(document(), offers(), chatting ? "nothing" : open ? "menu" : "button", more);
  const frame = new PageFrame(options.frameUrl, container, placeOf(document()), (message) => {
    const said = message as unknown as FromGuideFrame;
    if (said.type === "size") {
      frame.element.title = String(said.title).slice(0, 200);
      frame.resize(said.open, said.launcher, said.window);
    } else if (said.type === "open") turn(said.open);
    else if (said.type === "choose") choose();
  });
  frame.post({ type: "configure", data: view() } as never);
  const turn = (to: boolean) => {
    open = to;
    frame.post({ type: "update", data: view({ focus: to ? "" : "button" }) } as never);
  };
  /** A chat window with the Guide's branding and nothing of a channel's. */
  const chatConfig = (): ChannelConfig => ({
    translations: /^fr/.test(locale) ? french : {},
    translationsLocale: locale,
    settings: { hasMultipleThreadsPerEndUser: false },
    widget: { position: placeOf(document()).side },
    guideCss: document().css,
  });
  const choose = () => {
    if (!chat) {
      chat = new Widget({
        frameUrl: options.chatUrl,
        lasting: memoryStore(),
        tab: memoryStore(),
        channel: "preview",
        command: runFromFrame,
        load: () => Promise.resolve(chatConfig()),
        connect: (_config, identity) => new ScriptedConnection(() => locale, identity),
        container,
        preview: true,
      });
      chat.guided = {
        config: (one) => one,
        turned(shown) {
          if (shown || !chatting) return;
          chatting = false;
          turn(true);
        },
        seen: () => undefined,
        gone: () => undefined,
      };
      void chat.start();
    }
    chatting = true;
    chat.setPlace(placeOf(document()));
    chat.open(true);
    frame.post({ type: "update", data: view() } as never);
  };
  return {
    update(next, { locale: wanted = locale, theme } = {}) {
      config = next;
      locale = wanted;
      backdrop.paint(theme);
      frame.setPlace(placeOf(document()));
      chat?.update(chatConfig());
      chat?.setPlace(placeOf(document()));
      frame.post({ type: "update", data: view() } as never);
    },
    open() {
      if (!chatting) turn(true);
    },
    close() {
      chatting = false;
      chat?.open(false);
      turn(false);
    },
    destroy() {
      chat?.destroy();
      frame.remove();
      backdrop.remove();
    },
  };
}
