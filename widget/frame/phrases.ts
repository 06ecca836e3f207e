/* The window's own words: what shows when the channel JSON has no such phrase (an older environment). */
import { format, tag, type Values } from "./icu";

const en = {
  weAreOnline: "We are online",
  weAreOffline: "We are offline",
  online: "Online",
  waitingDescription: "One of our agents will reply shortly.",
  waitingForAgent: "Waiting for an agent",
  offlineFormDesc: "We are not available right now.",
  replyBoxPlaceholder: "Write a message…",
  send: "Send",
  uploadAttachment: "Attach a file",
  dragAndDropDropzone: "Drop the files to send here",
  minimizeLabel: "Minimize",
  moreLabel: "More options",
  close: "Close",
  cancel: "Cancel",
  endChat: "End chat",
  sendTranscript: "Send transcript",
  startNewChat: "New conversation",
  beginButton: "Start a conversation",
  backToConversations: "Back to conversations",
  noRunningConversations: "No conversation yet",
  archive: "Archive",
  chattedWith: "You chatted with {name}.",
  customerLeftTheSession: "The conversation has ended.",
  archiveMsg: "This conversation has been archived.",
  loadPreviousButton: "Load earlier messages",
  loading: "Loading…",
  statusReconnecting: "Reconnecting…",
  preparingSession: "Connecting…",
  networkErrorText: "The connection failed. Please try again.",
  unexpectedError: "Something went wrong. Please reload the page.",
  ipAddressBlocked: "This network address is blocked.",
  authorizationFailedPleaseRefreshTheWebpage: "You could not be signed in. Please reload the page.",
  messageSendingFailed: "Not sent",
  fileSendingFailed: "The file was not sent",
  uploadFailed: "The upload failed",
  retry: "Try again",
  agent: "Agent",
  customerChat: "Chat",
  chatWindowOpen: "The chat window is open",
  allAgentsForQueueAreBusy:
    "All our agents are busy. People before you: <strong>{queue}</strong>.",
  noAgentOnlineForQueue: "No agent is available at the moment.",
  turnOnAudioNotification: "Turn sound on",
  turnOffAudioNotification: "Turn sound off",
  download: "Download",
  fileAttachment: "Attachment",
  conversations: "Conversations",
  you: "You",
  agentIsTyping: "{name} is typing",
  messageSending: "Sending…",
  messageSent: "Delivered",
  messageSeen: "Read",
  unreadMessages: "{count, plural, one {# new message} other {# new messages}}",
  openChat: "Open the chat",
  aiLabel: "AI",
};

export type PhraseId = keyof typeof en;

export type Say = (id: PhraseId, values?: Values) => string;

/** The channel's phrases over our own. */
export function phrasebook(phrases: Record<string, string>, locale: string): Say {
  return (id, values = {}) => format(phrases[id] || en[id] || id, values, locale);
}

export const rightToLeft = (locale: string) => /^(ar|he|iw|fa|ur|ps|sd|ug|yi|dv|ckb)\b/.test(locale.replaceAll("_", "-"));

export interface Clock {
  time(at: number): string;
  day(at: number): string;
  /** Short: the time today, the date before. */
  short(at: number): string;
}

export function clock(locale: string): Clock {
  const language = tag(locale);
  const time = new Intl.DateTimeFormat(language, { timeStyle: "short" });
  const day = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
  const date = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const daysAgo = (at: number) => Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 864e5);
  const upper = (text: string) => text.charAt(0).toLocaleUpperCase(language) + text.slice(1);
  return {
    time: (at) => time.format(at),
    day: (at) => upper(daysAgo(at) < 2 ? relative.format(-daysAgo(at), "day") : day.format(at)),
    short: (at) => (daysAgo(at) < 1 ? time : date).format(at),
  };
}
