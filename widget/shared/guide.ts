/* What the Guide's page side and its frame say to each other, and the document an environment serves (gateway/guide_views.py). */
import type { Rule } from "../host/guide_rules";
import type { Size } from "./types";

export interface Look {
  position?: string;
  shape?: string;
  offset_x?: number;
  offset_y?: number;
  button_size?: number;
  width?: number;
  height?: number;
  /** Colours, font, font_size, radius as CSS has them; "" = nothing is set. */
  [branding: string]: unknown;
}

export interface Offer {
  channel: string;
  label: string;
  hideOffline: boolean;
}

export interface GuideEntry {
  id: string;
  rules: Rule[];
  channels: Offer[];
}

export interface GuideDocument {
  id: string;
  entries: GuideEntry[];
  look: Look;
  css: string;
  words: Record<string, string>;
  locale: string;
}

/** What the frame shows. The page side sends the keys that changed. */
export interface GuideView {
  look: Look;
  words: Record<string, string>;
  locale: string;
  /** The page's own CSS, after the branding. */
  sheets: string[];
  /** button: closed; menu: open; nothing: a chat is open, or this page has no Guide. */
  phase: "button" | "menu" | "nothing";
  offers: { channel: string; label: string; online: boolean; unread: number }[];
  /** The visitor asked for it, so the keyboard goes along; the channel whose chat was closed, or "". */
  focus?: string;
  fontSize?: string;
}

export type ToGuideFrame = { type: "configure"; data: GuideView } | { type: "update"; data: Partial<GuideView> } | { type: "place"; full: boolean };

export type FromGuideFrame =
  | { type: "size"; open: boolean; launcher: Size; window: Size; title: string }
  | { type: "open"; open: boolean }
  | { type: "choose"; channel: string };
