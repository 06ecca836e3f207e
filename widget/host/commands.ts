/* The page's commands: cxone('chat', <name>, …). One line each; the contract's section 2.2 is the list. */
import { str } from "./json";
import type { Widget } from "./widget";

type Command = (widget: Widget, ...args: unknown[]) => void;

const contactField: Command = (widget, ident, value) => widget.withSession((session) => session.setField("contact", str(ident), fieldValue(value)));
const fieldValue = (value: unknown): string => str(value) || (typeof value === "boolean" ? String(value) : "");

/** '400px', '30rem', '50vw' or a number of pixels; anything else is refused with a warning. */
function length(value: unknown): string | undefined {
  const text = typeof value === "number" ? value + "px" : str(value).trim();
  if (/^\d+(\.\d+)?$/.test(text)) return text + "px";
  if (CSS.supports("width", text) && !/[;{}!]/.test(text)) return text;
  console.warn(`[chat] “${text}” is not a CSS length.`);
}

export const commands: Record<string, Command> = {
  setAuthorizationCode: (widget, code) => {
    if (widget.started) console.error("[chat] setAuthorizationCode must come before init: the chat is already starting without it.");
    else widget.options.code = str(code);
  },
  hidePreSurvey: (widget) => {
    widget.options.hidePreSurvey = true;
  },
  setCustomerName: (widget, name) => widget.withSession((session) => session.setName(str(name))),
  setCustomerId: (widget, id) => widget.setCustomer(str(id)),
  setCaseCustomField: contactField,
  setContactCustomField: contactField,
  setCustomField: contactField,
  setCustomerCustomField: (widget, ident, value) =>
    widget.withSession((session) => session.setField("customer", str(ident), fieldValue(value))),
  setCustomCss: (widget, css) => widget.set({ css: str(css) }),
  setLocale: (widget, locale) => widget.setLocale(str(locale)),
  setTranslations: (widget, phrases) => widget.translate(Object(phrases) as Record<string, unknown>),
  setTranslation: (widget, id, text) => widget.translate({ [str(id)]: text }),
  setWindowWidth: (widget, value) => widget.setPlace({ width: length(value) }),
  setWindowHeight: (widget, value) => widget.setPlace({ height: length(value) }),
  setFullDisplay: (widget) => {
    widget.setPlace({ full: true });
    widget.open(true);
  },
  sendFirstMessageAutomatically: (widget, text) => widget.set({ first: text === false ? undefined : str(text) }),
  sendMessage: (widget, text) => widget.withSession((session) => session.send(str(text))),
  setAllowedExternalMessageTypes: (widget, types) => {
    widget.options.external = Array.isArray(types) ? types.map(str) : [];
  },
  onPushUpdate: (widget, types, callback) => widget.subscribe(callback, Array.isArray(types) ? types.map(str) : []),
  onAnyPushUpdate: (widget, callback) => widget.subscribe(callback),
};

/** From the chat window's own JavaScript these make no sense, or are not its business. */
export const notFromFrame = new Set(["init", "setAuthorizationCode", "setCustomerId", "onPushUpdate", "onAnyPushUpdate"]);

const warned = new Set<string>();

export function run(widget: Widget, name: unknown, args: unknown[]): void {
  const command = typeof name === "string" && Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command) return command(widget, ...args);
  const shown = str(name);
  if (warned.has(shown)) return;
  warned.add(shown);
  console.warn(`[chat] Unknown command “${shown}”: it was ignored.`);
}
