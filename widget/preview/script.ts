/* A conversation to look at: what an agent and a visitor may have said, and an agent who answers with your own words. */
import { LineBroken, type Connection, type ConnectionEvents } from "../host/connection";
import { obj, str, type Json } from "../host/json";
import { uuid } from "../host/store";

const THREAD = "preview";
const AGENT = { id: 1, firstName: "Camille", surname: "Roy" };

const words = {
  fr: {
    hello: "Bonjour ! Je suis Camille. Comment puis-je vous aider ?",
    question: "Bonjour, où en est ma commande ?",
    title: "Commande nº 48213",
    body: "Expédiée hier, livraison prévue vendredi.",
    button: "Suivre le colis",
    more: "Puis-je faire autre chose pour vous\u00a0?",
    replies: ["Changer l’adresse", "Parler de ma facture", "Non, merci !"],
    echo: (text: string) => `Bien reçu\u00a0: «\u00a0${text}\u00a0».`,
  },
  en: {
    hello: "Hello! I’m Camille. How can I help you?",
    question: "Hi, where is my order?",
    title: "Order 48213",
    body: "Shipped yesterday, arriving on Friday.",
    button: "Track the parcel",
    more: "Is there anything else I can do for you?",
    replies: ["Change the address", "About my invoice", "No, thank you!"],
    echo: (text: string) => `Got it: “${text}”.`,
  },
};

export class ScriptedConnection implements Connection {
  #events?: ConnectionEvents;
  #timers: number[] = [];
  #said: Json[] = [];

  #locale: () => string;
  #identity: () => Json;
  /** Nothing has been said. */
  #begin: boolean;

  constructor(
    locale: () => string,
    identity: () => Json,
    begin = false,
  ) {
    this.#locale = locale;
    this.#identity = identity;
    this.#begin = begin;
  }

  get #words() {
    return this.#locale().startsWith("fr") ? words.fr : words.en;
  }

  start(events: ConnectionEvents): void {
    this.#events = events;
    const words = this.#words;
    const minutes = (ago: number) => new Date(Date.now() - ago * 60_000);
    const before = [
      this.#message(false, { type: "TEXT", payload: { text: words.hello } }, minutes(6)),
      this.#message(true, { type: "TEXT", payload: { text: words.question } }, minutes(5)),
      this.#message(false, { type: "ADAPTIVE_CARD", payload: card(words), fallbackText: words.title }, minutes(4)),
      this.#message(
        false,
        { type: "QUICK_REPLIES", payload: { text: { content: words.more }, actions: words.replies.map((text) => ({ type: "REPLY_BUTTON", text, postback: text })) } },
        minutes(3.8),
      ),
    ];
    obj(before[1]!.userStatistics).readAt = minutes(4).toISOString();
    this.#said = this.#begin ? [] : before;
    queueMicrotask(() => events.opened(undefined));
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#events = undefined;
  }

  request(eventType: string, data: Json): Promise<Json> {
    if (this.#begin && eventType !== "SendMessage") return Promise.resolve(eventType === "FetchThreadList" ? { threads: [] } : {});
    const thread = { idOnExternalPlatform: THREAD, threadName: "", canAddMoreMessages: true };
    switch (eventType) {
      case "FetchThreadList":
        return Promise.resolve({ threads: [{ ...thread, id: THREAD }] });
      case "LoadThreadMetadata":
        return Promise.resolve({ lastMessage: this.#said.at(-1), ownerAssignee: AGENT });
      case "RecoverThread":
      case "RecoverLivechat":
        return Promise.resolve({ thread, messages: this.#said, messagesScrollToken: "", contact: { id: "1", status: "open" }, ownerAssignee: AGENT, contactHistory: [] });
      case "SendMessage":
        this.#answer(data);
        return Promise.resolve({});
      default:
        return Promise.resolve({});
    }
  }

  /** Files stay here: there is nobody to send them to. */
  upload(file: File, progress: (part: number) => void): Promise<Json> {
    return new Promise((resolve, reject) => {
      this.#timers.push(window.setTimeout(() => progress(0.6), 200));
      this.#timers.push(window.setTimeout(() => (file.size ? resolve({ fileUrl: "https://example.com/" + encodeURIComponent(file.name) }) : reject(new LineBroken())), 600));
    });
  }

  #answer(data: Json): void {
    const content = obj(data.messageContent);
    const mine = this.#message(true, content, new Date(), str(data.idOnExternalPlatform), data.attachments);
    obj(mine.userStatistics).readAt = new Date().toISOString();
    const thread = str(obj(data.thread).idOnExternalPlatform) || THREAD;
    const later = (ms: number, act: () => void) => this.#timers.push(window.setTimeout(act, ms));
    const push = (eventType: string, more: Json) =>
      this.#events?.push({ eventType, data: { brand: { id: 0 }, channel: { id: "preview" }, thread: { idOnExternalPlatform: thread }, case: { id: "1", status: "open" }, ...more } });
    const text = str(obj(content.payload).text);
    later(60, () => push("MessageCreated", { message: mine }));
    later(500, () => push("SenderTypingStarted", { direction: "outbound", user: AGENT }));
    later(1600, () => {
      push("SenderTypingEnded", { direction: "outbound", user: AGENT });
      push("MessageCreated", { message: this.#message(false, { type: "TEXT", payload: { text: this.#words.echo(text || "📎") } }, new Date()) });
    });
  }

  #message(mine: boolean, messageContent: Json, at: Date, id = uuid(), attachments: unknown = []): Json {
    return {
      id,
      idOnExternalPlatform: id,
      threadIdOnExternalPlatform: THREAD,
      direction: mine ? "inbound" : "outbound",
      createdAt: at.toISOString(),
      createdAtWithMilliseconds: at.toISOString(),
      messageContent,
      attachments,
      authorUser: mine ? null : AGENT,
      authorEndUserIdentity: mine ? this.#identity() : null,
      hasAdditionalMessageContent: false,
      userStatistics: {},
      customerStatistics: {},
    };
  }
}

const card = ({ title, body, button }: (typeof words)["fr"]) => ({
  type: "AdaptiveCard",
  version: "1.4",
  body: [
    { type: "TextBlock", text: title, weight: "bolder", size: "medium", wrap: true },
    { type: "TextBlock", text: body, wrap: true, spacing: "small" },
  ],
  actions: [{ type: "Action.Submit", title: button, data: { action: "track" } }],
});
