/* What the environment says to the desk (gateway/agent_desk.py), as far as it is read here. */

export interface Settings {
  environment: string;
  brand: number;
  me: string;
  socket: string;
  base: string;
  key: string;
  library: string;
  replies: string;
  cards: string;
  signIn: string;
  mayEdit: boolean;
}

export type View = "mine" | "waiting" | "all" | "closed";
export const views: View[] = ["mine", "waiting", "all", "closed"];

export interface ChannelInfo {
  id: string;
  name: string;
  live: boolean;
}

export interface AgentInfo {
  agent: string;
  name: string;
  available: boolean;
  channels: string[] | null;
}

export interface Row {
  channel: string;
  id: string;
  name: string;
  customer: string;
  status: string;
  holder: string;
  assignee: string;
  since: string;
  locale: string;
  text: string;
  kind: string;
  files: number;
  author: string;
  at: string;
  unread: number;
  /** Where it stands in its list: a number to order by, "~", and one of its own. */
  place: string;
}

export interface Counts {
  mine: number;
  waiting: number;
  all: number;
  unread: number;
}

export interface FileOf {
  id?: string;
  url: string;
  friendlyName?: string;
  fileName?: string;
  mimeType?: string;
  fileSize?: number;
  previewUrl?: string;
}

export interface Message {
  id: string;
  idOnExternalPlatform: string;
  direction: "inbound" | "outbound";
  createdAtWithMilliseconds: string;
  messageContent: { type: string; payload: Record<string, unknown>; fallbackText?: string; postback?: string };
  attachments: FileOf[];
  authorUser: { firstName?: string; nickname?: string; isBotUser?: boolean } | null;
  isRead: boolean;
}

export interface Note {
  id: number;
  kind: "note" | "taken" | "transferred" | "queued" | "closed" | "left";
  author: string;
  agent: string;
  target: string;
  text: string;
  at: string;
}

export interface Answer {
  ident: string;
  label: string;
  value: string;
  text: string;
}

export interface Conversation {
  channel: string;
  conversation: string;
  name: string;
  archived: boolean;
  status: string;
  holder: string;
  assignee: string;
  since: string;
  begun: string;
  locale: string;
  page: string;
  person: { id: string; name: string; image: string; proven: boolean; since: string; conversations: number; fields: Answer[] };
  /** Oldest first here. */
  messages: Message[];
  scroll: string;
  answers: Answer[];
  consents: { ident: string; version: number; locale: string; text: string; given_at: string }[];
  notes: Note[];
}

/** A message, or a note, on its way. */
export interface Outgoing {
  id: string;
  channel: string;
  conversation: string;
  command: Record<string, unknown>;
  at: string;
  failed?: string;
}

export interface Library {
  cards: { id: number; name: string; card: Record<string, unknown> }[];
  snippets: { shortcut: string; fr: string; en: string }[];
  replies: { id: number; question: string; choices: string[] }[];
}
