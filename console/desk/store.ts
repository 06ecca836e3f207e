/* What the desk knows: the list, the conversation that is open, drafts, who is there. Events change it; the page draws it. */
import { Connection, type Frame } from "./connection";
import type { AgentInfo, ChannelInfo, Conversation, Counts, Library, Message, Note, Outgoing, Row, View } from "./types";
import { views } from "./types";
import { beep } from "../../widget/frame/beep";
import { toast } from "../parts/toasts";
import { csrf, has, settings, str, t } from "./words";

export interface Open {
  channel: string;
  id: string;
}

/** Conversations of one page of a list, and the most that are read at once. */
const page = 100;
const longest = 300;
/** Milliseconds for which an agent who left the desk counts as there. */
const grace = 15_000;

const same = (one: { channel: string; id: string } | undefined, channel: string, id: string): boolean =>
  one?.channel === channel && one.id === id;

/** What a key of the browser's storage keeps for this agent. */
const kept = (name: string): string => `desk:${settings().environment}:${settings().brand}:${settings().me}:${name}`;

function stored(name: string): string {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

function store(name: string, value: string): void {
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {
    /* It holds as long as the page is open. */
  }
}

export class Desk {
  view: View = "mine";
  search = "";
  only = "";
  rows: Row[] | undefined;
  more = false;
  counts: Counts = { mine: 0, waiting: 0, all: 0, unread: 0 };
  channels: ChannelInfo[] = [];
  /** Nobody is missing before it is known who is there. */
  agents: AgentInfo[] | undefined;
  name = "";
  open: Open | undefined;
  conversation: Conversation | undefined;
  typing = new Map<string, number>();
  previews = new Map<string, string>();
  sound = stored("desk:sound") !== "off";
  notify = stored("desk:notify") === "on" && typeof Notification !== "undefined" && Notification.permission === "granted";
  library: Library | undefined;
  said = "";
  /** Of this conversation nothing more is to come. */
  missing = false;
  /** Why the list could not be read. */
  trouble = "";
  readonly connection: Connection;
  #listeners = new Set<() => void>();
  #listing: ReturnType<typeof setTimeout> | undefined;
  #listedAt = 0;
  /** The next first page stands for the whole list: what was loaded of further ones is not kept. */
  #fresh = true;
  #paging = false;
  /** When agents were last seen leaving the desk. */
  #left = new Map<string, number>();
  #drawing = false;
  #drafts = new Map<string, string>();

  constructor() {
    this.#readAddress();
    this.connection = new Connection(
      (frame) => this.#hear(frame),
      () => this.changed(),
      stored(kept("away")) !== "1",
    );
    addEventListener("popstate", () => {
      this.#readAddress();
      this.rows = undefined;
      this.list();
      this.#openAgain();
      this.changed();
    });
    document.addEventListener("visibilitychange", () => this.#markSeen());
    setInterval(() => this.changed(), 20_000);
  }

  listen(draw: () => void): () => void {
    this.#listeners.add(draw);
    return () => this.#listeners.delete(draw);
  }

  /** Draw anew, once for all that happens at the same time. */
  changed(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    queueMicrotask(() => {
      this.#drawing = false;
      for (const draw of this.#listeners) draw();
    });
  }

  // -- the address -----------------------------------------------------------------------------------------------------

  #readAddress(): void {
    const query = new URLSearchParams(location.search);
    const view = query.get("view") as View | null;
    this.view = view && views.includes(view) ? view : "mine";
    this.search = query.get("q") ?? "";
    this.only = query.get("only") ?? "";
    const [channel, ...rest] = (query.get("c") ?? "").split("~");
    const id = rest.join("~");
    if (channel && id) {
      if (!same(this.open, channel, id)) this.conversation = undefined;
      this.open = { channel, id };
    } else {
      this.open = undefined;
      this.conversation = undefined;
    }
  }

  #writeAddress(push = false): void {
    const query = new URLSearchParams({ environment: settings().environment });
    if (this.view !== "mine") query.set("view", this.view);
    if (this.search) query.set("q", this.search);
    if (this.only) query.set("only", this.only);
    if (this.open) query.set("c", `${this.open.channel}~${this.open.id}`);
    history[push ? "pushState" : "replaceState"](null, "", `?${query}`);
  }

  show(view: View): void {
    this.view = view;
    this.rows = undefined;
    this.#writeAddress();
    this.list();
    this.changed();
  }

  find(search: string): void {
    this.search = search;
    this.#fresh = true;
    this.#writeAddress();
    this.#listSoon(250);
    this.changed();
  }

  filter(only: string): void {
    this.only = only;
    this.rows = undefined;
    this.#writeAddress();
    this.list();
    this.changed();
  }

  showMore(): void {
    const last = this.rows?.at(-1);
    if (!last || !this.more || this.#paging) return;
    this.#paging = this.#list({ limit: page, after: last.place });
  }

  select(channel: string, id: string): void {
    if (same(this.open, channel, id)) return;
    const before = this.open;
    this.open = { channel, id };
    this.conversation = undefined;
    this.missing = false;
    this.#writeAddress(!before);
    this.#openAgain();
    this.changed();
  }

  leave(): void {
    this.open = undefined;
    this.conversation = undefined;
    this.#writeAddress();
    this.changed();
  }

  // -- commands --------------------------------------------------------------------------------------------------------

  list(): void {
    clearTimeout(this.#listing);
    this.#listing = undefined;
    this.#listedAt = Date.now();
    this.#list({ limit: page });
  }

  #list(which: { limit: number; after?: string }): boolean {
    return this.connection.tell({ do: "list", view: this.view, search: this.search, only: this.only, ref: "list", ...which });
  }

  /** After a broken line all that is shown is read anew, as far as one page may go. */
  #listAnew(): void {
    this.#fresh = true;
    this.#paging = false;
    this.#listedAt = Date.now();
    this.#list({ limit: Math.max(page, Math.min(longest, this.rows?.length ?? 0)) });
  }

  /** The list is read again after what changed it, but not more than once a second. */
  #listSoon(wait = 0): void {
    if (this.#listing !== undefined && !wait) return;
    clearTimeout(this.#listing);
    this.#listing = setTimeout(() => this.list(), Math.max(wait, this.#listedAt + 1000 - Date.now(), 60));
  }

  #openAgain(): void {
    if (this.open) this.connection.tell({ do: "open", channel: this.open.channel, conversation: this.open.id, ref: "open" });
  }

  #about(command: Record<string, unknown>): boolean {
    if (!this.open) return false;
    return this.connection.tell({ ...command, channel: this.open.channel, conversation: this.open.id });
  }

  take(): void {
    if (!this.#about({ do: "take", from: this.conversation?.holder ?? "", ref: "take" })) toast(t("lost"), "wait");
  }

  close(): void {
    if (!this.#about({ do: "close", ref: "close" })) toast(t("lost"), "wait");
  }

  transfer(to: string, note: string): void {
    if (!this.#about({ do: "transfer", to, note, ref: "transfer" })) toast(t("lost"), "wait");
  }

  earlier(): void {
    if (this.conversation?.scroll) this.#about({ do: "more", scroll: this.conversation.scroll });
  }

  type(on: boolean): void {
    if (this.mine) this.#about({ do: "typing", on });
  }

  post(command: Record<string, unknown>): void {
    if (!this.open) return;
    this.connection.post({
      id: crypto.randomUUID(),
      channel: this.open.channel,
      conversation: this.open.id,
      command,
      at: new Date().toISOString(),
    });
  }

  get mine(): boolean {
    return this.conversation?.holder === settings().me && this.conversation.status !== "closed";
  }

  /** Whether what is written here would reach the visitor. */
  get mayWrite(): boolean {
    const found = this.conversation;
    if (!found || found.archived) return false;
    if (found.status === "closed") return !this.channel(found.channel)?.live;
    return found.holder === "" || found.holder === settings().me;
  }

  channel(id: string): ChannelInfo | undefined {
    return this.channels.find((one) => one.id === id);
  }

  get outgoing(): Outgoing[] {
    return this.connection.outbox.filter((one) => same(this.open, one.channel, one.conversation));
  }

  setAvailable(available: boolean): void {
    store(kept("away"), available ? "" : "1");
    this.connection.setAvailable(available);
    this.changed();
  }

  setSound(on: boolean): void {
    this.sound = on;
    store("desk:sound", on ? "" : "off");
    if (on) beep();
    this.changed();
  }

  async setNotify(on: boolean): Promise<void> {
    if (on && typeof Notification !== "undefined" && Notification.permission !== "granted") {
      on = (await Notification.requestPermission()) === "granted";
      if (!on) toast(t("notifications-blocked"), "wait");
    }
    this.notify = on && typeof Notification !== "undefined";
    store("desk:notify", this.notify ? "on" : "");
    this.changed();
  }

  async loadLibrary(): Promise<void> {
    const answer = await fetch(settings().library);
    if (!answer.ok || answer.redirected) return;
    this.library = (await answer.json()) as Library;
    this.changed();
  }

  /** Keep quick replies, or with an id let them go; what was wrong, or nothing. */
  async keepReplies(given: { question: string; choices: string[] } | number): Promise<string> {
    const body = new URLSearchParams();
    let url = settings().replies;
    if (typeof given === "number") url += `${given}/delete/`;
    else {
      body.append("question", given.question);
      for (const one of given.choices) body.append("choice", one);
    }
    try {
      const answer = await fetch(url, { method: "POST", headers: { "X-CSRFToken": csrf() }, body });
      if (answer.status === 422) return str(((await answer.json()) as { problem?: unknown }).problem);
      if (!answer.ok || answer.redirected) return t("replies-failed");
      await this.loadLibrary();
      return "";
    } catch {
      return t("replies-failed");
    }
  }

  // -- drafts ----------------------------------------------------------------------------------------------------------

  draft(open: Open): string {
    const name = kept(`draft:${open.channel}~${open.id}`);
    return this.#drafts.get(name) ?? stored(name);
  }

  setDraft(open: Open, text: string): void {
    const name = kept(`draft:${open.channel}~${open.id}`);
    this.#drafts.set(name, text);
    store(name, text);
  }

  // -- events ----------------------------------------------------------------------------------------------------------

  #hear(frame: Frame): void {
    const channel = str(frame["channel"]);
    const id = str(frame["conversation"]);
    const key = `${channel}~${id}`;
    const here = same(this.open, channel, id);
    switch (frame.event) {
      case "ready":
        this.name = str(frame["name"]);
        this.channels = frame["channels"] as ChannelInfo[];
        this.#listAnew();
        this.#openAgain();
        break;
      case "renewed":
      case "channels":
        this.channels = frame["channels"] as ChannelInfo[];
        this.#listSoon();
        break;
      case "resync":
        this.#listAnew();
        this.#openAgain();
        break;
      case "agents":
        this.#come(frame["agents"] as AgentInfo[]);
        break;
      case "conversations":
        this.#listed(frame);
        break;
      case "conversation":
        if (here) this.#opened(frame as unknown as Conversation);
        break;
      case "more":
        if (here && this.conversation) {
          const page = (frame["messages"] as Message[]).slice().reverse();
          this.conversation = { ...this.conversation, messages: merged(page, this.conversation.messages), scroll: str(frame["scroll"]) };
        }
        break;
      case "message":
        this.#came(frame, channel, id, frame["message"] as Message);
        break;
      case "status":
        this.#changedHands(channel, id, str(frame["status"]), str(frame["holder"]), str(frame["assignee"]));
        break;
      case "note":
        if (here && this.conversation) {
          const note = frame["note"] as Note;
          const notes = this.conversation.notes;
          if (!notes.some((one) => one.id === note.id)) this.conversation = { ...this.conversation, notes: [...notes, note] };
        }
        break;
      case "typing":
        this.#types(key, frame["on"] === true);
        break;
      case "preview":
        if (frame["text"]) this.previews.set(key, str(frame["text"]));
        else this.previews.delete(key);
        this.#types(key, Boolean(frame["text"]));
        break;
      case "seen":
        if (here && this.conversation) {
          const messages = this.conversation.messages.map((one) => (one.id === frame["id"] ? { ...one, isRead: true } : one));
          this.conversation = { ...this.conversation, messages };
        }
        if (frame["direction"] === "inbound") {
          this.rows = this.rows?.map((row) => (same(row, channel, id) ? { ...row, unread: 0 } : row));
          this.#listSoon();
        }
        break;
      case "error":
        this.#refused(frame);
        break;
    }
    this.changed();
  }

  #listed(frame: Frame): void {
    const counts = frame["counts"] as Counts;
    this.counts = counts;
    if (frame["view"] !== this.view || frame["search"] !== this.search.trim() || frame["only"] !== this.only) return;
    this.trouble = "";
    const found = frame["conversations"] as Row[];
    const more = frame["more"] === true;
    const others = (this.rows ?? []).filter((row) => !found.some((one) => same(one, row.channel, row.id)));
    if (frame["after"]) {
      this.#paging = false;
      this.rows = [...others, ...found].sort((a, b) => this.#order(a, b));
      this.more = more;
      return;
    }
    // Further pages are not read again at each change: of them stays what stands below this one, and belongs here.
    const end = found.at(-1);
    const below = this.#fresh || !more || !end ? [] : others.filter((row) => this.#belongs(row) && this.#order(end, row) < 0);
    this.#fresh = false;
    this.rows = [...found, ...below];
    if (!below.length) this.more = more;
  }

  #order(a: Row, b: Row): number {
    const [first, second] = [Number.parseInt(a.place), Number.parseInt(b.place)];
    return this.view === "waiting" ? first - second : second - first;
  }

  #belongs(row: Row): boolean {
    if ((row.status === "closed") !== (this.view === "closed")) return false;
    return this.view === "mine" ? row.holder === settings().me : this.view !== "waiting" || row.holder === "";
  }

  /** Whether whoever holds a conversation is at the desk; of an agent of a test page it is not known. */
  isThere(holder: string): boolean {
    if (!this.agents || holder.startsWith("name:") || this.agents.some((one) => one.agent === holder)) return true;
    return Date.now() - (this.#left.get(holder) ?? 0) < grace;
  }

  #come(agents: AgentInfo[]): void {
    // Whoever loads the page anew is away for a second: that is no leaving.
    for (const before of this.agents ?? []) {
      if (agents.some((one) => one.agent === before.agent)) continue;
      this.#left.set(before.agent, Date.now());
      setTimeout(() => this.changed(), grace + 50);
    }
    this.agents = agents;
  }

  #opened(found: Conversation): void {
    const before = this.conversation;
    const messages = found.messages.slice().reverse();
    // Read anew after a broken line: what was loaded of earlier pages stays.
    const kept = before && messages.length && before.messages.some((one) => one.id === messages[0]!.id);
    this.conversation = { ...found, messages: kept ? merged(before.messages, messages) : messages, scroll: kept ? before.scroll : found.scroll };
    this.#markSeen();
  }

  #came(frame: Frame, channel: string, id: string, message: Message): void {
    const [customer, status, holder] = [str(frame["customer"]), str(frame["status"]), str(frame["holder"])];
    const here = same(this.open, channel, id);
    const inbound = message.direction === "inbound";
    if (inbound) {
      this.typing.delete(`${channel}~${id}`);
      this.previews.delete(`${channel}~${id}`);
    } else this.connection.drop(message.idOnExternalPlatform);
    if (here && this.conversation) {
      const reopened = this.conversation.status === "closed" && status !== "closed";
      this.conversation = { ...this.conversation, messages: merged(this.conversation.messages, [message]), status };
      if (inbound) {
        this.said = t("somebody-said", { name: customer || t("visitor"), text: textOf(message) });
        this.#markSeen();
      }
      if (reopened) this.#openAgain();
    }
    const row = this.rows?.find((one) => same(one, channel, id));
    if (row) {
      const changed = { ...row, text: textOf(message), at: message.createdAtWithMilliseconds, author: inbound ? "customer" : "agent", kind: message.messageContent.type };
      if (this.view !== "waiting") changed.place = `${Date.parse(changed.at) * 1000}~${row.place.split("~")[1]}`;
      if (inbound && !(here && this.mine && !document.hidden)) changed.unread += 1;
      const rest = this.rows!.filter((one) => one !== row);
      this.rows = this.view === "waiting" ? this.rows!.map((one) => (one === row ? changed : one)) : [changed, ...rest];
    }
    if (inbound) {
      const who = customer || t("visitor");
      if (holder === settings().me) this.#news(t("new-message", { name: who }), textOf(message), channel, id);
      // Of those who wait the first word is news, for whoever is there to answer; a colleague's conversation is theirs.
      else if (holder === "" && this.connection.available && (frame["opened"] === true || row?.unread === 0))
        this.#news(t("new-waiting", { name: who }), textOf(message), channel, id);
    }
    this.#listSoon();
  }

  #changedHands(channel: string, id: string, status: string, holder: string, assignee: string): void {
    const here = same(this.open, channel, id);
    const me = settings().me;
    const row = this.rows?.find((one) => same(one, channel, id));
    const before = here && this.conversation ? this.conversation.holder : row?.holder;
    if (here && this.conversation) {
      if (before === me && holder && holder !== me) this.said = t("has-it", { name: assignee });
      this.conversation = { ...this.conversation, status, holder, assignee, since: new Date().toISOString() };
      this.#markSeen();
    }
    if (row) this.rows = this.rows!.map((one) => (one === row ? { ...row, status, holder, assignee } : one));
    if (holder === me && before !== me && !(here && this.#mineByMe)) {
      this.#news(t("handed-to-you", { name: row?.customer || t("visitor") }), row?.text ?? "", channel, id);
    }
    if (holder === "" && status === "new" && before && before !== me && this.connection.available) {
      this.#news(t("new-waiting", { name: row?.customer || t("visitor") }), row?.text ?? "", channel, id);
    }
    this.#mineByMe = false;
    this.#listSoon();
  }

  /** What I take myself is no news. */
  #mineByMe = false;
  expectMine(): void {
    this.#mineByMe = true;
  }

  #types(key: string, on: boolean): void {
    if (!on) {
      this.typing.delete(key);
      this.previews.delete(key);
      return;
    }
    const at = Date.now();
    this.typing.set(key, at);
    // A visitor who vanishes while typing says no end.
    setTimeout(() => {
      if (this.typing.get(key) !== at) return;
      this.typing.delete(key);
      this.changed();
    }, 8000);
  }

  #refused(frame: Frame): void {
    const code = str(frame["code"]);
    if (code === "taken") {
      toast(t("somebody-faster", { name: str(frame["by"]) }), "wait");
      this.#openAgain();
      this.#listSoon();
    } else if (frame.ref === "list") {
      this.#paging = false;
      this.rows ??= [];
      this.trouble = this.search ? t("search-too-long") : t("error-unavailable");
    } else if (frame.ref === "transfer" && code === "not_there") toast(t("not-there"), "wait");
    else if (frame.ref === "open") this.missing = true;
    else if (frame.ref === "take" || frame.ref === "close" || frame.ref === "transfer") {
      toast(has(`error-${code}`) ? t(`error-${code}`) : t("error-not_possible"), "bad");
      this.#openAgain();
    }
  }

  #markSeen(): void {
    if (document.hidden || !this.mine) return;
    if (this.conversation!.messages.some((one) => one.direction === "inbound" && !one.isRead)) this.#about({ do: "seen" });
  }

  #news(title: string, text: string, channel: string, id: string): void {
    if (same(this.open, channel, id) && !document.hidden && document.hasFocus()) return;
    if (this.sound) beep();
    if (!this.notify || !document.hidden) return;
    const shown = new Notification(title, { body: text.slice(0, 120), tag: `${channel}~${id}` });
    shown.onclick = () => {
      focus();
      this.select(channel, id);
      shown.close();
    };
  }
}

function merged(before: Message[], after: Message[]): Message[] {
  const found = new Map(before.map((one) => [one.id, one]));
  for (const one of after) found.set(one.id, one);
  return [...found.values()].sort((a, b) => a.createdAtWithMilliseconds.localeCompare(b.createdAtWithMilliseconds));
}

/** A message in one line. */
export function textOf(message: Message): string {
  const { payload, fallbackText, type } = message.messageContent;
  const text = payload["text"];
  const words = typeof text === "string" ? text : typeof text === "object" && text ? str((text as { content?: unknown }).content) : "";
  if (words) return words;
  if (message.attachments.length) return message.attachments[0]!.friendlyName ?? t("file");
  return fallbackText || (type === "ADAPTIVE_CARD" ? t("card") : "");
}
