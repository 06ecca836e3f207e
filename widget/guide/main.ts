/* The Guide's document, in its sandboxed iframe: the button, and the menu of the channels a page offers.
 *
 * Layers, weakest first: widget (ours), guide (the branding), channel (the page's setCustomCss, which comes after the branding). */
import { contrast, onWhite, parse, readable } from "../frame/colors";
import { rightToLeft } from "../frame/phrases";
import { channelSheet } from "../frame/sheets";
import type { FromGuideFrame, GuideView, ToGuideFrame } from "../shared/guide";
import { MARGIN } from "../shared/types";
import css from "./styles.css?inline";

type Children = (Node | string | undefined | false)[];

function make<T extends keyof HTMLElementTagNameMap>(tag: T, attributes: Record<string, string | undefined | (() => void)>, ...children: Children): HTMLElementTagNameMap[T] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child): child is Node | string => !!child));
  return element;
}

/** Line icons (paths from Tabler Icons, MIT). */
const ICONS = {
  chat: "M3 20l1.3 -3.9c-2.324 -3.437 -1.426 -7.872 2.1 -10.374c3.526 -2.501 8.59 -2.296 11.845 .48c3.255 2.777 3.695 7.266 1.029 10.501c-2.666 3.235 -7.615 4.215 -11.574 2.293l-4.7 1M8.5 12h.01M12 12h.01M15.5 12h.01",
  down: "M6 9l6 6l6 -6",
  next: "M9 6l6 6l-6 6",
};

function icon(name: keyof typeof ICONS): SVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [attribute, value] of Object.entries({ viewBox: "0 0 24 24", "aria-hidden": "true", class: "cg-icon cg-icon-" + name })) svg.setAttribute(attribute, value);
  svg.append(document.createElementNS(space, "path"));
  svg.firstElementChild!.setAttribute("d", ICONS[name]);
  return svg;
}

const BLUE = "#1f4e8c";

class Frame {
  #tell: (message: FromGuideFrame) => void;
  #view: GuideView;
  #root = make("div", { id: "cxone-guide-container", class: "be-template" });
  #branding: HTMLStyleElement;
  #sheets: HTMLStyleElement[] = [];
  #full = false;
  #observer = new ResizeObserver(() => this.#measure());
  #launcher: [number, number] = [0, 0];

  constructor(tell: (message: FromGuideFrame) => void, view: GuideView) {
    this.#tell = tell;
    this.#view = view;
    const style = () => document.head.appendChild(document.createElement("style"));
    this.#branding = style();
    style().textContent = css;
    document.body.append(this.#root);
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#view.phase === "menu") this.#tell({ type: "open", open: false });
    });
    this.#dress();
    this.#draw();
  }

  receive(message: ToGuideFrame): void {
    if (message.type === "place") this.#full = message.full;
    else {
      this.#view = { ...this.#view, focus: undefined, ...message.data };
      this.#dress();
    }
    this.#draw();
  }

  #dress(): void {
    const { look, locale, words, sheets, fontSize } = this.#view;
    const page = document.documentElement;
    page.lang = locale.replaceAll("_", "-") || "en";
    page.dir = rightToLeft(locale) ? "rtl" : "ltr";
    document.title = words.title ?? "Guide";
    const set = (name: string) => (typeof look[name] === "string" ? look[name] : "");
    const ground = (name: string, usual: string) => parse(set(name)) ?? parse(usual)!;
    const ink = (color: [number, number, number], wanted: string) => `rgb(${readable(color, parse(wanted)).join(" ")})`;
    const button = ground("button", set("accent") || set("header") || BLUE);
    const header = ground("header", set("button") || set("accent") || BLUE);
    const accent = ground("accent", set("button") || set("header") || BLUE);
    const paper = ground("background", "#fff");
    const text = ink(paper, set("text"));
    // What is written in the accent's colour has to be read on the menu's ground.
    const words_ = contrast(paper, accent) >= 4.5 ? accent : contrast(paper, onWhite(accent)) >= 4.5 ? onWhite(accent) : undefined;
    const rgb = (color: [number, number, number]) => `rgb(${color.join(" ")})`;
    const size = fontSize || (set("font_size") && set("font_size") + "px");
    this.#branding.textContent =
      "@layer widget,guide,channel;@layer guide{:root{" +
      `--cg-button:${rgb(button)};--cg-on-button:${ink(button, set("button_text"))};` +
      `--cg-header:${rgb(header)};--cg-on-header:${ink(header, set("header_text"))};` +
      `--cg-accent:${words_ ? rgb(words_) : text};--cg-paper:${rgb(paper)};--cg-ink:${text};` +
      `--cg-size:${Number(look.button_size) || 60}px;` +
      (set("radius") && `--cg-radius:${set("radius")}px;`) +
      `}${set("font") && `body{font-family:${set("font")}}`}${size && `body{font-size:${size}}`}}`;
    for (const [i, text] of sheets.entries()) {
      const sheet = (this.#sheets[i] ??= document.head.appendChild(document.createElement("style")));
      const layered = channelSheet(text);
      if (sheet.textContent !== layered) sheet.textContent = layered;
    }
    for (const sheet of this.#sheets.splice(sheets.length)) sheet.remove();
  }

  #draw(): void {
    const { phase, focus, look } = this.#view;
    // What has the focus is found again by its key: the elements are made anew.
    const held = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.key : undefined;
    this.#root.className = `be-template cg-${look.position === "left" ? "left" : "right"}${this.#full ? " cg-full" : ""}`;
    this.#observer.disconnect();
    this.#root.replaceChildren(...(phase === "nothing" ? [] : [phase === "menu" ? this.#menu() : this.#button()]));
    if (this.#root.firstElementChild) this.#observer.observe(this.#root.firstElementChild);
    const find = (key: string | undefined) => (key ? this.#root.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`) : null);
    if (focus !== undefined) (find(focus) ?? this.#root.querySelector<HTMLElement>("[data-begin]") ?? find("button"))?.focus();
    else find(held)?.focus();
    this.#measure();
  }

  #button(): HTMLElement {
    const { words, look, offers } = this.#view;
    const unread = offers.reduce((sum, { unread }) => sum + unread, 0);
    const round = look.shape !== "words";
    const label = words.button ?? "";
    return make(
      "button",
      {
        type: "button",
        class: `cg-launcher ${round ? "cg-round" : "cg-words"}`,
        "data-selector": "GUIDE_CHANNEL_BUTTON",
        "data-key": "button",
        "aria-haspopup": "dialog",
        "aria-expanded": "false",
        "aria-label": round ? label + (unread ? ` (${unread})` : "") : undefined,
        click: () => this.#tell({ type: "open", open: true }),
      },
      icon("chat"),
      !round && make("span", {}, label),
      unread > 0 && make("b", { class: "cg-badge", "aria-hidden": round ? "true" : undefined }, String(unread > 99 ? "99+" : unread)),
    );
  }

  #menu(): HTMLElement {
    const { words, offers } = this.#view;
    const word = (name: string) => words[name] ?? "";
    const someone = offers.some(({ online }) => online);
    return make(
      "section",
      { class: "cg-panel", "data-selector": "GUIDE_FRAME_CONTENT", role: "dialog", "aria-labelledby": "cg-title", tabindex: "-1", "data-key": "panel" },
      make(
        "header",
        { class: "cg-header", "data-selector": "PORTAL_HEADER" },
        make("h1", { id: "cg-title", "data-selector": "PORTAL_TITLE" }, word("title")),
        make(
          "button",
          { type: "button", class: "cg-close", "data-key": "close", "aria-label": word("close"), title: word("close"), click: () => this.#tell({ type: "open", open: false }) },
          icon("down"),
        ),
      ),
      make(
        "div",
        { class: "cg-body", "data-selector": "PORTAL_BODY" },
        make("p", { class: "cg-intro" }, someone ? word("intro") : word("none")),
        make(
          "ul",
          {},
          ...offers.map(({ channel, label, online, unread }, number) =>
            make(
              "li",
              { "data-selector": `GUIDE_CHANNEL_BUTTON_${number + 1}`, class: "cg-offer" },
              make(
                "button",
                { type: "button", "data-selector": "BEGIN_CHAT", "data-key": channel, "data-begin": "", click: () => this.#tell({ type: "choose", channel }) },
                icon("chat"),
                make(
                  "span",
                  { class: "cg-what" },
                  make("strong", {}, label),
                  make("span", { class: online ? "cg-state cg-online" : "cg-state" }, make("i", { "aria-hidden": "true" }), word(online ? "online" : "offline")),
                  online && make("span", { class: "cg-begin" }, word("begin")),
                ),
                unread > 0 && make("b", { class: "cg-badge" }, String(unread > 99 ? "99+" : unread)),
                icon("next"),
              ),
            ),
          ),
        ),
      ),
    );
  }

  /** Tells the page what room there has to be. */
  #measure = (): void => {
    const { phase, look, words } = this.#view;
    const box = this.#root.firstElementChild?.getBoundingClientRect();
    if (phase === "button" && box) this.#launcher = [box.width + 2 * MARGIN, box.height + 2 * MARGIN];
    const most = Number(look.height) || 560;
    const body = this.#root.querySelector<HTMLElement>(".cg-body");
    const header = this.#root.querySelector<HTMLElement>(".cg-header");
    const needed = body && header ? header.offsetHeight + body.scrollHeight : most;
    this.#tell({
      type: "size",
      open: phase === "menu",
      launcher: phase === "nothing" ? [0, 0] : this.#launcher,
      window: [(Number(look.width) || 380) + 2 * MARGIN, Math.min(most, Math.max(needed, 160)) + 2 * MARGIN],
      title: (phase === "menu" ? words.title : words.button) ?? "Guide",
    });
  };
}

function take(event: MessageEvent): void {
  const port = event.ports[0];
  if (event.source !== parent || (event.data as { chatadmin?: string } | null)?.chatadmin !== "port" || !port) return;
  removeEventListener("message", take);
  let frame: Frame | undefined;
  port.onmessage = ({ data }: MessageEvent<ToGuideFrame>) => {
    if (data.type === "configure") frame ??= new Frame((message) => port.postMessage(message), data.data);
    else frame?.receive(data);
  };
}
addEventListener("message", take);
