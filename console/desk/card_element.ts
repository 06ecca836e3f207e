/* <adaptive-card>: a card as the chat window draws it, by the same code and the same style sheet. It lives in a shadow tree, where
 * style sheets are constructed: the console's policy needs no exception. */
import type { draw } from "../../widget/frame/cards";

type Drawing = { draw: typeof draw; css: string };
let loaded: Promise<Drawing> | undefined;

/* The chat window's colours as they are without any setting, on its own paper in both themes: a visitor's window has one. */
const look = `
:host { display: block; color: #1c1e24; font: 400 15px/1.45 var(--sans, system-ui, sans-serif); overflow-wrap: anywhere;
  --cw-accent: #4338ca; --cw-button: #4338ca; --cw-on-button: #fff; --cw-theme: #4338ca; --cw-paper: #fff; --cw-muted: #5d616d;
  --cw-good: #176b43; --cw-warning: #84510a; --cw-wrong: #b3222f; }
.cw-card { padding: 14px; border: 1px solid #e3e5ea; border-radius: 14px; background: var(--cw-paper); color-scheme: light; }
.cw-card :focus-visible { outline: 2px solid var(--cw-accent); outline-offset: 2px; }
button, input, select, textarea { font-family: inherit; }
img { max-width: 100%; }
`;

export class AdaptiveCardElement extends HTMLElement {
  #shown = 0;

  /** Draw the card; `answer` hears what its buttons would say for the visitor. False when it cannot be drawn. */
  async show(card: unknown, answer: (text: string) => void = () => undefined): Promise<boolean> {
    const turn = ++this.#shown;
    loaded ??= import("../../widget/frame/cards");
    const { draw, css } = await loaded;
    if (turn !== this.#shown) return true;
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    if (!root.adoptedStyleSheets.length) {
      root.adoptedStyleSheets = [look, css].map((text) => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(text);
        return sheet;
      });
    }
    const place = document.createElement("div");
    place.className = "cw-card";
    const drawn = draw(place, card, answer);
    if (drawn) root.replaceChildren(place);
    return drawn;
  }
}

customElements.define("adaptive-card", AdaptiveCardElement);
