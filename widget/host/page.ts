/* The iframe in the host page: where it stands, how large it is, and the port to it.
 *
 * Every style is set through CSSOM with priority: a strict Content-Security-Policy allows that, and the page's own
 * rules for iframes do not win. */
import { MARGIN, type Size, type ToFrame, type ToHost } from "../shared/types";

/** Narrower or lower than this (CSS pixels), the open window takes the whole screen. */
const PHONE_WIDTH = 480;
const PHONE_HEIGHT = 400;
const LARGEST_LAUNCHER: Size = [480, 200];

export interface Place {
  side: "left" | "right";
  /** CSS lengths asked for by the page (setWindowWidth, setWindowHeight). */
  width?: string;
  height?: string;
  full?: boolean;
  /** CSS pixels away from the side and from the bottom. */
  x?: number;
  y?: number;
  /** Where the iframe stands in the page; nothing: in its body. */
  inside?: HTMLElement;
}

const shown: PageFrame[] = [];

export class PageFrame {
  readonly element: HTMLIFrameElement;
  #port?: MessagePort;
  #queue: ToFrame[] = [];
  #size?: { open: boolean; launcher: Size; window: Size };
  #full = false;
  #observer?: ResizeObserver;

  #container: HTMLElement | undefined;
  #place: Place;

  constructor(
    url: string,
    container: HTMLElement | undefined,
    place: Place,
    receive: (message: ToHost) => void,
  ) {
    this.#container = container;
    this.#place = place;
    const frame = (this.element = document.createElement("iframe"));
    // The answer carries the same sandbox as a header; whichever is stricter holds.
    frame.setAttribute("sandbox", "allow-scripts allow-modals allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads");
    frame.title = "Chat";
    this.#style({
      // First of all: nothing the page says of iframes, or of everything, counts.
      all: "initial",
      position: container ? "absolute" : "fixed",
      display: "block",
      visibility: "hidden",
      bottom: "0",
      width: "400px",
      height: "400px",
      // Equal to the document's own, or the browser paints an opaque canvas behind it on dark pages.
      "color-scheme": "light",
      "z-index": "2147483000",
    });
    // Hidden it must not swallow clicks either.
    frame.addEventListener(
      "load",
      () => {
        const { port1, port2 } = new MessageChannel();
        this.#port = port1;
        port1.onmessage = (event: MessageEvent<ToHost>) => {
          if (event.data && typeof event.data === "object") receive(event.data);
        };
        // The frame's origin is opaque, so no target can be named: the message carries the port and nothing else.
        frame.contentWindow?.postMessage({ chatadmin: "port" }, "*", [port2]);
        for (const message of this.#queue.splice(0)) port1.postMessage(message);
      },
      { once: true },
    );
    frame.src = url;
    (container ?? place.inside ?? document.body ?? document.documentElement).append(frame);
    if (container) {
      this.#observer = new ResizeObserver(this.#layout);
      this.#observer.observe(container);
    } else {
      shown.push(this);
      addEventListener("resize", this.#layout);
      window.visualViewport?.addEventListener("resize", this.#layout);
    }
  }

  post(message: ToFrame): void {
    if (this.#port) this.#port.postMessage(message);
    else this.#queue.push(message);
  }

  setPlace(place: Partial<Place>): void {
    Object.assign(this.#place, place);
    this.#layout();
  }

  /** What the frame asks for; a launcher that claims more than one may gets the limit. */
  resize(open: boolean, launcher: Size, wanted: Size): void {
    const within = (value: unknown, limit: number) => Math.max(0, Math.min(limit, Math.ceil(Number(value) || 0)));
    this.#size = {
      open,
      launcher: [within(launcher?.[0], LARGEST_LAUNCHER[0]), within(launcher?.[1], LARGEST_LAUNCHER[1])],
      window: [within(wanted?.[0], 4000), within(wanted?.[1], 4000)],
    };
    this.#layout();
    for (const other of shown) if (other !== this) other.#layout();
  }

  remove(): void {
    this.element.remove();
    this.#port?.close();
    this.#observer?.disconnect();
    removeEventListener("resize", this.#layout);
    window.visualViewport?.removeEventListener("resize", this.#layout);
    const place = shown.indexOf(this);
    if (place >= 0) shown.splice(place, 1);
  }

  #layout = (): void => {
    const size = this.#size;
    const place = this.#place;
    const container = this.#container;
    if (!size) return;
    const width = container?.clientWidth ?? innerWidth;
    const height = container?.clientHeight ?? innerHeight;
    const full = !!place.full || width <= PHONE_WIDTH || height <= PHONE_HEIGHT;
    if (full !== this.#full) {
      this.#full = full;
      this.post({ type: "place", full });
    }
    const [launcherWidth, launcherHeight] = size.launcher;
    // Several chats on one page stand side by side.
    let offset = place.x ?? 0;
    for (const frame of shown) {
      if (frame === this) break;
      if (frame.#place.side === place.side && frame.#size) offset += Math.max(0, frame.#size.launcher[0] - MARGIN);
    }
    let bottom = place.y ?? 0;
    if (full && size.open) offset = bottom = 0;
    const limitX = container ? "100%" : "100vw";
    const limitY = container ? "100%" : "100dvh";
    const wanted = (length: string | undefined, pixels: number, limit: string) =>
      full ? limit : `min(${length ? `calc(${length} + ${2 * MARGIN}px)` : pixels + "px"}, ${limit})`;
    const left = place.side === "left";
    this.#style({
      [place.side]: offset + "px",
      [left ? "right" : "left"]: "auto",
      bottom: bottom + "px",
      top: "auto",
      width: wanted(place.width, size.window[0], limitX),
      height: wanted(place.height, size.window[1], limitY),
      // Closed, all but the launcher is cut away, for the eye and for clicks. The box stays as it is: opening moves nothing
      // that the browser would count as a layout shift of the page.
      "clip-path": size.open
        ? "none"
        : `inset(calc(100% - ${launcherHeight}px) ${left ? `calc(100% - ${launcherWidth}px) 0 0` : `0 0 calc(100% - ${launcherWidth}px)`})`,
    });
    // With the keyboard of a phone up, only the visual viewport says what is left.
    const view = window.visualViewport;
    if (full && size.open && !container && view && view.scale < 1.01 && view.height < innerHeight) {
      this.#style({ bottom: "auto", top: view.offsetTop + "px", height: view.height + "px" });
    }
    this.#style({ visibility: "visible" });
  };

  #style(rules: Record<string, string>): void {
    for (const [name, value] of Object.entries(rules)) this.element.style.setProperty(name, value, "important");
  }
}
