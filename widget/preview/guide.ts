/* The real button and menu of a Guide on a draft, in the console: the same frame, with offers that are all there. */
import { placeOf, viewOf } from "../host/guide";
import { PageFrame } from "../host/page";
import type { FromGuideFrame, GuideDocument, GuideView, Offer } from "../shared/guide";
import { drawPage } from "./page";
import type { Preview } from "./preview";

/** What the environment would serve, by language. */
export type GuideDocuments = Record<string, GuideDocument>;

export interface GuidePreviewOptions {
  /** Where the console serves guide.html with the sandbox policy. */
  frameUrl: string;
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
  const view = (more: Partial<GuideView> = {}) => viewOf(document(), offers(), open ? "menu" : "button", more);
  const frame = new PageFrame(options.frameUrl, container, placeOf(document()), (message) => {
    const said = message as unknown as FromGuideFrame;
    if (said.type === "size") {
      frame.element.title = String(said.title).slice(0, 200);
      frame.resize(said.open, said.launcher, said.window);
    } else if (said.type === "open") turn(said.open);
  });
  frame.post({ type: "configure", data: view() } as never);
  const turn = (to: boolean) => {
    open = to;
    frame.post({ type: "update", data: view({ focus: to ? "" : "button" }) } as never);
  };
  return {
    update(next, { locale: wanted = locale, theme } = {}) {
      config = next;
      locale = wanted;
      backdrop.paint(theme);
      frame.setPlace(placeOf(document()));
      frame.post({ type: "update", data: view() } as never);
    },
    open: () => turn(true),
    close: () => turn(false),
    destroy() {
      frame.remove();
      backdrop.remove();
    },
  };
}
