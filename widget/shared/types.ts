/* What host and frame say to each other over the MessagePort, and the parts of the channel JSON the widget reads. */

/** Channel JSON, wire contract 3.3; every key may be missing in an older environment. */
export interface ChannelConfig {
  name?: string;
  isLiveChat?: boolean;
  availability?: { status?: string };
  settings?: Record<string, unknown> & {
    features?: Record<string, boolean>;
    fileRestrictions?: FileRestrictions;
  };
  translations?: Record<string, string>;
  translationsLocale?: string;
  colors?: Record<string, string>;
  widget?: { appearance?: string; position?: string };
  customCss?: string;
  customJs?: string;
  customJsFiles?: unknown;
  isAuthorizationEnabled?: boolean;
  isSecuredCookieEnabled?: boolean;
  preContactForm?: { customFields?: unknown[] } | null;
  /** A Guide shows the chat: its layer of CSS. The launcher is the Guide's. */
  guideCss?: string;
}

/** The pre-contact form is to be answered: what stands in it, what is known already, and what the environment refused. */
export interface SurveyView {
  values: Record<string, string>;
  page: Record<string, string>;
  customer: Record<string, string>;
  wrong?: { ident: string; message: string }[];
}

export interface FileRestrictions {
  allowedFileSize?: string;
  allowedFileTypes?: { mimeType: string; description?: string }[];
  isAttachmentsEnabled?: boolean;
}

export interface ChatFile {
  name: string;
  url?: string;
  /** Address of the picture, drawn anew by the environment. */
  preview?: string;
  type?: string;
  /** Bytes. */
  size?: number;
  /** 0 to 1 while it is being sent. */
  progress?: number;
}

export interface Reply {
  text: string;
  postback?: string;
}

export interface ChatMessage {
  /** idOnExternalPlatform: the same before and after the server has it. */
  id: string;
  mine: boolean;
  /** Milliseconds since 1970. */
  at: number;
  text: string;
  /** Heading above the text (rich link, list picker). */
  title?: string;
  link?: string;
  image?: string;
  card?: unknown;
  replies?: Reply[];
  files?: ChatFile[];
  author?: string;
  avatar?: string;
  /** Written by a machine. */
  bot?: boolean;
  /** For one's own: on its way, stored, read by the agent, or refused. */
  state?: "sending" | "sent" | "seen" | "failed";
  /** Phrase id that says why it failed. */
  error?: string;
  /** The agent's, and the server knows that this visitor has seen it. */
  known?: boolean;
}

export interface ChatThread {
  /** idOnExternalPlatform. */
  id: string;
  name: string;
  closed: boolean;
  unread: number;
  agent?: string;
  avatar?: string;
  lastText?: string;
  lastAt?: number;
}

/** What the window shows. The host sends the keys that changed. */
export interface View {
  /** blocked and failed carry the phrase to show in `problem`. */
  connection: "idle" | "connecting" | "online" | "reconnecting" | "failed";
  problem: string;
  live: boolean;
  /** Offline closes a live channel; messaging keeps its box open. */
  available: boolean;
  multiple: boolean;
  threads: ChatThread[];
  /** id of the open conversation; "" shows the list. */
  thread: string;
  messages: ChatMessage[];
  /** More of it on the server. */
  older: boolean;
  loadingOlder: boolean;
  /** Name of the agent who is typing, or "". */
  typing: string;
  agent: string;
  avatar: string;
  closed: boolean;
  /** The conversation has begun and no agent has it yet. */
  waiting: boolean;
  /** Position in the queue; 0 = not known. */
  queue: number;
  noAgent: boolean;
  unread: number;
  files: FileRestrictions | null;
  /** A file the environment did not take, until the visitor has read why. */
  refused: { name: string; code: string } | null;
  survey: SurveyView | null;
  /** What became of what the window asked for last. */
  told?: Told;
}

/** An offline message, a transcript, the items of the persistent menu: asked for by code that is loaded when it is needed. */
export interface Ask {
  type: "ask";
  act: "offline" | "transcript" | "menu";
  values: Record<string, string>;
}

export interface Told {
  act: Ask["act"];
  ok: boolean;
  items?: { id: string; label: string; postback: string }[];
}

export interface Configure {
  config: ChannelConfig;
  locale: string;
  /** Built here from config.translations and what the page set. */
  phrases: Record<string, string>;
  /** The channel's, then what the page added. */
  css: string[];
  preview: boolean;
  open: boolean;
  draft: string;
  /** Send this when an empty conversation is opened; "" = the window's own words. */
  first?: string;
  /** What stands outside the conversation says “online” whatever the channel is. */
  alwaysOnline?: boolean;
}

export type Size = [width: number, height: number];

/** Room around the window inside the iframe for its shadow, CSS pixels. */
export const MARGIN = 20;

export type ToFrame =
  | { type: "configure"; data: Configure; view: View }
  | { type: "view"; data: Partial<View> }
  | { type: "update"; data: Partial<Configure> }
  | { type: "place"; full: boolean }
  | { type: "open"; open: boolean }
  | { type: "push"; event: unknown };

export type ToHost =
  | { type: "ready" }
  /** Launcher and window in CSS pixels, shadows included. */
  | { type: "size"; open: boolean; launcher: Size; window: Size; title: string }
  | { type: "send"; text: string; postback?: string }
  | { type: "first"; text: string }
  | { type: "files"; files: File[] }
  | { type: "retry"; id: string }
  /** An upload is given up; "" = the refused file was read about. */
  | { type: "cancel"; id: string }
  | { type: "typing"; on: boolean }
  | Ask
  | { type: "seen" }
  | { type: "draft"; text: string }
  | { type: "survey"; values: Record<string, string>; done: boolean }
  | { type: "thread"; id: string }
  | { type: "new" }
  | { type: "archive"; id: string }
  | { type: "older" }
  | { type: "end" }
  | { type: "subscribe" }
  | { type: "command"; args: unknown[] };
