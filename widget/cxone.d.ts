/* Types of the chat's commands for web pages: cxone('chat', …), and brandembassy(…) with the older snippet.
 *
 * Put this file into your project (TypeScript finds it by "include") or name it at the top of a script:
 *   /// <reference path="./cxone.d.ts" />
 *
 * Commands may be called at any time, also before the chat's code has arrived: they wait, and run in the order of the calls. A
 * command belongs to the chat whose `init` came last; before the first `init`, to that first chat. With several chats on a page,
 * "chat:<channel id>" in place of "chat" names one of them, before its `init` as well as after.
 *
 * A command that is unknown, or has no use here, is ignored with one warning in the browser's console. */

/** Commands of the chat: name → arguments. */
interface CxoneChatCommands {
  /** Starts the chat of a channel: the brand's number, the channel's id. The same ids again only make that chat the one commands go to. */
  init: [brandId: number | string, channelId: string];

  // ---- Who the visitor is

  /** Signs the visitor in with a one-time code of your site; `verifier` with PKCE. Has to stand before `init`. */
  setAuthorizationCode: [code: string, verifier?: string];
  /** The visitor's name, for the agent. */
  setCustomerName: [name: string];
  /** The visitor's id on your site, at most 255 characters. Another id than before shows nothing of the former visitor. */
  setCustomerId: [id: string];
  /** Calls back with the visitor's id in the chat; with a sign-in, once that is done. Also returned, when it is known at once. */
  getCustomerIdentityId: [callback?: (id: string) => void];

  // ---- Custom fields and the pre-contact form. A value has at most 1,024 characters.

  /** Leaves out the pre-contact form on this page. */
  hidePreSurvey: [];
  /** A custom field of the conversation. Set before the conversation begins, it travels with the first message; later at once. */
  setContactCustomField: [ident: string, value: string | number | boolean];
  /** The same as `setContactCustomField`. */
  setCustomField: [ident: string, value: string | number | boolean];
  /** The older name of `setContactCustomField`. */
  setCaseCustomField: [ident: string, value: string | number | boolean];
  /** A custom field of the customer, kept beyond the conversation. */
  setCustomerCustomField: [ident: string, value: string | number | boolean];

  // ---- Language and words

  /** Shows the window in this language ("fr-CA") whatever the browser asks for. */
  setLocale: [locale: string];
  /** Other words for phrases of the window: phrase id → text. Adds to what was set before. */
  setTranslations: [phrases: Record<string, string>];
  /** Other words for one phrase of the window. */
  setTranslation: [id: string, text: string];

  // ---- Looks

  /**
   * Without a key: this CSS in place of all other, the channel's own and what was added by key included. `null` brings the
   * channel's own back.
   * With a key: this CSS in addition, after all other; the same key again replaces that piece, an empty text takes it away.
   */
  setCustomCss: [css: string | null] | [css: string, key: string];
  /** Width of the open window: a CSS length ("400px", "30rem"), or a number of pixels. A phone always shows it full size. */
  setWindowWidth: [width: string | number];
  /** Height of the open window: a CSS length, or a number of pixels. */
  setWindowHeight: [height: string | number];
  /** Opens the window over the whole page, and keeps it that size. */
  setFullDisplay: [];
  /** Opens the window. */
  openChatWindow: [];
  /** Closes the window; the launcher stays. */
  closeChatWindow: [];
  /** Says “online” on the launcher and in the header whatever the channel is; `false` ends that. Whether one can write stays as it is. */
  enableChatAlwaysOnline: [on?: boolean];

  // ---- What is said

  /** Says this for the visitor. */
  sendMessage: [text: string];
  /**
   * Opens an empty conversation with a message of the visitor's, so that it stands in the queue at once: these words, or the
   * window's. The agent sees it, the visitor does not (`hideFirstSentMessage`). `false`: no such message.
   */
  sendFirstMessageAutomatically: [text?: string | false];
  /** The words of that first message; does not by itself ask for one. */
  setFirstAutomatedMessageContent: [text: string];
  /** `false` shows that first message to the visitor, too. */
  hideFirstSentMessage: [hidden?: boolean];

  // ---- What happens

  /** Messages of the chat as the browser's `message` events of your own page: `event.data.actionType`. An empty list ends that. */
  setAllowedExternalMessageTypes: [types: CxoneExternalMessageType[]];

  // ---- Accepted, and always so here

  /** The position in the queue is never shown once somebody has the conversation. */
  hideQueueCounterAfterAssignment: [];
  /** The button is always there. */
  showSendButton: [];

  // ---- Known from other environments; no use here, said once in the console

  /** @deprecated There is no game here. */
  allowGameMode: [];
  /** @deprecated There is no satisfaction survey here. */
  automatedSatisfactionSurveyModal: [on?: boolean];
}

type CxoneExternalMessageType = "MESSAGE_SENT" | "MESSAGE_RECEIVED";

/** `event.data` of a `message` event after `setAllowedExternalMessageTypes`. */
interface CxoneExternalMessage {
  actionType: CxoneExternalMessageType;
  /** The channel whose chat it is. */
  channelId: string;
  messageId: string;
  message: { id: string; text: string };
}

interface CxoneThread {
  id: string;
  idOnExternalPlatform: string;
  threadName: string;
}

interface CxoneMessage {
  id: string;
  idOnExternalPlatform: string;
  /** "inbound": the visitor's. */
  direction: "inbound" | "outbound";
  createdAt: string;
  messageContent: { type: string; payload: Record<string, unknown>; fallbackText?: string };
  attachments: { url: string; friendlyName: string }[];
  authorUser: { id?: string | number; firstName?: string; surname?: string; nickname?: string } | null;
}

/** Data of the events one may listen to. Events may carry more than this, and there may be more events. */
interface CxonePushData {
  CaseCreated: { case: { id: string; status: string }; [more: string]: unknown };
  CaseStatusChanged: { case: { id: string; status: "new" | "open" | "pending" | "escalated" | "resolved" | "closed" | (string & {}) }; [more: string]: unknown };
  CaseInboxAssigneeChanged: { case: { id: string }; inboxAssignee: Record<string, unknown> | null; [more: string]: unknown };
  CaseToRoutingQueueAssignmentChanged: { case?: { id: string }; routingQueue?: { id: string; [more: string]: unknown }; [more: string]: unknown };
  MessageSent: { message: CxoneMessage; thread: CxoneThread; [more: string]: unknown };
  MessageCreated: { message: CxoneMessage; thread: CxoneThread; case: { id: string; status: string }; [more: string]: unknown };
  MessageReadChanged: { message: CxoneMessage; [more: string]: unknown };
  SenderTypingStarted: { thread: CxoneThread; direction?: "inbound" | "outbound"; [more: string]: unknown };
  SenderTypingEnded: { thread: CxoneThread; direction?: "inbound" | "outbound"; [more: string]: unknown };
  SetPositionInQueue: { consumerContact: { id: string }; positionInQueue: number; isAnyAgentOnlineForQueue: boolean; [more: string]: unknown };
  ContactRecipientsChanged: Record<string, unknown>;
  ThreadArchived: { thread: CxoneThread; [more: string]: unknown };
  ThreadUpdated: { thread: CxoneThread; [more: string]: unknown };
}

interface CxonePushEvent<T extends string = string> {
  eventType: T;
  eventId?: string;
  createdAt?: string;
  data: T extends keyof CxonePushData ? CxonePushData[T] : Record<string, unknown>;
}

/** A command of one chat. */
interface CxoneChat {
  /** Calls back with every event of these types. */
  <T extends keyof CxonePushData>(name: "onPushUpdate", types: T | readonly T[], callback: (event: { [E in T]: CxonePushEvent<E> }[T]) => void): void;
  (name: "onPushUpdate", types: string | readonly string[], callback: (event: CxonePushEvent) => void): void;
  /** Calls back with every event. */
  (name: "onAnyPushUpdate", callback: (event: CxonePushEvent) => void): void;
  (name: "getCustomerIdentityId", callback?: (id: string) => void): string | undefined;
  <N extends keyof CxoneChatCommands>(name: N, ...args: CxoneChatCommands[N]): void;
}

/** Commands of the Guide, in the order of the console's page of them. */
interface CxoneGuideCommands {
  /** The entry point whose rules fit the page's address, or the one named; after `cxone("init", brandId)`. */
  init: [entry?: string | { locale?: string }];
  /** Opens the menu; where one channel is offered, its chat. */
  openMenu: [];
  /** CSS of button and menu, after the branding: takes the place of all, or with a key adds or replaces that piece. */
  setCustomCss: [css: string | null, key?: string];
  /** Custom fields of every conversation that begins in the Guide's chats. */
  setCustomFields: [fields: readonly { ident: string; value: string | number | boolean }[] | Record<string, string | number | boolean>];
  /** Height of the button, in CSS pixels. */
  setButtonSize: [pixels: string | number];
  /** CSS pixels above the bottom of the page. */
  setOffsetY: [pixels: string | number];
  /** A CSS length. */
  setFontSize: [size: string | number];
  /** A CSS length, for menu and chats. */
  setDesiredGuideWidth: [width: string | number];
  setDesiredGuideHeight: [height: string | number];
  /** The menu, and the chats, over the whole page. */
  setFullDisplay: [];
}

interface Cxone {
  (area: "init", brandId: number | string): void;
  <T extends keyof CxonePushData>(
    area: "chat" | `chat:${string}`,
    name: "onPushUpdate",
    types: T | readonly T[],
    callback: (event: { [E in T]: CxonePushEvent<E> }[T]) => void,
  ): void;
  (area: "chat" | `chat:${string}`, name: "onPushUpdate", types: string | readonly string[], callback: (event: CxonePushEvent) => void): void;
  (area: "chat" | `chat:${string}`, name: "onAnyPushUpdate", callback: (event: CxonePushEvent) => void): void;
  (area: "chat" | `chat:${string}`, name: "getCustomerIdentityId", callback?: (id: string) => void): string | undefined;
  <N extends keyof CxoneChatCommands>(area: "chat" | `chat:${string}`, name: N, ...args: CxoneChatCommands[N]): void;
  <N extends keyof CxoneGuideCommands>(area: "guide", name: N, ...args: CxoneGuideCommands[N]): void;
}

/** With the snippet, and in the channel's own JavaScript. */
declare const cxone: Cxone;
/** With the older snippet, and in the channel's own JavaScript; not both on one page. */
declare const brandembassy: CxoneChat;

interface Window {
  cxone?: Cxone;
  brandembassy?: CxoneChat;
  CXoneDfo?: string;
  BrandEmbassy?: string;
}
