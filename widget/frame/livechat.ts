/* What a live chat shows once in a while: the offline form, the question before the end, that for the transcript's address, the persistent menu.
 *
 * A chunk of its own in plain DOM, so that nothing is shared with the frame, and what is typed stays whatever changes around it. */
import type { Ask, Told, ToHost } from "../shared/types";

export interface LiveAsked {
  act: Ask["act"] | "end";
  config: Record<string, unknown>;
  phrases: Record<string, string>;
  locale: string;
  preview: boolean;
  told?: Told;
  tell: (message: ToHost) => void;
  /** It is over: the window shows what it showed before. */
  done?: () => void;
}

export interface LiveShown {
  update(asked: LiveAsked): void;
  remove(): void;
}

/* What shows when the channel JSON has no such phrase (an older environment). */
const en: Record<string, string> = {
  yourNameLabel: "Your name",
  optional: "optional",
  EmailLabel: "E-mail",
  messageLabel: "Message",
  sendMessageButton: "Send the message",
  offlineFormDesc: "We are not available right now. Leave us a message and we will reply as soon as possible.",
  offlineFormSuccessMsgHead: "Your message has been sent.",
  offlineFormSuccessMsgSub: "We will get back to you soon.",
  getTranscriptDescription: "Send the transcript of this conversation to the following address:",
  sendTranscript: "Send transcript",
  transcriptSuccessfullySent: "Transcript sent.",
  transcriptSentFailed: "Sending failed.",
  messageSendingFailed: "The message could not be sent",
  validationMandatory: "This field is required",
  validationInvalidEmail: "The e-mail address is not valid",
  endChat: "End the conversation",
  endChatTitle: "Do you really want to end this conversation?",
  cancel: "Cancel",
  close: "Close",
  menuEmpty: "There is nothing to choose from right now.",
  loading: "Loading…",
};

const css = `@layer widget{
.cw-veil{position:absolute;z-index:4;inset:0;display:flex;align-items:flex-end;padding:12px;background:rgb(15 20 35/42%);animation:cw-fade .1s}.cw-question{display:flex;flex:1;flex-direction:column;gap:10px;padding:20px;border-radius:16px;background:var(--cw-paper);text-align:center;animation:cw-open .14s cubic-bezier(.2,.8,.3,1)}.cw-question h2{margin-bottom:6px;font-size:1.0625rem;font-weight:650;line-height:1.35;text-wrap:balance}
.cw-survey-box{display:flex;flex-direction:column;flex:1;min-height:0}
.cw-later{display:flex;flex-direction:column;flex:1;min-height:0}
.cw-later-body{flex:1;overflow:auto;padding:20px;display:grid;gap:14px;align-content:start}
.cw-later-body h2{margin:0;font-size:1.125rem;font-weight:650;line-height:1.3;outline:0}
.cw-later-body:has(.cw-later-mark){align-content:center;justify-items:center;text-align:center}
.cw-later-mark{display:grid;place-items:center;width:56px;height:56px;border-radius:50%;background:#e4f4ec;color:#176b43;font-size:1.625rem}
.cw-later-text :is(h2,h3){margin:0;font-size:1rem;font-weight:650}
.cw-later-text :is(p,li,h2,h3){unicode-bidi:plaintext;text-align:start}
.cw-later-text :is(ul,ol){margin:0;padding-inline-start:1.4em}
.cw-later-text ul{list-style:disc}
.cw-later p{margin:0;overflow-wrap:anywhere}
.cw-later-text{display:grid;gap:8px;overflow-wrap:anywhere}
.cw-later-field{display:grid;gap:6px;min-width:0;text-align:start}
.cw-question p{margin:0}
.cw-later-field>label{font-weight:600}
.cw-later-field small{font-weight:400;color:var(--cw-muted)}
.cw-later-field input,.cw-later-field textarea{font:inherit;color:inherit;width:100%;min-height:44px;box-sizing:border-box;padding:8px 12px;border:1px solid #80858f;border-radius:10px;background:var(--cw-paper)}
.cw-later-field textarea{min-height:7rem;resize:vertical}
.cw-later-field input:focus-visible,.cw-later-field textarea:focus-visible{outline:2px solid var(--cw-ink);outline-offset:1px}
.cw-later-field [aria-invalid=true]{border-color:var(--cw-wrong)}
.cw-later-form{display:grid;gap:10px}
.cw-later-error{color:var(--cw-wrong);font-size:.875rem}
.cw-later-error:empty{display:none}
.cw-later [aria-disabled=true]{opacity:.6}
.cw-later-menu{background:var(--cw-paper);color:var(--cw-ink);border:1px solid var(--cw-line);border-radius:12px;padding:4px;margin-bottom:8px;display:grid;max-height:14rem;overflow:auto}
.cw-later-menu button{font:inherit;color:inherit;text-align:start;background:none;border:0;border-radius:8px;padding:10px 12px;min-height:44px;cursor:pointer;overflow-wrap:anywhere}
.cw-later-menu button:hover,.cw-later-menu button:focus-visible{background:var(--cw-soft)}
.cw-later-menu p{margin:0;padding:10px 12px;color:var(--cw-muted)}
}`;
let dressed: Document | undefined;

/** What was typed into the offline form stays while the page does, though the window is closed. */
const kept: Record<string, string> = {};

const email = /^[^\s@<>,;:"()[\]\\]{1,64}@[^\s@<>,;:"()[\]\\]+\.[^\s@<>,;:"()[\]\\.]{2,63}$/;
const allowed = new Set(["strong", "em", "b", "i", "br", "p", "ul", "ol", "li", "h3", "h4", "hr"]);
/** Below the window's own heading, without leaving a level out. */
const heading: Record<string, string> = { h3: "h2", h4: "h3" };

/** The organisation's text, cleaned by the environment already: only what is named here is taken out of it. */
function rich(into: HTMLElement, markup: string): void {
  const copy = (from: Node, to: Element): void => {
    for (const node of from.childNodes) {
      if (!(node instanceof Element)) {
        if (node instanceof Text) to.append(node.data);
        continue;
      }
      const href = node.getAttribute("href") ?? "";
      if (node.localName === "a" && /^https?:\/\//i.test(href)) {
        const link = document.createElement("a");
        Object.assign(link, { href, target: "_blank", rel: "noopener noreferrer" });
        copy(node, link);
        to.append(link);
      } else if (allowed.has(node.localName)) {
        const element = document.createElement(heading[node.localName] ?? node.localName);
        copy(node, element);
        to.append(element);
      } else copy(node, to);
    }
  };
  into.replaceChildren();
  copy(new DOMParser().parseFromString(markup, "text/html").body, into);
}

function make<K extends keyof HTMLElementTagNameMap>(name: K, className = "", text = ""): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

export function show(element: HTMLElement, given: LiveAsked): LiveShown {
  let asked = given;
  let waiting = false;
  let finished: (told: Told) => void = () => undefined;
  if (dressed !== document) {
    dressed = document;
    document.head.append(make("style", "", css));
  }
  const word = (id: string): string => (asked.phrases[id] || en[id] || id).replaceAll("''", "'");
  const fine = matchMedia("(pointer: fine)").matches;

  function send(act: Ask["act"], values: Record<string, string>, then: (told: Told) => void): void {
    if (waiting) return;
    waiting = true;
    finished = (told) => {
      waiting = false;
      then(told);
    };
    // In the console's preview there is nobody to send it to.
    if (asked.preview) finished({ act, ok: true });
    else asked.tell({ type: "ask", act, values });
  }

  function field(name: string, label: string, control: HTMLInputElement | HTMLTextAreaElement, optional = false) {
    const box = make("div", "cw-later-field");
    const title = make("label", "", label);
    const error = make("span", "cw-later-error");
    control.id = title.htmlFor = "cw-later-" + name;
    error.id = control.id + "-error";
    error.setAttribute("role", "alert");
    control.dataset.selector = "INPUT";
    control.setAttribute("aria-describedby", error.id);
    if (optional) title.append(" ", make("small", "", `(${word("optional")})`));
    else control.required = true;
    box.append(title, control, error);
    const complain = (sentence: string) => {
      error.textContent = sentence;
      if (sentence) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    };
    control.addEventListener("input", () => complain(""));
    return { box, control, complain };
  }

  function address(): HTMLInputElement {
    const control = make("input");
    Object.assign(control, { type: "email", autocomplete: "email", maxLength: 254, dir: "ltr" });
    return control;
  }

  const wrongAddress = (text: string) => (!text ? word("validationMandatory") : email.test(text) ? "" : word("validationInvalidEmail"));

  function button(text: string, primary = true): HTMLButtonElement {
    const made = make("button", "cw-button" + (primary ? " cw-primary" : ""), text);
    made.type = "button";
    made.dataset.selector = primary ? "PRIMARY_BUTTON" : "SECONDARY_BUTTON";
    return made;
  }

  // ---- while nobody is there

  function offline(): void {
    const form = make("form", "cw-later");
    form.noValidate = true;
    const body = make("div", "cw-later-body");
    const settings = (asked.config.settings ?? {}) as { liveChatOfflineForm?: { isCustom?: boolean; html?: string } };
    const own = settings.liveChatOfflineForm;
    const text = make("div", "cw-later-text");
    rich(text, (own?.isCustom && own.html) || word("offlineFormDesc"));
    const name = make("input");
    Object.assign(name, { autocomplete: "name", maxLength: 120 });
    const message = make("textarea");
    message.maxLength = 5000;
    const fields = { name: field("name", word("yourNameLabel"), name, true), email: field("email", word("EmailLabel"), address()), text: field("text", word("messageLabel"), message) };
    for (const [key, one] of Object.entries(fields)) {
      one.control.value = kept[key] ?? "";
      one.control.addEventListener("input", () => (kept[key] = one.control.value));
    }
    const failure = make("p", "cw-later-error");
    failure.setAttribute("role", "alert");
    const submit = button(word("sendMessageButton"));
    submit.type = "submit";
    const foot = make("footer", "cw-foot");
    foot.append(failure, submit);
    body.append(text, fields.name.box, fields.email.box, fields.text.box);
    form.append(body, foot);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const values = Object.fromEntries(Object.entries(fields).map(([key, { control }]) => [key, control.value.trim()]));
      fields.email.complain(wrongAddress(values.email!));
      fields.text.complain(values.text ? "" : word("validationMandatory"));
      const wrong = form.querySelector<HTMLElement>("[aria-invalid]");
      if (wrong) return wrong.focus();
      submit.setAttribute("aria-disabled", "true");
      failure.textContent = "";
      send("offline", values, ({ ok }) => {
        submit.removeAttribute("aria-disabled");
        if (!ok) return void (failure.textContent = word("messageSendingFailed"));
        delete kept.text;
        sent();
      });
    });
    element.replaceChildren(form);
    if (fine && !asked.preview && document.hasFocus()) fields.name.control.focus();
  }

  function sent(): void {
    const body = make("div", "cw-later-body");
    const head = make("h2", "", word("offlineFormSuccessMsgHead"));
    const text = make("p");
    rich(text, word("offlineFormSuccessMsgSub"));
    const mark = make("div", "cw-later-mark", "✓");
    mark.setAttribute("aria-hidden", "true");
    body.setAttribute("role", "status");
    body.append(mark, head, text);
    element.replaceChildren(body);
    head.tabIndex = -1;
    if (document.hasFocus()) head.focus();
  }

  // ---- the conversation by e-mail

  function transcript(): void {
    const panel = ask(make("div", "cw-question"), "dialog", "sendTranscript");
    const form = panel.appendChild(make("form", "cw-later-form"));
    form.noValidate = true;
    const text = make("p");
    rich(text, word("getTranscriptDescription"));
    const to = field("to", word("EmailLabel"), address());
    to.control.value = kept.email ?? "";
    const says = make("p", "cw-later-error");
    says.setAttribute("role", "alert");
    const submit = button(word("sendTranscript"));
    submit.type = "submit";
    const cancel = button(word("cancel"), false);
    form.append(text, to.box, says, submit, cancel);
    cancel.addEventListener("click", () => asked.done?.());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const value = to.control.value.trim();
      const wrong = wrongAddress(value);
      to.complain(wrong);
      if (wrong) return to.control.focus();
      submit.setAttribute("aria-disabled", "true");
      says.textContent = "";
      send("transcript", { email: value }, ({ ok }) => {
        submit.removeAttribute("aria-disabled");
        if (!ok) return void (says.textContent = word("transcriptSentFailed"));
        kept.email = value;
        const done = make("p", "", word("transcriptSuccessfullySent"));
        done.setAttribute("role", "status");
        const close = button(word("close"));
        close.addEventListener("click", () => asked.done?.());
        panel.replaceChildren(done, close);
        close.focus();
      });
    });
    element.replaceChildren(panel);
    to.control.focus();
  }

  /** The rest of the window is inert meanwhile: the keyboard stays inside until it is answered. */
  function ask<E extends HTMLElement>(box: E, role: string, name: string): E {
    box.setAttribute("role", role);
    box.setAttribute("aria-modal", "true");
    box.setAttribute("aria-label", word(name));
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      asked.done?.();
    });
    return box;
  }

  // ---- the end, if it is meant

  function end(): void {
    const box = ask(make("div", "cw-question"), "alertdialog", "endChatTitle");
    const yes = button(word("endChat"));
    const no = button(word("cancel"), false);
    no.addEventListener("click", () => asked.done?.());
    yes.addEventListener("click", () => {
      asked.done?.();
      asked.tell({ type: "end" });
    });
    box.append(make("h2", "", word("endChatTitle")), yes, no);
    element.replaceChildren(box);
    yes.focus();
  }

  const before = document.activeElement as HTMLElement | null;
  const back = () => before?.focus();

  // ---- the persistent menu

  function menu(): void {
    const box = make("div", "cw-later-menu");
    box.setAttribute("role", "menu");
    box.append(make("p", "", word("loading")));
    element.replaceChildren(box);
    const close = () => asked.done?.();
    box.addEventListener("keydown", (event) => {
      const items = [...box.querySelectorAll("button")];
      const at = items.indexOf(document.activeElement as HTMLButtonElement);
      const to = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
      if (to !== undefined && items.length) items[to % items.length]!.focus();
      else if (event.key === "Escape") {
        close();
        back();
      } else if (event.key === "Tab") return close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    send("menu", {}, ({ items = [] }) => {
      box.replaceChildren(
        ...items.map((item) => {
          const one = make("button", "", item.label);
          one.type = "button";
          one.setAttribute("role", "menuitem");
          one.addEventListener("click", () => {
            asked.tell({ type: "send", text: item.label, postback: item.postback });
            close();
            back();
          });
          return one;
        }),
      );
      if (!items.length) box.append(make("p", "", word("menuEmpty")));
      box.querySelector("button")?.focus();
    });
  }

  if (asked.done && asked.act !== "menu") element.className = "cw-veil";
  if (asked.act === "transcript") transcript();
  else if (asked.act === "end") end();
  else if (asked.act === "menu") menu();
  else offline();
  return {
    update(next) {
      const { told } = asked;
      asked = next;
      if (next.told && next.told !== told && next.told.act === next.act) finished(next.told);
    },
    remove() {
      element.replaceChildren();
      if (asked.act === "transcript" || asked.act === "end") back();
    },
  };
}
