/* The iframe in the host page: where it stands, how large it is, and the port to it.
 *
 * Every style is set through CSSOM with priority: a strict Content-Security-Policy allows that, and the page's own
 * rules for iframes do not win. */
import { MARGIN, type ToFrame, type ToHost } from "../shared/types";

/** Narrower or lower than this (CSS pixels), the open window takes the whole screen. */
const PHONE_WIDTH = 480;
const PHONE_HEIGHT = 400;
const LARGEST_LAUNCHER = { width: 480, height: 200 };

export interface Place {
  side: "left" | "right";
  /** CSS lengths asked for by the page (setWindowWidth, setWindowHeight). */
  width?: string;
  height?: string;
  full?: boolean;
}

const shown: PageFrame[] = [];

export class PageFrame {
  readonly element: HTMLIFrameElement;
  private port?: MessagePort;
  private queue: ToFrame[] = [];
  private size?: { open: boolean; width: number; height: number };
  private full = false;
  private observer?: ResizeObserver;

  constructor(
    url: string,
    private container: HTMLElement | undefined,
    private place: Place,
    receive: (message: ToHost) => void,
  ) {
    const frame = (this.element = document.createElement("iframe"));
    // The answer carries the same sandbox as a header; whichever is stricter holds.
    frame.setAttribute("sandbox", "allow-scripts allow-modals allow-forms allow-popups allow-popups-to-escape-sandbox");
    frame.title = "Chat";
    this.style({
      position: container ? "absolute" : "fixed",
      display: "block",
      visibility: "hidden",
      bottom: "0",
      width: "400px",
      height: "200px",
      "min-width": "0",
      "min-height": "0",
      "max-width": "none",
      "max-height": "none",
      margin: "0",
      padding: "0",
      border: "0",
      opacity: "1",
      transform: "none",
      filter: "none",
      background: "transparent",
      // Equal to the document's own, or the browser paints an opaque canvas behind it on dark pages.
      "color-scheme": "light",
      "z-index": "2147483000",
    });
    // Hidden it must not swallow clicks either.
    frame.addEventListener(
      "load",
      () => {
        const { port1, port2 } = new MessageChannel();
        this.port = port1;
        port1.onmessage = (event: MessageEvent<ToHost>) => {
          if (event.data && typeof event.data === "object") receive(event.data);
        };
        // The frame's origin is opaque, so no target can be named: the message carries the port and nothing else.
        frame.contentWindow?.postMessage({ chatadmin: "port" }, "*", [port2]);
        for (const message of this.queue.splice(0)) port1.postMessage(message);
      },
      { once: true },
    );
    frame.src = url;
    (container ?? document.body ?? document.documentElement).append(frame);
    if (container) {
      this.observer = new ResizeObserver(this.layout);
      this.observer.observe(container);
    } else {
      shown.push(this);
      addEventListener("resize", this.layout);
      window.visualViewport?.addEventListener("resize", this.layout);
    }
  }

  post(message: ToFrame): void {
    if (this.port) this.port.postMessage(message);
    else this.queue.push(message);
  }

  setPlace(place: Partial<Place>): void {
    Object.assign(this.place, place);
    this.layout();
  }

  /** What the frame asks for; a window that claims more than its kind is allowed gets the limit. */
  resize(open: boolean, width: number, height: number): void {
    const within = (value: number, limit: number) => Math.max(0, Math.min(limit, Math.ceil(Number(value) || 0)));
    this.size = open
      ? { open, width: within(width, 4000), height: within(height, 4000) }
      : { open, width: within(width, LARGEST_LAUNCHER.width), height: within(height, LARGEST_LAUNCHER.height) };
    this.layout();
    for (const other of shown) if (other !== this) other.layout();
  }

  remove(): void {
    this.element.remove();
    this.port?.close();
    this.observer?.disconnect();
    removeEventListener("resize", this.layout);
    window.visualViewport?.removeEventListener("resize", this.layout);
    const place = shown.indexOf(this);
    if (place >= 0) shown.splice(place, 1);
  }

  private layout = (): void => {
    const { size, place, container } = this;
    if (!size) return;
    const width = container?.clientWidth ?? innerWidth;
    const height = container?.clientHeight ?? innerHeight;
    const full = !!place.full || width <= PHONE_WIDTH || height <= PHONE_HEIGHT;
    if (full !== this.full) {
      this.full = full;
      this.post({ type: "place", full });
    }
    const limitX = container ? "100%" : "100vw";
    const limitY = container ? "100%" : "100dvh";
    const other = place.side === "left" ? "right" : "left";
    if (size.open && full) {
      // With the keyboard of a phone up, only the visual viewport says what is left.
      const view = container ? undefined : window.visualViewport;
      const zoomed = !view || view.scale > 1.01;
      this.style({
        [place.side]: "0",
        [other]: "auto",
        bottom: zoomed ? "0" : "auto",
        top: zoomed ? "auto" : Math.max(0, view.offsetTop) + "px",
        width: container ? "100%" : "100vw",
        height: zoomed ? limitY : view.height + "px",
      });
    } else {
      // Several chats on one page stand side by side.
      let offset = 0;
      for (const frame of shown) {
        if (frame === this) break;
        if (frame.place.side === place.side && frame.size && !frame.size.open) offset += frame.size.width - MARGIN;
      }
      const wanted = (length: string | undefined, pixels: number, limit: string) =>
        size.open && length ? `min(calc(${length} + ${2 * MARGIN}px), ${limit})` : `min(${pixels}px, ${limit})`;
      this.style({
        [place.side]: offset + "px",
        [other]: "auto",
        bottom: "0",
        top: "auto",
        width: wanted(place.width, size.width, limitX),
        height: wanted(place.height, size.height, limitY),
      });
    }
    this.style({ visibility: "visible" });
  };

  private style(rules: Record<string, string>): void {
    for (const [name, value] of Object.entries(rules)) this.element.style.setProperty(name, value, "important");
  }
}
