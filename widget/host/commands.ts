/* The page's commands: cxone('chat', <name>, …); the contract's section 2.2 is the list, cxone.d.ts says it to webmasters.
 *
 * A chunk of its own, loaded when a page uses a command: so nothing but types may be imported here, or what host and
 * commands share would become one file more. */
import type { Widget } from "./widget";

type Command = (widget: Widget, ...args: unknown[]) => unknown;

/** Characters of a customer's id, as an environment keeps it. */
const LONGEST_ID = 255;

const str = (value: unknown): string => (typeof value === "string" ? value : typeof value === "number" ? String(value) : "");
const fieldValue = (value: unknown): string => str(value) || (typeof value === "boolean" ? String(value) : "");

const said = new Set<string>();
/** Once a page: a command in a loop must not fill the console. */
function warn(text: string): void {
  if (said.has(text)) return;
  said.add(text);
  console.warn("[chat] " + text);
}

const field =
  (kind: "contact" | "customer", command: string): Command =>
  (widget, ident, value) => {
    if (!str(ident)) return warn(`${command} needs the ident of a custom field, and its value.`);
    widget.withSession((session) => session.setField(kind, str(ident), fieldValue(value)));
  };

/** '400px', '30rem', '50vw' or a number of pixels; anything else is refused with a warning. */
function length(value: unknown): string | undefined {
  const text = typeof value === "number" ? value + "px" : str(value).trim();
  if (/^\d+(\.\d+)?$/.test(text)) return text + "px";
  if (CSS.supports("width", text) && !/[;{}!]/.test(text)) return text;
  warn(`“${text}” is not a CSS length.`);
}

/** The words of the visitor's own that begin a conversation: sent when it is wanted, and there are such words or the window's. */
function begin(widget: Widget, change: Partial<Widget["options"]["begin"]>): void {
  const { wanted, text } = Object.assign(widget.options.begin, change);
  widget.set({ first: wanted ? text : undefined });
}

/** Nothing is left to do: it is so without the command. */
const always: Command = () => undefined;

export const commands: Record<string, Command> = {
  // ---- who the visitor is
  setAuthorizationCode: (widget, code, verifier) => {
    if (widget.started) console.error("[chat] setAuthorizationCode must come before init: the chat is already starting without it.");
    else Object.assign(widget.options, { code: str(code), verifier: str(verifier) });
  },
  setCustomerName: (widget, name) => widget.withSession((session) => session.setName(str(name))),
  setCustomerId: (widget, id) => {
    if (!str(id) || str(id).length > LONGEST_ID) warn(`setCustomerId needs an id of 1 to ${LONGEST_ID} characters.`);
    else widget.setCustomer(str(id));
  },
  getCustomerIdentityId: (widget, callback) => {
    let known: string | undefined;
    const tell = (id: string) => {
      known = id;
      if (typeof callback !== "function") return;
      try {
        (callback as (id: string) => void)(id);
      } catch (error) {
        console.error("[chat] The function of getCustomerIdentityId failed.", error);
      }
    };
    widget.withSession((session) => session.identified(tell));
    return known;
  },

  // ---- custom fields and the pre-contact form
  hidePreSurvey: (widget) => {
    widget.options.hidePreSurvey = true;
    widget.withSession((session) => session.ask());
  },
  setCaseCustomField: field("contact", "setCaseCustomField"),
  setContactCustomField: field("contact", "setContactCustomField"),
  setCustomField: field("contact", "setCustomField"),
  setCustomerCustomField: field("customer", "setCustomerCustomField"),

  // ---- language and words
  setLocale: (widget, locale) => widget.setLocale(str(locale)),
  setTranslations: (widget, phrases) => widget.translate(Object(phrases) as Record<string, unknown>),
  setTranslation: (widget, id, text) => widget.translate({ [str(id)]: text }),

  // ---- looks
  setCustomCss: (widget, css, key) => {
    const { sheets } = widget.options;
    if (key === undefined) {
      // All of it: the channel's own and what was added by key. Without a text the channel's own holds again.
      sheets.clear();
      widget.options.css = typeof css === "string" ? css : undefined;
    } else {
      // The last one set comes last, so that it wins among equals.
      sheets.delete(str(key));
      if (str(css)) sheets.set(str(key), str(css));
    }
    widget.dress();
  },
  setWindowWidth: (widget, value) => {
    const width = length(value);
    if (width) widget.setPlace({ width });
  },
  setWindowHeight: (widget, value) => {
    const height = length(value);
    if (height) widget.setPlace({ height });
  },
  setFullDisplay: (widget) => {
    widget.setPlace({ full: true });
    widget.open(true);
  },
  openChatWindow: (widget) => widget.open(true),
  closeChatWindow: (widget) => widget.open(false),
  enableChatAlwaysOnline: (widget, on) => widget.set({ alwaysOnline: on !== false }),
  // The position in the queue is never shown once somebody has the conversation.
  hideQueueCounterAfterAssignment: always,
  showSendButton: always,

  // ---- what is said
  sendMessage: (widget, text) => widget.withSession((session) => session.send(str(text))),
  sendFirstMessageAutomatically: (widget, text) => begin(widget, { wanted: text !== false, ...(str(text) ? { text: str(text) } : {}) }),
  setFirstAutomatedMessageContent: (widget, text) => begin(widget, { text: str(text) }),
  hideFirstSentMessage: (widget, hidden) => {
    widget.options.showFirst = hidden === false;
    widget.withSession((session) => session.hideFirst());
  },

  // ---- what happens
  onPushUpdate: (widget, types, callback) => widget.subscribe(callback, Array.isArray(types) ? types.map(str) : str(types) ? [str(types)] : []),
  onAnyPushUpdate: (widget, callback) => widget.subscribe(callback),
  setAllowedExternalMessageTypes: (widget, types) => {
    widget.options.external = Array.isArray(types) ? types.map(str) : [];
  },
};

/** Commands of other environments for what there is none of here: one line says so, nothing else happens. */
const without: Record<string, string> = {
  allowGameMode: "there is no game to play while waiting",
  automatedSatisfactionSurveyModal: "there is no satisfaction survey",
};

/** From the chat window's own JavaScript these make no sense, or are not its business. */
const notFromFrame = new Set(["init", "setAuthorizationCode", "setCustomerId", "getCustomerIdentityId", "onPushUpdate", "onAnyPushUpdate"]);

/** `[name, …]` for this chat. */
export function run(widget: Widget, [name, ...args]: unknown[]): unknown {
  const shown = str(name);
  if (Object.hasOwn(commands, shown)) return commands[shown]!(widget, ...args);
  if (Object.hasOwn(without, shown)) return warn(`“${shown}” has no effect: ${without[shown]}.`);
  const meant = Object.keys(commands).find((known) => known.toLowerCase() === shown.toLowerCase());
  warn(`Unknown command “${shown}”: it was ignored.${meant ? ` Did you mean “${meant}”?` : ""}`);
}

/** `["chat", name, …]` from the chat window's own JavaScript; other areas have no business there. */
export function runFromFrame(widget: Widget, [area, name, ...args]: unknown[]): void {
  if (area !== "chat") warn(`Unknown command “${str(area)}” in the chat window: it was ignored.`);
  else if (notFromFrame.has(str(name))) warn(`“${str(name)}” is a command of the page, not of the chat window: it was ignored.`);
  else run(widget, [name, ...args]);
}
