/* The line to an environment: token, WebSocket, heartbeat, reconnect (wire contract 3.4 and 3.5). */
import { LineBroken, ServerError, type Connection, type ConnectionEvents } from "./connection";
import { obj, str, type Json } from "./json";
import { uuid, type Store } from "./store";

const HEARTBEAT = 15_000;
/** Three heartbeats without a word: dead. */
const PATIENCE = 3;
const ANSWER = 30_000;
const LONGEST_WAIT = 30_000;

const UNAUTHORIZED = /^(Customer|Consumer)AuthorizationFailed$/;
/** Asking again would not help. A channel that is not found may be one whose environment is just starting. */
const FINAL = /^(ip_blocked|OriginNotAllowed|SdkVersionNotSupported|(Customer|Consumer)AuthorizationFailed)$/;

export interface SocketOptions {
  base: string;
  brand: string;
  channel: string;
  visitor: string;
  version: string;
  secured: boolean;
  mode: "anonymous" | "cookie" | "oauth";
  code?: string;
  verifier?: string;
  store: Store;
  tab: Store;
  identity: () => { idOnExternalPlatform: string; firstName?: string; lastName?: string };
}

interface Waiting {
  resolve: (data: Json) => void;
  reject: (error: Error) => void;
  timer: number;
}

/** Milliseconds before attempt `n` (from 0): doubling from half a second, half of it by chance so that a thousand
 * visitors do not come back in the same instant. */
export function backoff(n: number, random = Math.random()): number {
  return Math.min(LONGEST_WAIT, 500 * 2 ** n) * (0.5 + random / 2);
}

/** The code and words of a refused HTTP answer, in both of the contract's shapes. */
export async function refusal(answer: Response): Promise<ServerError> {
  let body: Json = {};
  try {
    body = obj(await answer.json());
  } catch {
    /* not JSON */
  }
  const error = obj(body.error);
  const code = answer.status > 499 ? "HTTP " + answer.status : (body.errorCode === "ip_blocked" && "ip_blocked") || str(error.errorCode) || str(body.errorCode) || (answer.status === 404 ? "NotFound" : "HTTP " + answer.status);
  return new ServerError(code, str(error.errorMessage) || str(body.errorMessage));
}

export class SocketConnection implements Connection {
  #events!: ConnectionEvents;
  #socket?: WebSocket;
  #waiting = new Map<string, Waiting>();
  #attempt = 0;
  #unanswered = 0;
  #beat?: number;
  #retry?: number;
  #stopped = false;
  #open = false;
  #known: unknown[] = [];
  #token?: { value: string; until: number };
  #access?: string;
  /** Since the last answer, the token has been fetched anew because it was refused. */
  #renewed = false;
  #authorized: Json = {};

  #options: SocketOptions;

  constructor(options: SocketOptions) {
    this.#options = options;}

  start(events: ConnectionEvents): void {
    this.#events = events;
    addEventListener("online", this.hurry);
    void this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    removeEventListener("online", this.hurry);
    clearTimeout(this.#retry);
    this.#drop();
  }

  request(eventType: string, data: Json): Promise<Json> {
    return this.#open ? this.#ask(eventType, data) : Promise.reject(new LineBroken());
  }

  upload(file: File, progress: (part: number) => void, signal: AbortSignal): Promise<Json> {
    const { base, brand, channel } = this.#options;
    return new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onerror = () => reject(new LineBroken());
      reader.onload = () => {
        const call = new XMLHttpRequest();
        call.open("POST", `${base}/chat/1.0/brand/${brand}/channel/${channel}/attachment`);
        call.setRequestHeader("Content-Type", "application/json");
        if (this.#token) call.setRequestHeader("Authorization", "Bearer " + this.#token.value);
        call.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
        call.onerror = call.onabort = () => reject(new LineBroken());
        signal.onabort = () => call.abort();
        call.onload = () => {
          try {
            if (call.status > 299) throw new Error();
            resolve({ ...obj(JSON.parse(call.responseText)), refusal: call.getResponseHeader("X-Refusal") });
          } catch {
            reject(new ServerError("HTTP " + call.status));
          }
        };
        if (signal.aborted) return reject(new LineBroken());
        const url = reader.result as string;
        call.send(JSON.stringify({ content: url.slice(url.indexOf(",") + 1), fileName: file.name, mimeType: file.type || "application/octet-stream" }));
      };
      reader.readAsDataURL(file);
    });
  }

  /** The network is back: now, not after the wait. */
  hurry = () => {
    if (!this.#open && this.#retry !== undefined) {
      clearTimeout(this.#retry);
      this.#retry = undefined;
      void this.#connect();
    }
  };

  async #connect(): Promise<void> {
    this.#retry = undefined;
    const options = this.#options;
    const cached = this.#token;
    if (this.#stopped) return;
    try {
      if (options.secured) await this.#authenticate();
    } catch (error) {
      if (error instanceof ServerError && FINAL.test(error.code)) return this.#refuse(error);
      return this.#later();
    }
    if (this.#stopped) return;
    const query = new URLSearchParams({
      v: options.version,
      sdkPlatform: "web",
      sdkVersion: options.version,
      brandId: options.brand,
      channelId: options.channel,
      visitorId: options.visitor,
      ...(this.#token ? { transactionToken: this.#token.value } : { customerId: options.identity().idOnExternalPlatform }),
    });
    let socket: WebSocket;
    try {
      socket = new WebSocket(options.base.replace(/^http/, "ws") + "/ws?" + query.toString());
    } catch (error) {
      console.error("[chat] The connection is not allowed. With a Content-Security-Policy, add the chat's address to connect-src.", error);
      return this.#refuse(new ServerError("ConnectionNotAllowed"));
    }
    this.#socket = socket;
    let begun = false;
    socket.onopen = () => {
      begun = true;
      this.#beat = window.setInterval(this.#heartbeat, HEARTBEAT);
      if (options.secured) this.#ready(undefined);
      else void this.#register();
    };
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => {
      if (this.#socket !== socket) return;
      // A token that never opened a line may have been revoked.
      if (!begun && cached) this.#token = undefined;
      // The reason of a refusal is its code.
      if (event.code > 4000 && FINAL.test(event.reason)) this.#denied(new ServerError(event.reason));
      if (this.#socket === socket) this.#broken();
    };
  }

  async #authenticate(): Promise<void> {
    const { mode, store, identity } = this.#options;
    if (this.#token && this.#token.until > Date.now()) return;
    const data = mode === "anonymous"
      ? await this.#askToken({}, { customerIdentity: identity() })
      : await (await import("./signin")).signIn({ ...this.#options, mode, lasting: store, refusal: ServerError, ask: this.#askToken });
    this.#authorized = obj(data.customerIdentity);
    this.#known = [data.contact, data.customerIdentity];
    this.#token = { value: str(data.accessToken), until: Date.now() + (Number(data.expiresIn) || 600) * 900 };
    if (data.anonymousToken) store.set("anonymousToken", str(data.anonymousToken));
  }

  #askToken = async (more: Record<string, string>, body: Json, bearer?: string): Promise<Json> => {
    const { base, brand, channel, visitor, mode } = this.#options;
    const query = new URLSearchParams({ brandId: brand, channelId: channel, visitorId: visitor, ...more });
    const answer = await fetch(`${base}/oauth/token?${query.toString()}`, {
      method: "POST",
      credentials: mode === "cookie" ? "include" : "omit",
      headers: { "Content-Type": "application/json", ...(bearer ? { Authorization: "Bearer " + bearer } : {}) },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout?.(ANSWER),
    });
    if (!answer.ok) throw await refusal(answer);
    return obj(await answer.json());
  };

  /** The older flow: the socket is open, the customer is not yet known. */
  async #register(): Promise<void> {
    try {
      if (this.#access) {
        try {
          await this.#ask("ReconnectConsumer", { accessToken: { token: this.#access } });
          return this.#ready(undefined);
        } catch (error) {
          if (!(error instanceof ServerError)) throw error;
          this.#access = undefined;
        }
      }
      const { code, version } = this.#options;
      const data = await this.#ask(
        "AuthorizeCustomer",
        {
          authorization: code ? { authorizationCode: code } : {},
          disableChannelInfo: true,
          sdkVersion: version,
          sdkPlatform: "web",
        },
        "register",
      );
      this.#access = str(obj(data.accessToken).token) || undefined;
      this.#known = [data.contact, data.customer];
      this.#ready(obj(data.consumerIdentity));
    } catch (error) {
      if (error instanceof ServerError) this.#refuse(error);
      // Otherwise the line broke, and onclose has said so.
    }
  }

  #ready(identity: Json | undefined): void {
    this.#open = true;
    this.#attempt = 0;
    this.#events.opened(identity ?? this.#authorized, ...this.#known);
  }

  #ask(eventType: string, data: Json, action = "chatWindowEvent"): Promise<Json> {
    const options = this.#options;
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return Promise.reject(new LineBroken());
    const eventId = uuid();
    const result = new Promise<Json>((resolve, reject) => {
      const timer = window.setTimeout(() => this.#drop(), ANSWER);
      this.#waiting.set(eventId, { resolve, reject, timer });
    });
    socket.send(
      JSON.stringify({
        action,
        eventId,
        payload: {
          eventType,
          brand: { id: Number(options.brand) || options.brand },
          channel: { id: options.channel },
          consumerIdentity: options.identity(),
          data,
          destination: {},
          visitor: { id: options.visitor },
          visit: { page: location.origin + location.pathname },
        },
      }),
    );
    return result;
  }

  #receive(text: unknown): void {
    this.#unanswered = 0;
    let frame: unknown;
    try {
      frame = JSON.parse(String(text));
    } catch {
      return;
    }
    const event = obj(frame);
    const id = str(event.eventId);
    const waiting = this.#waiting.get(id);
    const error = obj(event.error);
    if (waiting) {
      this.#waiting.delete(id);
      clearTimeout(waiting.timer);
      this.#renewed = false;
      if (event.error) waiting.reject(new ServerError(str(error.errorCode), str(error.errorMessage), error.fields));
      else waiting.resolve(obj(obj(event.postback).data));
    } else if (event.error) {
      const code = str(error.errorCode);
      if (FINAL.test(code)) this.#denied(new ServerError(code, str(error.errorMessage)));
      else console.warn("[chat] The environment reports an error:", code, error.errorMessage);
    } else if (str(event.eventType) === "EventInS3") {
      const url = str(obj(obj(event.data).s3Object).url);
      fetch(url)
        .then((answer) => answer.text())
        .then((body) => this.#receive(body))
        .catch(() => console.warn("[chat] A large event could not be fetched."));
    } else if (typeof event.eventType === "string") {
      this.#events.push({ ...event, eventType: event.eventType });
    }
  }

  #heartbeat = () => {
    if (this.#unanswered >= PATIENCE) return this.#drop();
    this.#unanswered++;
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send('{"action":"heartbeat"}');
  };

  /** Closing a dead line may take long: it counts as lost at once. */
  #drop(): void {
    const socket = this.#socket;
    if (!socket) return;
    this.#broken();
    socket.close();
  }

  #broken(): void {
    this.#socket = undefined;
    this.#open = false;
    this.#unanswered = 0;
    clearInterval(this.#beat);
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new LineBroken());
    }
    this.#waiting.clear();
    if (!this.#stopped) this.#later();
  }

  #later(): void {
    if (this.#stopped) return;
    this.#events.lost();
    this.#retry = window.setTimeout(() => void this.#connect(), backoff(this.#attempt++));
  }

  /** A token can be refused that was good when it was fetched: the first time, a new one is tried. */
  #denied(error: ServerError): void {
    if (!UNAUTHORIZED.test(error.code) || !this.#token || this.#renewed) return this.#refuse(error);
    this.#renewed = true;
    this.#token = undefined;
    this.#drop();
  }

  #refuse(error: ServerError): void {
    if (this.#stopped) return;
    this.stop();
    this.#events.refused(error.code, error.message);
  }
}
