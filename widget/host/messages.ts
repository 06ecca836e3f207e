/* A message of the wire contract (3.4) as the window shows it. Pure. */
import type { ChatFile, ChatMessage, Reply } from "../shared/types";
import { list, obj, str, type Json } from "./json";

/** http and https only: what a message calls a link must not run. */
export function webAddress(value: unknown): string {
  try {
    const url = new URL(str(value));
    return /^https?:$/.test(url.protocol) ? url.href : "";
  } catch {
    return "";
  }
}

/** Texts come plain or as {content}. */
const words = (value: unknown): string => str(value) || str(obj(value).content) || str(obj(value).text);

function replies(actions: unknown): Reply[] {
  return list(actions).flatMap((one) => {
    const action = obj(one);
    const text = words(action.text) || words(action.title);
    return text ? [{ text, postback: str(action.postback) || undefined }] : [];
  });
}

function files(attachments: unknown): ChatFile[] {
  return list(attachments).flatMap((one) => {
    const item = obj(one);
    const url = webAddress(item.url);
    const name = str(item.friendlyName) || str(item.fileName) || url.split("/").pop() || "";
    return url || name ? [{ name, url, preview: webAddress(item.previewUrl), type: str(item.mimeType), size: Number(item.fileSize) || undefined }] : [];
  });
}

export function personName(user: Json): string {
  return str(user.publicDisplayName) || str(user.nickname) || [str(user.firstName), str(user.surname) || str(user.lastName)].filter(Boolean).join(" ");
}

export const personImage = (user: Json): string => webAddress(user.publicImageUrl) || webAddress(user.imageUrl) || webAddress(user.image);

export function when(message: Json): number {
  return Date.parse(str(message.createdAtWithMilliseconds)) || Date.parse(str(message.createdAt)) || Date.now();
}

/** A person has read it when the other side's statistics say so. */
export const wasRead = (message: Json): boolean => {
  const statistics = obj(message.userStatistics);
  return !!(statistics.seenAt || statistics.readAt);
};

export function toMessage(value: unknown): ChatMessage | undefined {
  const message = obj(value);
  const content = obj(message.messageContent);
  const payload = obj(content.payload);
  const id = str(message.idOnExternalPlatform) || str(message.id);
  if (!id) return;
  const mine = message.direction === "inbound";
  const user = obj(message.authorUser);
  const shown: ChatMessage = {
    id,
    mine,
    at: when(message),
    text: words(payload.text) || str(content.fallbackText) || str(content.text),
    files: files(message.attachments),
    author: mine ? "" : personName(user),
    avatar: mine ? "" : personImage(user),
    bot: user.isBotUser === true,
    state: mine ? (wasRead(message) ? "seen" : "sent") : undefined,
    known: !mine && !!obj(message.customerStatistics).seenAt,
  };
  switch (content.type) {
    case "ADAPTIVE_CARD":
      shown.card = [payload, obj(payload.card), obj(payload.content), obj(payload.adaptiveCard)].find((one) => one.type === "AdaptiveCard");
      // The fallback is read where the card cannot be shown.
      break;
    case "QUICK_REPLIES":
    case "LIST_PICKER":
      shown.title = words(payload.title);
      shown.replies = replies(payload.actions);
      break;
    case "RICH_LINK":
      shown.title = words(payload.title);
      shown.link = webAddress(payload.url);
      shown.image = webAddress(obj(payload.media).url);
      if (shown.text === str(content.fallbackText)) shown.text = "";
  }
  return shown;
}
