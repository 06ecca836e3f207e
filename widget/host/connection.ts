/* What a conversation needs from a line to the environment: the WebSocket, or the preview's script. */

export interface PushEvent {
  eventType: string;
  data?: Record<string, unknown>;
  [key: string]: unknown;
}

export class ServerError extends Error {
  constructor(
    readonly code: string,
    message?: string,
    readonly fields?: unknown,
  ) {
    super(message || code);
  }
}

/** The line broke before the answer came: nobody knows whether it arrived. */
export class LineBroken extends Error {}

export interface ConnectionEvents {
  /** Authorised; `identity` as the server knows it. Events sent from here on are answered. */
  /** `known` holds objects with `customFields`. */
  opened(identity: Record<string, unknown> | undefined, ...known: unknown[]): void;
  lost(): void;
  /** No further attempts; `code` as in the contract. */
  refused(code: string, message: string): void;
  push(event: PushEvent): void;
}

export interface Connection {
  start(events: ConnectionEvents): void;
  /** Postback data; rejects with ServerError or LineBroken. */
  request(eventType: string, data: Record<string, unknown>): Promise<Record<string, unknown>>;
  upload(file: File, progress: (part: number) => void, signal: AbortSignal): Promise<Record<string, unknown>>;
  /** Now, if it is waiting for its next attempt. */
  hurry?: () => void;
  stop(): void;
}
