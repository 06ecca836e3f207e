/* Adaptive Cards in a message; a chunk of its own, fetched with the first card.
 *
 * Texts are plain (no Markdown), links http and https. Colours come from the style sheet's widget layer, not from here:
 * an inline colour would win over the channel's CSS. */
import { AdaptiveCard, ExecuteAction, HostConfig, OpenUrlAction, SubmitAction, Version, type Action } from "adaptivecards";
import { webAddress } from "../host/messages";
import css from "./cards.css?inline";

/* Grounds are tints and quiet words a part of the ink: they fit whatever ground the bubble has, the channel's own, too. */
const inherit = { default: "inherit", subtle: "color-mix(in srgb, currentcolor 76%, transparent)" };
const accent = "color-mix(in srgb, var(--cw-accent) 80%, currentcolor)";
const tint = (color: string, part = 10) => `color-mix(in srgb, ${color} ${part}%, transparent)`;
const style = {
  foregroundColors: {
    default: inherit,
    dark: inherit,
    light: inherit,
    accent: { default: accent, subtle: accent },
    good: { default: "var(--cw-good)", subtle: "var(--cw-good)" },
    warning: { default: "var(--cw-warning)", subtle: "var(--cw-warning)" },
    attention: { default: "var(--cw-wrong)", subtle: "var(--cw-wrong)" },
  },
};

const config = new HostConfig({
  fontFamily: "inherit",
  supportsInteractivity: true,
  spacing: { small: 4, default: 8, medium: 12, large: 16, extraLarge: 24, padding: 14 },
  separator: { lineThickness: 1, lineColor: tint("currentcolor", 16) },
  fontSizes: { small: 13, default: 15, medium: 16, large: 18, extraLarge: 22 },
  fontWeights: { lighter: 300, default: 400, bolder: 600 },
  imageSizes: { small: 40, medium: 80, large: 160 },
  containerStyles: {
    default: { ...style, backgroundColor: "transparent" },
    emphasis: { ...style, backgroundColor: tint("currentcolor", 6) },
    accent: { ...style, backgroundColor: tint("var(--cw-accent)") },
    good: { ...style, backgroundColor: tint("var(--cw-good)") },
    warning: { ...style, backgroundColor: tint("var(--cw-warning)") },
    attention: { ...style, backgroundColor: tint("var(--cw-wrong)") },
  },
  actions: {
    maxActions: 8,
    spacing: "default",
    buttonSpacing: 8,
    showCard: { actionMode: "inline", inlineTopMargin: 8 },
    actionsOrientation: "vertical",
    actionAlignment: "stretch",
  },
});

// Says that there is no Markdown here; without it the library warns about each text.
AdaptiveCard.onProcessMarkdown = (_text, result) => {
  result.didProcess = false;
};

let dressed: HTMLStyleElement | undefined;

export function show(element: HTMLElement, payload: unknown, send: (text: string, postback?: string) => void): boolean {
  if (!dressed?.isConnected) {
    dressed = document.head.appendChild(document.createElement("style"));
    dressed.textContent = css;
  }
  element.classList.toggle("cw-on-dark", onDark(element));
  return draw(element, payload, send);
}

/** Words this light stand on something dark, whoever made it so: the Guide, or CSS of the channel's. */
function onDark(element: HTMLElement): boolean {
  const ink = getComputedStyle(element).color;
  const [r = 0, g = 0, b = 0] = (ink.match(/[\d.]+/g) ?? []).map(Number);
  return 0.3 * r + 0.59 * g + 0.11 * b > (ink.startsWith("rgb") ? 140 : 0.55);
}

/* The console draws cards by itself, in a shadow tree it dresses with this. */
export { css };

/** `send(text, postback)`: what a submitting button says for the visitor. False when the card cannot be drawn. */
export function draw(element: HTMLElement, payload: unknown, send: (text: string, postback?: string) => void): boolean {
  try {
    const card = new AdaptiveCard();
    card.hostConfig = config;
    card.version = new Version(1, 6);
    card.parse(payload);
    card.onAnchorClicked = (_element, anchor) => !webAddress(anchor.href);
    card.onExecuteAction = (action: Action) => {
      if (action instanceof OpenUrlAction) {
        const url = webAddress(action.url);
        if (url) window.open(url, "_blank", "noopener,noreferrer");
      } else if (action instanceof SubmitAction || action instanceof ExecuteAction) {
        const data = action.data;
        const postback = data === undefined ? undefined : typeof data === "string" ? data : JSON.stringify(data);
        send(action.title || words(data) || "✓", postback);
      }
    };
    const drawn = card.render();
    if (!drawn) return false;
    element.replaceChildren(drawn);
    return true;
  } catch (error) {
    console.warn("[chat] This card could not be drawn.", error);
    return false;
  }
}

const words = (data: unknown): string =>
  typeof data === "string" ? data : Object.values(Object(data) as object).filter((value) => typeof value === "string").join(", ");
