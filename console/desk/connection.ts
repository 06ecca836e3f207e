/* The one WebSocket to an environment: its key and the key's renewal, the way back after a broken line, and the outbox, which sends
 * again until the environment has said that it took something. What is sent twice is kept once: everything has an id. */
import type { Outgoing } from "./types";
import { csrf, settings, str } from "./words";

export type Line = "connecting" | "online" | "lost" | "ended" | "signed-out";
export type Frame = { event: string; ref?: string; [name: string]: unknown };

const beat = 15_000;
const silence = 40_000;
const waits = [300, 1000, 2000, 4000, 8000, 15_000];

class Refused extends Error {
  constructor(readonly line: Line) {
    super(line);
  }
}

export class Connection {
  line: Line = "connecting";
  key = "";
  outbox: Outgoing[] = [];
  #socket: WebSocket | undefined;
  #ready = false;
  #tries = 0;
  #heard = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  readonly #kept: string;

  constructor(
    private readonly hear: (frame: Frame) => void,
    private readonly changed: () => void,
    public available: boolean,
  ) {
    const { environment, brand, me } = settings();
    this.#kept = `desk:${environment}:${brand}:${me}:outbox`;
    try {
      this.outbox = JSON.parse(sessionStorage.getItem(this.#kept) ?? "[]") as Outgoing[];
    } catch {
      this.outbox = [];
    }
    setInterval(() => this.#beat(), beat);
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#hurry();
    });
  }

  start(): void {
    void this.#connect();
  }

  /** Say something that needs no answer, or whose answer is an event. False while there is no line. */
  tell(command: Record<string, unknown>): boolean {
    if (!this.#ready || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(command));
    return true;
  }

  /** Send a message or a note, however long it takes. */
  post(entry: Outgoing): void {
    this.outbox = [...this.outbox, entry];
    this.#keep();
    this.#send(entry);
  }

  again(id: string): void {
    this.outbox = this.outbox.map((one) => (one.id === id ? { ...one, failed: undefined } : one));
    this.#keep();
    const entry = this.outbox.find((one) => one.id === id);
    if (entry) this.#send(entry);
  }

  drop(id: string): void {
    this.outbox = this.outbox.filter((one) => one.id !== id);
    this.#keep();
  }

  setAvailable(available: boolean): void {
    this.available = available;
    this.tell({ do: "status", available });
  }

  #send(entry: Outgoing): void {
    this.tell({ ...entry.command, channel: entry.channel, conversation: entry.conversation, id: entry.id, ref: entry.id });
  }

  #keep(): void {
    try {
      sessionStorage.setItem(this.#kept, JSON.stringify(this.outbox));
    } catch {
      /* Full, or not allowed: it is kept as long as the page is open. */
    }
    this.changed();
  }

  #become(line: Line): void {
    if (this.line === line) return;
    this.line = line;
    this.changed();
  }

  async #fetchKey(): Promise<{ key: string; expiresIn: number }> {
    const answer = await fetch(settings().key, {
      method: "POST",
      headers: { "X-CSRFToken": csrf() },
      body: new URLSearchParams({ environment: settings().environment }),
    });
    if (answer.redirected) throw new Refused("signed-out");
    if (answer.status === 403 || answer.status === 404) throw new Refused("ended");
    if (!answer.ok) throw new Error(`key: ${answer.status}`);
    return (await answer.json()) as { key: string; expiresIn: number };
  }

  async #connect(): Promise<void> {
    this.#retry = undefined;
    let life: number;
    try {
      ({ key: this.key, expiresIn: life } = await this.#fetchKey());
    } catch (trouble) {
      if (trouble instanceof Refused) this.#become(trouble.line);
      else this.#later();
      return;
    }
    const socket = new WebSocket(settings().socket);
    this.#socket = socket;
    socket.onopen = () => {
      socket.send(JSON.stringify({ do: "hello", key: this.key, available: this.available }));
    };
    socket.onmessage = (message) => {
      if (socket !== this.#socket) return;
      this.#heard = Date.now();
      const frame = JSON.parse(message.data as string) as Frame;
      if (frame.event === "ready") this.#isReady(life);
      // Answered at once: the clocks of a page nobody looks at hardly go on, its socket does.
      if (frame.event === "ask") this.tell({ do: "heartbeat" });
      this.#settle(frame);
      this.hear(frame);
    };
    socket.onclose = () => {
      if (socket !== this.#socket) return;
      this.#ready = false;
      this.#socket = undefined;
      clearTimeout(this.#renewal);
      this.#later();
    };
  }

  #isReady(life: number): void {
    this.#ready = true;
    this.#tries = 0;
    this.#become("online");
    this.#renewIn(life);
    for (const entry of this.outbox) if (!entry.failed) this.#send(entry);
  }

  #settle(frame: Frame): void {
    const entry = frame.ref ? this.outbox.find((one) => one.id === frame.ref) : undefined;
    if (!entry) return;
    if (frame.event === "done") this.drop(entry.id);
    else if (frame.event === "error") {
      const code = str(frame["code"]);
      // Not now is not no.
      if (code === "too_many" || code === "unavailable") {
        setTimeout(() => {
          if (this.outbox.includes(entry)) this.#send(entry);
        }, 2000);
        return;
      }
      const failed = code === "taken" ? `taken:${str(frame["by"])}` : code;
      this.outbox = this.outbox.map((one) => (one.id === entry.id ? { ...one, failed } : one));
      this.#keep();
    }
  }

  #renewIn(life: number): void {
    clearTimeout(this.#renewal);
    this.#renewal = setTimeout(() => void this.#renew(), life * 600);
  }

  async #renew(): Promise<void> {
    try {
      const { key, expiresIn } = await this.#fetchKey();
      this.key = key;
      this.tell({ do: "renew", key });
      this.#renewIn(expiresIn);
    } catch (trouble) {
      if (trouble instanceof Refused) {
        this.#ready = false;
        const socket = this.#socket;
        this.#socket = undefined;
        socket?.close();
        this.#become(trouble.line);
      } else this.#renewIn(15);
    }
  }

  #beat(): void {
    if (!this.#ready) return;
    if (Date.now() - this.#heard > silence) this.#socket?.close();
    else this.tell({ do: "heartbeat" });
  }

  #later(): void {
    if (this.line === "ended" || this.line === "signed-out") return;
    this.#become("lost");
    const wait = waits[Math.min(this.#tries++, waits.length - 1)]!;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#connect(), wait * (0.75 + Math.random() / 2));
  }

  #hurry(): void {
    if (this.#retry === undefined) return;
    clearTimeout(this.#retry);
    void this.#connect();
  }
}
