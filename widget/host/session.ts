/* One visitor's conversations on one channel: what the server says, what is on its way, what the window shows. */
import type { ChannelConfig, ChatMessage, View } from "../shared/types";
import { LineBroken, ServerError, type Connection, type PushEvent } from "./connection";
import { list, obj, str, type Json } from "./json";
import { personImage, personName, toMessage, wasRead } from "./messages";
import { Outbox } from "./outbox";
import { remembered, uuid, type Store } from "./store";

/** The web client's own limit on a custom field's value, in characters. */
const LONGEST_VALUE = 1024;
const TYPING_ENDS = 20_000;
/** Without a line after this time, the visitor is told. */
const PATIENCE = 4000;
/** Conversations of one page of the list. */
const PAGE = 20;

interface Thread {
  id: string;
  name: string;
  closed: boolean;
  agent: string;
  avatar: string;
  messages: ChatMessage[];
  /** The server's word for "the page before this one"; "" = there is none. */
  scrollToken: string;
  contact: string;
  /** Loaded on the present connection. */
  fresh: boolean;
  /** The server knows it. */
  begun: boolean;
  queue: number;
  noAgent: boolean;
  /** The last message as the list shows it before the thread itself is loaded. */
  last?: ChatMessage;
}

export interface SessionOptions {
  config: ChannelConfig;
  connection: Connection;
  lasting: Store;
  tab: Store;
  /** The page hides the pre-contact form. */
  hideSurvey(): boolean;
  /** The page shows the message that began the conversation by itself. */
  showFirst(): boolean;
  /** Keys of the view that changed. */
  show(patch: Partial<View>): void;
  /** Every push, for onPushUpdate. */
  pushed(event: PushEvent): void;
  /** setAllowedExternalMessageTypes. */
  external(type: "MESSAGE_SENT" | "MESSAGE_RECEIVED", message: ChatMessage): void;
}

/** What the visitor has answered so far, and for which conversation. */
interface Answers {
  thread: string;
  values: Record<string, string>;
  done?: boolean;
}

export class Session {
  #threads = new Map<string, Thread>();
  #current = "";
  #connectionState: View["connection"] = "idle";
  #problem = "";
  #loadingOlder = false;
  /** Conversations before the ones listed. */
  #all = { scrollToken: "" };
  #typist = "";
  #typistThread = "";
  #typingTimer?: number;
  #patience?: number;
  #outbox: Outbox;
  #uploads = new Map<string, { file: File; thread: string; shown: ChatMessage; stop?: AbortController }>();
  #refusedFile: View["refused"] = null;
  #contactFields = new Map<string, string>();
  #customerFields = new Map<string, string>();
  #unsentContact = false;
  #unsentCustomer = false;
  #known: Record<string, string> = {};
  /** Answers to the form, for the conversation they were given in. */
  #survey: Answers;
  #wrong?: { thread: string; fields: { ident: string; message: string }[] };
  #identified: ((id: string) => void)[] = [];
  #dirty = new Set<keyof View>();
  #available: boolean;
  #name: { firstName?: string; lastName?: string } = {};
  #files: View["files"];
  #live: boolean;
  /** Another customer's session has taken over: what was still under way shows nothing. */
  #stopped = false;
  #multiple: boolean;

  #options: SessionOptions;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { config, lasting, tab } = options;
    const settings = config.settings ?? {};
    this.#live = config.isLiveChat === true;
    this.#multiple = !this.#live && settings.hasMultipleThreadsPerEndUser === true;
    this.#available = config.availability?.status !== "offline";
    this.#files = settings.fileRestrictions ?? null;
    this.#outbox = new Outbox(tab);
    try {
      this.#survey = (JSON.parse(tab.get("survey")!) ?? {}) as Answers;
    } catch {
      this.#survey = { thread: "", values: {} };
    }
    // What was written before there was a line belongs to the conversation it was written in.
    this.#current = tab.get("thread") ?? this.#outbox.all[0]?.thread ?? (this.#multiple ? "" : (lasting.get("thread") ?? ""));
    // Whoever has said nothing yet finds a box to write in, not an empty list.
    if (!this.#current && !this.known) this.#current = this.#survey.thread || uuid();
    if (this.#current) this.#thread(this.#current);
  }

  /** As consumerIdentity in every event. */
  identity = (): { idOnExternalPlatform: string; firstName?: string; lastName?: string } => ({
    idOnExternalPlatform: remembered(this.#options.lasting, "customer"),
    ...this.#name,
  });

  /** Has this visitor anything on the server that may answer while the window is closed? */
  get known(): boolean {
    return !!this.#options.lasting.get("begun") || this.#outbox.all.length > 0;
  }

  /** Calls with the visitor's id as soon as it is settled: with a sign-in, the environment has to say it. */
  identified(tell: (id: string) => void): void {
    const { isAuthorizationEnabled, isSecuredCookieEnabled } = this.#options.config;
    if (this.#connectionState === "online" || !(isAuthorizationEnabled || isSecuredCookieEnabled)) tell(this.identity().idOnExternalPlatform);
    else this.#identified.push(tell);
  }

  get running(): boolean {
    return this.#connectionState !== "idle";
  }

  start(): void {
    if (this.#connectionState !== "idle") return;
    this.#connectionState = "connecting";
    this.#wait();
    this.#options.connection.start({
      opened: (identity, ...known) => {
        for (const one of known) for (const field of list(obj(one).customFields)) this.#known[str(obj(field).ident)] = str(obj(field).value);
        void this.#opened(identity);
      },
      lost: () => this.#lost(),
      refused: (code, message) => this.#refused(code, message),
      push: (event) => this.#push(event),
    });
    addEventListener("storage", this.#elsewhere);
  }

  /** The attempts go on by themselves; whoever looks at the window learns that there is no line yet. */
  #wait(): void {
    this.#problem = "";
    this.#changed("connection", "problem");
    clearTimeout(this.#patience);
    this.#patience = window.setTimeout(() => {
      if (this.#connectionState !== "connecting") return;
      this.#problem = "networkErrorText";
      this.#changed("problem");
    }, PATIENCE);
  }

  stop(): void {
    this.#stopped = true;
    removeEventListener("storage", this.#elsewhere);
    this.#options.connection.stop();
  }

  /** Another tab of this site has shown messages or begun a conversation. */
  #elsewhere = () => this.#changed("unread", "threads");

  // ---- the line

  async #opened(identity: Json | undefined): Promise<void> {
    const id = str(identity?.idOnExternalPlatform);
    const { lasting, config } = this.#options;
    if (id && (config.isAuthorizationEnabled || config.isSecuredCookieEnabled)) {
      // Somebody else has signed in on this browser: nothing of the one before shows, or is sent.
      if ((lasting.get("signedIn") ?? id) !== id) this.setCustomer(id);
      lasting.set("signedIn", id);
    }
    if (id) lasting.set("customer", id);
    if (!this.#name.firstName && str(identity?.firstName)) {
      this.#name = { firstName: str(identity?.firstName), lastName: str(identity?.lastName) || undefined };
    }
    try {
      await this.#recover();
    } catch (error) {
      if (error instanceof LineBroken) return;
      throw error;
    }
    this.#connectionState = "online";
    for (const tell of this.#identified.splice(0)) this.identified(tell);
    this.#problem = "";
    this.#changed("survey", "connection", "problem", "messages", "threads", "thread", "closed", "waiting", "agent", "avatar", "unread", "older");
    this.#sendFields();
    this.#flush();
  }

  #lost(): void {
    for (const thread of this.#threads.values()) thread.fresh = false;
    this.#outbox.land();
    this.#loadingOlder = false;
    this.#connectionState = this.#connectionState === "connecting" ? "connecting" : "reconnecting";
    this.#setTyping("", "");
    this.#changed("connection", "loadingOlder");
  }

  #refused(code: string, message: string): void {
    this.#connectionState = "failed";
    this.#problem = code === "ip_blocked" ? "ipAddressBlocked" : /Authori[sz]ation/.test(code) ? "authorizationFailedPleaseRefreshTheWebpage" : "unexpectedError";
    console.error(`[chat] The environment refuses this conversation (${code}).`, message);
    this.#changed("connection", "problem");
  }

  request = (eventType: string, data: Json): Promise<Json> => this.#options.connection.request(eventType, data);

  /** After every (re)connection: the conversations as the server has them. What it does not know is no error. */
  async #recover(): Promise<void> {
    if (this.#multiple) {
      const { known, threads } = await this.#list();
      // Archived from another device.
      for (const [id, thread] of this.#threads) if (thread.begun && !known.has(id) && threads && !this.#all.scrollToken) this.#forget(id);
      // The one that was open may lie beyond the first page of the list.
      if (known.size && this.#current) await this.#load(this.#current);
      if (!this.#current && !this.#threads.size) this.#open(uuid());
      // Signed in on a new device: there are conversations to choose from, unless one has been begun meanwhile.
      else if (known.size && this.#idle(this.#current)) this.#open("");
      return;
    }
    const act = this.#live ? "RecoverLivechat" : "RecoverThread";
    const known = this.#threads.get(this.#current);
    let found = known ? await this.#tolerate(act, { thread: { idOnExternalPlatform: known.id } }) : {};
    const unknown = !Object.keys(found).length;
    // Ended while the line was down: the words stay, the box goes.
    if (unknown && known?.begun && this.#live) known.closed = true;
    // Begun on another device, or in a tab that kept it to itself.
    else if (unknown) found = await this.#tolerate(act, {});
    const id = str(obj(found.thread).idOnExternalPlatform) || (Object.keys(found).length ? this.#current : "");
    if (id) {
      this.#merge(id, found);
      if (id !== this.#current) this.#open(id);
    } else if (!this.#current) this.#open(uuid());
  }

  /** A page of the customer's conversations, newest first. */
  async #list(scrollToken?: string): Promise<{ known: Set<string>; threads: unknown }> {
    const { threads, scrollToken: next } = await this.#tolerate("FetchThreadList", { limit: PAGE, scrollToken });
    const known = new Set<string>();
    this.#all.scrollToken = str(next);
    for (const one of list(threads)) {
      const found = obj(one);
      const id = str(found.idOnExternalPlatform);
      if (!id) continue;
      known.add(id);
      const thread = this.#thread(id);
      thread.begun = true;
      thread.name = str(found.threadName);
      thread.closed = found.canAddMoreMessages === false;
      if (id !== this.#current) void this.#loadMetadata(thread);
    }
    return { known, threads };
  }

  async #tolerate(eventType: string, data: Json): Promise<Json> {
    try {
      return await this.request(eventType, data);
    } catch (error) {
      if (error instanceof ServerError) return {};
      throw error;
    }
  }

  async #loadMetadata(thread: Thread): Promise<void> {
    try {
      const data = await this.#tolerate("LoadThreadMetadata", { thread: { idOnExternalPlatform: thread.id } });
      const last = toMessage(data.lastMessage);
      if (last) {
        thread.last = last;
        // Loaded later in full; until then the list needs its last words.
        if (!thread.messages.length) this.#countUnread(thread, [last]);
      }
      this.#setAgent(thread, obj(data.ownerAssignee));
      this.#changed("threads", "unread");
    } catch {
      /* the line broke: the next connection asks again */
    }
  }

  async #load(id: string): Promise<void> {
    const data = await this.#tolerate("RecoverThread", { thread: { idOnExternalPlatform: id } });
    if (Object.keys(data).length) this.#merge(id, data);
  }

  #merge(id: string, data: Json): void {
    const thread = this.#thread(id);
    thread.begun = true;
    thread.fresh = true;
    this.#options.lasting.set("begun", "1");
    thread.name = str(obj(data.thread).threadName) || thread.name;
    const found = list(data.messages).flatMap((one) => toMessage(one) ?? []);
    // Newest first or last: the order of the list decides between messages of the same instant.
    if (found.length && found[0]!.at > found.at(-1)!.at) found.reverse();
    const overlap = thread.messages.some((message) => found.some(({ id }) => id === message.id));
    if (!overlap) {
      // Nothing in common with what we had: a gap would lie between, so the server's page replaces it.
      thread.messages = [];
      thread.scrollToken = str(data.messagesScrollToken);
    }
    for (const message of found) this.#put(thread, message);
    const contact = obj(data.contact);
    if (contact.id !== undefined) thread.contact = str(contact.id);
    this.#setAgent(thread, obj(data.ownerAssignee), obj(data.inboxAssignee));
    thread.closed = this.#live ? contact.status === "closed" || obj(data.thread).canAddMoreMessages === false : obj(data.thread).canAddMoreMessages === false;
  }

  #put(thread: Thread, message: ChatMessage): void {
    this.#outbox.settle(message.id);
    this.#uploads.delete(message.id);
    const known = thread.messages.findIndex(({ id }) => id === message.id);
    if (known >= 0) {
      const before = thread.messages[known]!;
      if (before.state === "seen") message.state = "seen";
      thread.messages.splice(known, 1);
    }
    let place = thread.messages.length;
    while (place > 0 && thread.messages[place - 1]!.at > message.at) place--;
    thread.messages.splice(place, 0, message);
    // Everything before a message that was read has been read.
    if (message.state === "seen") for (const one of thread.messages.slice(0, place)) if (one.state === "sent") one.state = "seen";
  }

  // ---- what the server tells

  #push(event: PushEvent): void {
    const data = obj(event.data);
    const threadId = str(obj(data.thread).idOnExternalPlatform) || str(obj(data.message).threadIdOnExternalPlatform);
    switch (event.eventType) {
      case "MessageCreated": {
        const message = toMessage(data.message);
        if (!message || !threadId) break;
        const thread = this.#thread(threadId);
        // Begun in another tab: follow it, unless something has been said here.
        if (!this.#multiple && !this.#threads.get(this.#current)?.begun && !this.#messagesOf(this.#current).length) this.#open(threadId);
        const fresh = !thread.messages.some(({ id }) => id === message.id);
        thread.begun = true;
        thread.contact = str(obj(data.case).id) || thread.contact;
        if (!this.#multiple && !this.#live) thread.closed = false;
        this.#options.lasting.set("begun", "1");
        this.#put(thread, message);
        thread.last = message;
        if (!message.mine) {
          if (message.author) this.#setAgent(thread, obj(obj(data.message).authorUser));
          this.#setTyping("", "");
          if (fresh) this.#options.external("MESSAGE_RECEIVED", message);
        }
        this.#changed("messages", "threads", "unread", "agent", "avatar", "waiting", "closed");
        break;
      }
      case "CaseCreated":
      case "CaseStatusChanged": {
        const contact = obj(data.case ?? data.contact);
        const thread = threadId ? this.#thread(threadId) : [...this.#threads.values()].find((one) => one.contact === str(contact.id));
        if (!thread) break;
        thread.begun = true;
        thread.contact = str(contact.id) || thread.contact;
        if (this.#live) thread.closed = contact.status === "closed";
        this.#setAgent(thread, obj(data.inboxAssignee ?? contact.inboxAssignee));
        this.#changed("closed", "threads", "waiting", "agent", "avatar");
        break;
      }
      case "CaseInboxAssigneeChanged": {
        const contact = str(obj(data.case ?? data.contact).id);
        const thread = this.#threads.get(threadId) ?? [...this.#threads.values()].find((one) => one.contact === contact);
        if (!thread) break;
        this.#setAgent(thread, obj(data.inboxAssignee));
        this.#changed("agent", "avatar", "waiting", "threads");
        break;
      }
      case "SenderTypingStarted":
      case "SenderTypingEnded": {
        if (data.direction !== undefined && data.direction !== "outbound") break;
        const on = event.eventType === "SenderTypingStarted";
        this.#setTyping(on ? personName(obj(data.user)) || this.#threads.get(threadId)?.agent || " " : "", threadId);
        break;
      }
      case "MessageReadChanged": {
        const thread = this.#threads.get(threadId);
        const raw = obj(data.message);
        const id = str(raw.idOnExternalPlatform) || str(raw.id);
        const place = thread?.messages.findIndex((message) => message.id === id) ?? -1;
        if (!thread || place < 0 || !wasRead(raw)) break;
        for (const message of thread.messages.slice(0, place + 1)) if (message.mine) message.state = "seen";
        this.#changed("messages");
        break;
      }
      case "SetPositionInQueue": {
        const contact = str(obj(data.consumerContact).id);
        for (const thread of this.#threads.values()) {
          if (thread.contact !== contact) continue;
          thread.queue = Number(data.positionInQueue) || 0;
          thread.noAgent = data.isAnyAgentOnlineForQueue === false;
        }
        this.#changed("queue", "noAgent");
        break;
      }
      case "ThreadArchived":
        if (threadId) this.#forget(threadId);
        break;
      case "ThreadUpdated":
        if (this.#threads.has(threadId)) this.#thread(threadId).name = str(obj(data.thread).threadName);
        this.#changed("threads");
        break;
    }
    this.#options.pushed(event);
  }

  #setAgent(thread: Thread, ...people: Json[]): void {
    for (const person of people) {
      const name = personName(person);
      if (!name) continue;
      thread.agent = name;
      thread.avatar = personImage(person);
      thread.queue = 0;
      return;
    }
  }

  #setTyping(name: string, thread: string): void {
    if (!name && !this.#typist) return;
    this.#typist = name;
    this.#typistThread = thread;
    clearTimeout(this.#typingTimer);
    // A lost "ended" must not leave the dots dancing.
    if (name) this.#typingTimer = window.setTimeout(() => this.#setTyping("", ""), TYPING_ENDS);
    this.#changed("typing");
  }

  // ---- what the visitor does

  send(text: string, postback?: string, attachments: { url: string; friendlyName: string }[] = [], id = uuid()): void {
    text = text.trim();
    if (!text && !attachments.length) return;
    this.start();
    let thread = this.#threads.get(this.#current);
    if (!thread || thread.closed) {
      this.#open(uuid());
      thread = this.#thread(this.#current);
    }
    const begins = !thread.contact;
    this.#outbox.add({
      id,
      thread: thread.id,
      at: Date.now(),
      data: {
        idOnExternalPlatform: id,
        messageContent: { type: "TEXT", payload: { text }, ...(postback ? { postback } : {}) },
        attachments,
        consumer: { customFields: begins ? fields(this.#customerFields) : [] },
        consumerContact: { customFields: begins ? this.#answers(thread.id) : [] },
        browserFingerprint: { language: navigator.language },
      },
    });
    if (begins) this.#unsentContact = this.#unsentCustomer = false;
    this.#changed("messages", "threads", "waiting");
    this.#flush();
  }

  /** Words that begin a conversation by themselves: for the agent to see at once, for the visitor only if the page says so. */
  sendFirst(text: string): void {
    const thread = this.#current;
    if (!thread || this.#threads.get(thread)?.begun || this.#messagesOf(thread, true).length) return;
    const id = uuid();
    this.#options.lasting.set("first:" + thread, id);
    this.send(text, undefined, [], id);
  }

  hideFirst = () => this.#changed("messages", "threads");

  sendFiles(files: File[]): void {
    this.start();
    if (!this.#threads.has(this.#current) || this.#thread(this.#current).closed) this.#open(uuid());
    for (const file of files) {
      const id = uuid();
      const shown: ChatMessage = {
        id,
        mine: true,
        at: Date.now(),
        text: "",
        files: [{ name: file.name, type: file.type, size: file.size, progress: 0 }],
        state: "sending",
      };
      this.#uploads.set(id, { file, thread: this.#current, shown });
      void this.#upload(id);
    }
  }

  /** Without an id: the line. */
  retry(id: string): void {
    if (!id) {
      this.#wait();
      this.#options.connection.hurry?.();
    } else if (this.#uploads.has(id)) void this.#upload(id);
    else {
      this.#outbox.retry(id);
      this.#flush();
    }
    this.#changed("messages");
  }

  /** Without an id: the visitor has read why a file was not taken. */
  cancel(id: string): void {
    this.#uploads.get(id)?.stop?.abort();
    this.#uploads.delete(id);
    if (!id) this.#refusedFile = null;
    this.#changed("messages", "refused");
  }

  async #upload(id: string): Promise<void> {
    const upload = this.#uploads.get(id)!;
    upload.stop = new AbortController();
    const { shown, file } = upload;
    shown.state = "sending";
    shown.files![0]!.progress = 0;
    delete shown.error;
    this.#changed("messages");
    try {
      const answer = await this.#options.connection.upload(file, (part) => {
        shown.files![0]!.progress = part;
        this.#changed("messages");
      }, upload.stop.signal);
      const url = str(answer.fileUrl);
      if (url) {
        // From here on it is a message like another: the outbox keeps it.
        this.#uploads.delete(id);
        const there = this.#current;
        this.#current = upload.thread;
        this.send("", undefined, [{ url, friendlyName: file.name }], id);
        this.#current = there;
        return;
      }
      // A refused upload answers 200 with what would have been allowed.
      const { refusal, ...files } = answer;
      if (answer.allowedFileSize !== undefined) this.#files = files;
      this.#refusedFile = { name: file.name, code: str(refusal) };
      this.#uploads.delete(id);
      return this.#changed("messages", "files", "refused");
    } catch (error) {
      if (!this.#uploads.has(id)) return;
      shown.error = error instanceof ServerError ? "uploadFailed" : "fileSendingFailed";
    }
    shown.state = "failed";
    delete shown.files![0]!.progress;
    this.#changed("messages");
  }

  #flush(): void {
    if (this.#connectionState !== "online") return;
    for (const item of this.#outbox.take()) {
      this.request("SendMessage", { thread: { idOnExternalPlatform: item.thread, threadName: this.#thread(item.thread).name }, ...item.data }).then(
        () => {
          const thread = this.#thread(item.thread);
          thread.begun = true;
          this.#options.lasting.set("begun", "1");
          if (!this.#multiple) this.#options.lasting.set("thread", item.thread);
          const shown = { ...this.#pendingMessage(item), state: "sent" as const };
          // Unless MessageCreated came first. The server's clock decides the order once it does.
          if (this.#outbox.settle(item.id)) this.#put(thread, { ...shown, at: Math.max(shown.at, thread.messages.at(-1)?.at ?? 0) });
          this.#options.external("MESSAGE_SENT", shown);
          this.#changed("messages", "threads", "waiting");
        },
        (error: unknown) => {
          // A broken line leaves it in the outbox; the next connection sends it again.
          if (error instanceof ServerError) {
            this.#outbox.refuse(item.id, "messageSendingFailed");
            // The answers do not do: the form comes (again), whatever hid it, for there is no other way on.
            if (list(error.fields).length) this.#wrong = { thread: item.thread, fields: list(error.fields) as [] };
          }
          this.#changed("messages", "survey");
        },
      );
    }
  }

  /** Of the conversation that is shown; "" before its first message. */
  get contact(): string {
    return this.#threads.get(this.#current)?.contact ?? "";
  }

  /** What is being typed, where the channel lets agents see it. */
  preview(text: string): void {
    const thread = this.#threads.get(this.#current);
    if (this.#options.config.settings?.enableChatTypingPreview === true && thread?.begun && !thread.closed) {
      this.#quietly("SendMessagePreview", thread, { messageContent: { type: "TEXT", payload: { text } } });
    }
  }

  typing(on: boolean): void {
    const thread = this.#threads.get(this.#current);
    if (thread?.begun && !thread.closed) this.#quietly(on ? "SenderTypingStarted" : "SenderTypingEnded", thread);
  }

  /** The visitor has the window before them: what is in it counts as read. */
  seen(): void {
    const thread = this.#threads.get(this.#current);
    const last = thread?.messages.findLast((message) => !message.mine);
    if (!thread || !last || last.at <= this.#seenAt(thread.id)) return;
    this.#options.lasting.set("seen:" + thread.id, String(last.at));
    this.#quietly("MessageSeenByConsumer", thread);
    this.#changed("unread", "threads");
  }

  #seenAt = (id: string): number => Number(this.#options.lasting.get("seen:" + id)) || 0;

  #quietly(eventType: string, thread: Thread, more: Json = {}): void {
    this.request(eventType, { thread: { idOnExternalPlatform: thread.id, threadName: thread.name }, ...more }).catch(() => undefined);
  }

  select(id: string): void {
    if (id && !this.#threads.has(id)) return;
    this.#open(id);
    const thread = this.#threads.get(id);
    if (thread?.begun && !thread.fresh && this.#connectionState === "online") {
      void this.#load(id)
        .catch(() => undefined)
        .then(() => this.#changed("messages", "older", "closed", "agent", "avatar", "unread", "threads"));
    }
  }

  /** A new, empty conversation; the server hears of it with its first message. */
  begin(): void {
    this.start();
    this.#open(uuid());
  }

  archive(id: string): void {
    const thread = this.#threads.get(id);
    if (!thread) return;
    if (!thread.begun) return this.#forget(id);
    this.request("ArchiveThread", { thread: { idOnExternalPlatform: id } })
      .then(() => this.#forget(id))
      .catch(() => this.#changed("threads"));
  }

  /** EndContact; the window shows the end when the server confirms. */
  end(): void {
    const thread = this.#threads.get(this.#current);
    if (!thread) return;
    if (!thread.begun) return this.begin();
    this.request("EndContact", { thread: { idOnExternalPlatform: thread.id }, contact: { id: thread.contact } })
      .then(() => {
        thread.closed = true;
        this.#changed("closed", "threads", "waiting");
      })
      .catch(() => this.#changed("closed"));
  }

  older(): void {
    const thread = this.#threads.get(this.#current);
    if (!(thread ?? this.#all).scrollToken || this.#loadingOlder) return;
    this.#loadingOlder = true;
    this.#changed("loadingOlder");
    const done = () => {
      this.#loadingOlder = false;
      this.#changed("threads", "messages", "older", "loadingOlder");
    };
    if (!thread) return void this.#list(this.#all.scrollToken).catch(() => undefined).finally(done);
    this.request("LoadMoreMessages", {
      thread: { idOnExternalPlatform: thread.id },
      scrollToken: thread.scrollToken,
      oldestMessageDatetime: new Date(thread.messages[0]?.at ?? Date.now()).toISOString(),
    })
      .then((data) => {
        thread.scrollToken = str(data.scrollToken);
        for (const one of list(data.messages)) {
          const message = toMessage(one);
          if (message) this.#put(thread, message);
        }
      })
      .catch((error) => {
        if (error instanceof ServerError) thread.scrollToken = "";
      })
      .finally(done);
  }

  // ---- what the page says about the visitor

  setName(name: string): void {
    const [firstName = "", ...rest] = name.trim().split(/\s+/);
    this.#name = { firstName, lastName: rest.join(" ") || undefined };
  }

  setCustomer(id: string): void {
    const { lasting, tab } = this.#options;
    if (!id || id === lasting.get("customer")) return;
    // Somebody else: nothing of the former visitor may show or be sent under the new name.
    for (const key of ["begun", "thread"]) lasting.set(key, undefined);
    for (const key of ["thread", "outbox", "draft", "survey"]) tab.set(key, undefined);
    lasting.set("customer", id);
    this.#threads.clear();
    this.#current = "";
    this.#outbox = new Outbox(tab);
    this.#changed("messages", "threads", "thread", "unread", "agent", "avatar", "closed", "older", "waiting");
  }

  setField(kind: "contact" | "customer", ident: string, value: string): void {
    if (!ident) return;
    (kind === "contact" ? this.#contactFields : this.#customerFields).set(ident, value.slice(0, LONGEST_VALUE));
    if (kind === "contact") this.#unsentContact = true;
    else this.#unsentCustomer = true;
    this.#changed("survey");
    this.#sendFields();
  }

  /** Before the first message they travel with it. */
  #sendFields(): void {
    const thread = this.#threads.get(this.#current);
    if (this.#connectionState !== "online" || !thread?.begun) return;
    if (this.#unsentContact) this.#quietly("SetConsumerContactCustomFields", thread, { customFields: fields(this.#contactFields) });
    if (this.#unsentCustomer) this.#quietly("SetConsumerCustomFields", thread, { customFields: fields(this.#customerFields) });
    this.#unsentContact = this.#unsentCustomer = false;
  }

  #answers(thread: string) {
    const { values, done, thread: of } = this.#survey;
    return fields(new Map([...this.#contactFields, ...(done && of === thread ? Object.entries(values) : [])]));
  }

  /** The form as it is being answered, or answered. */
  answer(values: Record<string, string>, done: boolean): void {
    const thread = this.#current;
    const wrong = this.#wrong?.thread === thread;
    // What the page set that the environment refused is replaced by what the visitor says.
    this.#survey = { thread, values: wrong ? { ...this.#survey.values, ...values } : values, done };
    this.#options.tab.set("survey", JSON.stringify(this.#survey));
    if (!done) return;
    this.#wrong = undefined;
    if (wrong) {
      for (const item of this.#outbox.all) {
        if (item.thread !== thread || !item.failed) continue;
        item.data.consumerContact = { customFields: this.#answers(thread) };
        this.#outbox.retry(item.id);
      }
      this.#flush();
    }
    this.#changed("survey", "messages");
  }

  /** Whether the form is to be shown is another matter now; `again`: also if it was answered (the preview's draft). */
  ask(config = this.#options.config, again = false): void {
    this.#options.config = config;
    if (again) this.#survey.done = false;
    this.#changed("survey");
  }

  #asked(): View["survey"] {
    const id = this.#current;
    const { thread, values, done } = this.#survey;
    const mine = thread === id;
    const wrong = this.#wrong?.thread === id ? this.#wrong.fields : undefined;
    if (!id || !this.#options.config.preContactForm?.customFields?.length || this.#threads.get(id)?.begun || this.#connectionState === "failed") return null;
    // Whoever has been here before may have a conversation to go on with: that shows once the line is there.
    if (!wrong && ((mine && done) || this.#options.hideSurvey() || this.#messagesOf(id).length || (this.known && this.#connectionState !== "online"))) return null;
    return { values: mine ? values : {}, page: Object.fromEntries(this.#contactFields), customer: { ...this.#known, ...Object.fromEntries(this.#customerFields) }, wrong };
  }

  setAvailable(available: boolean): void {
    this.#available = available;
    this.#changed("available");
  }

  // ---- the view

  #thread(id: string): Thread {
    let thread = this.#threads.get(id);
    if (!thread) {
      thread = { id, name: "", closed: false, agent: "", avatar: "", messages: [], scrollToken: "", contact: "", fresh: false, begun: false, queue: 0, noAgent: false };
      this.#threads.set(id, thread);
    }
    return thread;
  }

  #open(id: string): void {
    const { lasting, tab } = this.#options;
    // An empty conversation nobody wrote in leaves no trace.
    const left = this.#threads.get(this.#current);
    if (left && this.#current !== id && !left.begun && !this.#messagesOf(left.id).length) this.#threads.delete(left.id);
    this.#current = id;
    tab.set("thread", id || undefined);
    if (id) this.#thread(id);
    if (id && !this.#multiple) lasting.set("thread", id);
    this.#changed("survey", "thread", "messages", "threads", "closed", "agent", "avatar", "older", "waiting", "queue", "noAgent", "typing");
  }

  /** Nothing has been said in it, nor half said. */
  #idle(id: string): boolean {
    return !!id && !this.#threads.get(id)?.begun && !this.#messagesOf(id).length && !this.#options.tab.get("draft");
  }

  #forget(id: string): void {
    this.#threads.delete(id);
    if (this.#current === id) this.#open(this.#multiple && this.#threads.size ? "" : uuid());
    this.#changed("threads", "unread");
  }

  #pendingMessage(item: { id: string; at: number; data: Json; failed?: string }): ChatMessage {
    const { messageContent, attachments } = item.data;
    return {
      id: item.id,
      mine: true,
      at: item.at,
      text: str(obj(obj(messageContent).payload).text),
      files: list(attachments).map((one) => ({ name: str(obj(one).friendlyName), url: str(obj(one).url) })),
      state: item.failed ? "failed" : "sending",
      error: item.failed,
    };
  }

  #messagesOf(id: string, all = this.#options.showFirst()): ChatMessage[] {
    const stored = this.#threads.get(id)?.messages ?? [];
    const sending = [
      ...this.#outbox.all.filter((item) => item.thread === id).map((item) => this.#pendingMessage(item)),
      ...[...this.#uploads.values()].filter((one) => one.thread === id).map((one) => one.shown),
    ];
    const hidden = !all && this.#options.lasting.get("first:" + id);
    return [...stored, ...sending.sort((a, b) => a.at - b.at)].filter((message) => message.id !== hidden);
  }

  #countUnread(thread: Thread, messages = thread.messages): number {
    const seen = this.#seenAt(thread.id);
    return messages.filter((message) => !message.mine && !message.known && message.at > seen).length;
  }

  view(): View {
    const thread = this.#threads.get(this.#current);
    const messages = this.#messagesOf(this.#current);
    const threads = [...this.#threads.values()]
      .filter((one) => one.begun || this.#messagesOf(one.id).length)
      .map((one) => {
        const last = this.#messagesOf(one.id).at(-1) ?? one.last;
        return {
          id: one.id,
          name: one.name,
          closed: one.closed,
          unread: this.#countUnread(one, one.messages.length || !one.last ? one.messages : [one.last]),
          agent: one.agent,
          avatar: one.avatar,
          lastText: last ? last.text || last.title || last.files?.[0]?.name || "" : "",
          lastAt: last?.at,
        };
      })
      .sort((a, b) => (b.lastAt ?? 0) - (a.lastAt ?? 0));
    return {
      connection: this.#connectionState,
      problem: this.#problem,
      live: this.#live,
      available: this.#available,
      multiple: this.#multiple,
      threads,
      thread: this.#current,
      messages,
      older: !!(thread ?? this.#all).scrollToken,
      loadingOlder: this.#loadingOlder,
      typing: this.#typistThread === this.#current ? this.#typist : "",
      agent: thread?.agent ?? "",
      avatar: thread?.avatar ?? "",
      closed: thread?.closed ?? false,
      waiting: !!thread && (thread.begun || messages.length > 0) && !thread.agent && !thread.closed,
      queue: thread?.queue ?? 0,
      noAgent: thread?.noAgent ?? false,
      unread: threads.reduce((sum, one) => sum + one.unread, 0),
      files: this.#files,
      refused: this.#refusedFile,
      survey: this.#asked(),
    };
  }

  #changed(...keys: (keyof View)[]): void {
    if (!this.#dirty.size) {
      queueMicrotask(() => {
        const view = this.view();
        const patch = Object.fromEntries([...this.#dirty].map((key) => [key, view[key]]));
        this.#dirty.clear();
        if (!this.#stopped) this.#options.show(patch);
      });
    }
    for (const key of keys) this.#dirty.add(key);
  }
}

const fields = (values: Map<string, string>) => [...values].map(([ident, value]) => ({ ident, value }));
