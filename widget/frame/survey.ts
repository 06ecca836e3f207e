/* The pre-contact form: the first screen of a new conversation. A chunk of its own, fetched when a channel asks something.
 *
 * Plain DOM: so nothing is shared with the frame, and the form keeps what is typed whatever else changes around it. The rules are the
 * environment's (`preContactRules` of the channel JSON); patterns run as the very programs the environment runs. */
import type { SurveyView, ToHost } from "../shared/types";

type Json = Record<string, unknown>;
type Program = number[][];

interface Option {
  name: string;
  value: string;
  parentId?: string;
  labelTranslationKey?: string;
}

interface Definition {
  ident: string;
  label: string;
  type: string;
  values?: Option[];
  labelTranslationKey?: string;
  autocompleteAttribute?: string;
}

interface Clause {
  ident: string;
  test: string;
  value: string;
}

interface Rule {
  ident: string;
  required: boolean;
  help?: string;
  default?: string;
  message?: string;
  consent?: number;
  maxLength?: number;
  pattern?: Program;
  skipKnown?: boolean;
  showIf?: { match: "all" | "any"; when: Clause[] } | null;
}

export interface Asked {
  config: Json;
  phrases: Record<string, string>;
  locale: string;
  survey: SurveyView;
  preview: boolean;
  tell: (message: ToHost) => void;
}

export interface Shown {
  update(asked: Asked): void;
  remove(): void;
}

const LONGEST = 1024;
const DEEPEST = 10;

/** Whether the whole of `text` matches: all ways at once, so the time is bounded by its length times the program's. */
export function matches(program: Program, text: string): boolean {
  const follow = (places: number[]): Set<number> => {
    const seen = new Set<number>();
    for (let at; (at = places.pop()) !== undefined; ) {
      if (seen.has(at)) continue;
      seen.add(at);
      const [kind, ...to] = program[at]!;
      if (kind === 1 || kind === 2) places.push(...to);
    }
    return seen;
  };
  let state = follow([0]);
  for (const sign of text) {
    const code = sign.codePointAt(0)!;
    const next: number[] = [];
    for (const at of state) {
      const one = program[at]!;
      if (one[0]) continue;
      for (let i = 1; i < one.length; i += 2) if (one[i]! <= code && code <= one[i + 1]!) next.push(at + 1);
    }
    state = follow(next);
    if (!state.size) return false;
  }
  return state.has(program.length - 1);
}

/** The text in an element, its web addresses as links: a consent has to lead to what is consented to. */
function write(into: HTMLElement, text: string): void {
  let from = 0;
  for (const found of text.matchAll(/\bhttps?:\/\/[^\s<>"“”«»]+/gi)) {
    // What ends a sentence is not part of the address, nor is a bracket around it.
    const shown = found[0].replace(found[0].includes("(") ? /[.,;:!?'’…]+$/ : /[.,;:!?'’…)\]]+$/, "");
    if (!URL.canParse(shown)) continue;
    const link = document.createElement("a");
    Object.assign(link, { href: shown, target: "_blank", rel: "noopener noreferrer", textContent: shown });
    into.append(text.slice(from, found.index), link);
    from = found.index + shown.length;
  }
  into.append(text.slice(from));
}

/* What shows when the channel JSON has no such phrase (an older environment). */
const en = {
  validationMandatory: "This field is required",
  surveyConsentNeeded: "Please agree to continue.",
  surveyAnswerTooLong: "This answer is too long.",
  validationInvalidEmail: "The e-mail address is not valid",
  surveyNotAnOption: "Please choose one of the options.",
  surveyWrongForm: "This answer does not have the right form.",
  optional: "optional",
  pleaseSelect: "Please choose…",
  beginButton: "Start a conversation",
  surveyTitle: "Before we begin",
};

const css = `@layer widget{
.cw-survey-box{display:flex;flex-direction:column;flex:1;min-height:0}
.cw-survey{display:flex;flex-direction:column;min-height:0;flex:1}
.cw-survey-fields{flex:1;overflow:auto;padding:20px;display:grid;gap:16px;align-content:start}
.cw-survey h2{margin:0;font-size:1.125rem;line-height:1.3}
.cw-survey p{margin:0;overflow-wrap:anywhere;white-space:pre-line}
.cw-survey a{color:inherit;text-decoration:underline;overflow-wrap:anywhere}
.cw-survey [hidden]{display:none}
.cw-survey-field{display:grid;gap:6px;min-width:0}
.cw-survey-field>label{font-weight:600;overflow-wrap:anywhere}
.cw-survey-field small{font-size:.875rem;color:var(--cw-muted);overflow-wrap:anywhere;font-weight:400}
.cw-survey input:not([type=checkbox]),.cw-survey select{font:inherit;color:inherit;width:100%;min-height:44px;box-sizing:border-box;padding:8px 12px;border:1px solid #80858f;border-radius:10px;background:var(--cw-paper)}
.cw-survey input:focus-visible,.cw-survey select:focus-visible{outline:2px solid var(--cw-ink);outline-offset:1px}
.cw-survey [aria-invalid=true]{border-color:var(--cw-wrong)}
.cw-survey-error{color:var(--cw-wrong);font-size:.875rem}
.cw-survey-check{display:flex;gap:10px;align-items:start}
.cw-survey-check>label{font-weight:400;white-space:pre-line;overflow-wrap:anywhere;min-width:0}
.cw-survey-check input{flex:none;width:20px;height:20px;margin:2px 0 0;accent-color:var(--cw-accent,#1b1c22)}
}`;
let dressed: Document | undefined;

interface Question {
  rule: Rule;
  definition: Definition;
  box: HTMLElement;
  control: HTMLInputElement | HTMLSelectElement;
  error: HTMLElement;
}

export function show(element: HTMLElement, given: Asked): Shown {
  let asked = given;
  let questions: Question[] = [];
  let timer: number | undefined;
  let left = false;
  if (dressed !== document) {
    dressed = document;
    document.head.appendChild(document.createElement("style")).textContent = css;
  }

  const word = (id: keyof typeof en): string => (asked.phrases[id] || en[id]).replaceAll("''", "'");
  const rules = () => (asked.config.preContactRules ?? {}) as { title?: string; intro?: string; submit?: string; email?: Program; items?: Rule[] };

  /** What the page, or a sign-in, has answered already. */
  const known = ({ ident, skipKnown }: Rule): string => {
    const { page, customer } = asked.survey;
    const ofCustomer = (asked.config.endUserCustomFields as { ident: string }[] | undefined)?.some((one) => one.ident === ident);
    return page[ident] || (skipKnown || ofCustomer ? customer[ident] : "") || "";
  };
  const wrong = (ident: string) => asked.survey.wrong?.find((one) => one.ident === ident);

  function draw(values: Record<string, string>): void {
    const form = document.createElement("form");
    form.className = "cw-survey";
    form.noValidate = true;
    const fields = form.appendChild(document.createElement("div"));
    fields.className = "cw-survey-fields";
    const { title, intro, submit, items } = rules();
    const heading = fields.appendChild(document.createElement("h2"));
    heading.textContent = asked.phrases["preContactForm.title"] || title || word("surveyTitle");
    heading.id = "cw-survey";
    form.setAttribute("aria-labelledby", heading.id);
    const lead = asked.phrases["preContactForm.intro"] || intro;
    if (lead) write(fields.appendChild(document.createElement("p")), lead);
    const listed = (asked.config.preContactForm as { customFields?: { isRequired?: boolean; definition: Definition }[] } | null)?.customFields ?? [];
    questions = listed.map(({ isRequired, definition }, at) => {
      // An environment that says the contract's part only.
      const rule = items?.find((one) => one.ident === definition.ident) ?? { ident: definition.ident, required: isRequired === true };
      return question(rule, definition, at, values[definition.ident] ?? rule.default ?? "", fields);
    });
    const foot = form.appendChild(document.createElement("footer"));
    foot.className = "cw-foot";
    const button = foot.appendChild(document.createElement("button"));
    button.className = "cw-button cw-primary";
    button.dataset.selector = "PRIMARY_BUTTON";
    button.textContent = asked.phrases["preContactForm.submit"] || submit || word("beginButton");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      finish();
    });
    form.addEventListener("input", (event) => {
      arrange();
      const changed = questions.find(({ control }) => control === event.target);
      // What was said to be wrong is looked at again while it is mended; nothing else is, before its time.
      if (changed && !changed.error.hidden) complain(changed, fault(changed));
      clearTimeout(timer);
      timer = window.setTimeout(() => asked.tell({ type: "survey", values: answers(), done: false }), 200);
    });
    form.addEventListener("focusout", (event) => {
      const left = questions.find(({ control }) => control === event.target);
      if (left && value(left)) complain(left, fault(left));
    });
    element.replaceChildren(form);
    arrange();
    for (const one of questions) {
      const refused = wrong(one.rule.ident);
      if (refused) complain(one, refused.message);
    }
  }

  function question(rule: Rule, definition: Definition, at: number, answer: string, into: HTMLElement): Question {
    const { ident, help, message } = rule;
    const id = `cw-survey-${at}`;
    const box = into.appendChild(document.createElement("div"));
    box.className = "cw-survey-field";
    box.dataset.ident = ident;
    const label = document.createElement("label");
    label.htmlFor = id;
    write(label, asked.phrases[definition.labelTranslationKey ?? ""] || definition.label);
    let control: HTMLInputElement | HTMLSelectElement;
    if (rule.consent !== undefined) {
      control = document.createElement("input");
      control.type = "checkbox";
      control.checked = answer === "v" + rule.consent;
      const line = box.appendChild(document.createElement("div"));
      line.className = "cw-survey-check";
      line.append(control, label);
    } else if (definition.type === "list" || definition.type === "tree") {
      control = document.createElement("select");
      control.add(new Option(word("pleaseSelect"), ""));
      options(definition, control);
      control.value = answer;
      box.append(label, control);
    } else {
      control = document.createElement("input");
      control.type = definition.type === "email" ? "email" : "text";
      if (definition.type === "email") control.dir = "ltr";
      control.value = answer;
      control.maxLength = rule.maxLength ?? LONGEST;
      if (definition.autocompleteAttribute) control.setAttribute("autocomplete", definition.autocompleteAttribute);
      box.append(label, control);
    }
    if (!rule.required) {
      const optional = document.createElement("small");
      optional.textContent = ` (${word("optional")})`;
      label.append(optional);
    }
    control.id = id;
    control.name = ident;
    control.dataset.selector = "INPUT";
    if (rule.required) control.setAttribute("aria-required", "true");
    const described: string[] = [];
    const words = asked.phrases[`preContactForm.${ident}_help`] || help;
    if (words) {
      const line = box.appendChild(document.createElement("small"));
      line.id = id + "-help";
      write(line, words);
      described.push(line.id);
    }
    const error = box.appendChild(document.createElement("p"));
    error.className = "cw-survey-error";
    error.id = id + "-error";
    error.hidden = true;
    if (described.length) control.setAttribute("aria-describedby", described.join(" "));
    return { rule: { ...rule, message: asked.phrases[`preContactForm.${ident}_message`] || message }, definition, box, control, error };
  }

  /** A tree is a list whose places stand in. */
  function options({ values = [] }: Definition, select: HTMLSelectElement): void {
    const add = (parent: string | undefined, depth: number) => {
      for (const one of values) {
        if (one.parentId !== parent || depth > DEEPEST) continue;
        select.add(new Option("\u2003".repeat(depth) + (asked.phrases[one.labelTranslationKey ?? ""] || one.value), one.name));
        add(one.name, depth + 1);
      }
    };
    add(undefined, 0);
  }

  function value({ control, rule }: Question): string {
    if (rule.consent !== undefined) return (control as HTMLInputElement).checked ? "v" + rule.consent : "";
    return control.value.trim();
  }

  /** Shows and hides questions as the answers have it. */
  function arrange(): void {
    const shown = new Map<string, boolean>();
    const isShown = (ident: string): boolean => {
      if (!shown.has(ident)) {
        shown.set(ident, false);
        const condition = questions.find((one) => one.rule.ident === ident)?.rule.showIf;
        shown.set(ident, !condition || (condition.match === "all" ? condition.when.every(holds) : condition.when.some(holds)));
      }
      return shown.get(ident)!;
    };
    const holds = ({ ident, test, value: wanted }: Clause): boolean => {
      const one = questions.find(({ rule }) => rule.ident === ident);
      const is = one && isShown(ident) ? known(one.rule) || value(one) : "";
      if (test === "answered") return !!is;
      if (test === "not_answered") return !is;
      if (test === "is") return is === wanted;
      if (test === "is_not") return is !== wanted;
      let at: string | undefined = is;
      for (let i = 0; at && i <= DEEPEST; i++) {
        if (at === wanted) return true;
        at = one?.definition.values?.find(({ name }) => name === at)?.parentId;
      }
      return false;
    };
    for (const one of questions) one.box.hidden = !isShown(one.rule.ident) || (!!known(one.rule) && !wrong(one.rule.ident));
    const first = questions.find(({ box }) => !box.hidden);
    for (const { control } of questions) control.toggleAttribute("data-autofocus", control === first?.control);
  }

  function fault(one: Question): string {
    const { rule, definition } = one;
    const answer = value(one);
    if (!answer) return rule.required ? word(rule.consent === undefined ? "validationMandatory" : "surveyConsentNeeded") : "";
    if ([...answer].length > (rule.maxLength ?? LONGEST)) return word("surveyAnswerTooLong");
    const email = rules().email;
    if (definition.type === "email" && (answer.length > 254 || (email ? !matches(email, answer) : !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(answer)))) return word("validationInvalidEmail");
    if (rule.pattern && !matches(rule.pattern, answer)) return rule.message || word("surveyWrongForm");
    return "";
  }

  function complain({ control, error }: Question, sentence: string): void {
    error.textContent = sentence;
    error.hidden = !sentence;
    const described = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== error.id);
    if (sentence) described.push(error.id);
    control.toggleAttribute("aria-invalid", !!sentence);
    if (sentence) control.setAttribute("aria-invalid", "true");
    if (described.length) control.setAttribute("aria-describedby", described.join(" "));
    else control.removeAttribute("aria-describedby");
  }

  /** A default that was taken out stays out. */
  const answers = (): Record<string, string> =>
    Object.fromEntries(questions.filter(({ box }) => !box.hidden).flatMap((one) => (value(one) || one.rule.default ? [[one.rule.ident, value(one)]] : [])));

  function finish(): void {
    let first: Question | undefined;
    for (const one of questions) {
      const sentence = one.box.hidden ? "" : fault(one);
      complain(one, sentence);
      if (sentence) first ??= one;
    }
    if (first) return first.control.focus();
    clearTimeout(timer);
    asked.tell({ type: "survey", values: answers(), done: true });
  }

  function focus(): void {
    const { activeElement } = document;
    // Beside a settings form, the caret is where the admin types.
    if (asked.preview || !document.hasFocus() || !matchMedia("(pointer: fine)").matches || (activeElement !== document.body && !activeElement?.matches(".cw-window"))) return;
    (questions.find(({ box, error }) => !box.hidden && !error.hidden) ?? questions.find(({ box }) => !box.hidden))?.control.focus();
  }

  /** Drawn anew, in another language perhaps: with the caret where it was, and what was said to be wrong said again. */
  function again(values: Record<string, string>): void {
    const before = questions;
    const at = document.hasFocus() ? before.find(({ control }) => control === document.activeElement) : undefined;
    draw(values);
    for (const one of questions) {
      const was = before.find(({ rule }) => rule.ident === one.rule.ident);
      if (was && !was.error.hidden && one.error.hidden && !one.box.hidden) complain(one, fault(one));
      if (!at || was !== at) continue;
      one.control.focus();
      const [from, to] = [at.control, one.control];
      if (from instanceof HTMLInputElement && to instanceof HTMLInputElement && to.type === "text") to.setSelectionRange(from.selectionStart, from.selectionEnd);
    }
  }

  function begin(): void {
    draw(asked.survey.values);
    // Everything is known already: nothing to ask.
    if (questions.every(({ box }) => box.hidden)) asked.tell({ type: "survey", values: {}, done: true });
    else focus();
  }

  begin();
  return {
    update(next) {
      if (left) return;
      const before = asked;
      asked = next;
      if (before.config !== next.config || before.phrases !== next.phrases || before.survey.wrong !== next.survey.wrong) {
        again({ ...next.survey.values, ...answers() });
        if (before.survey.wrong !== next.survey.wrong) focus();
      } else arrange();
    },
    remove() {
      left = true;
      clearTimeout(timer);
      element.replaceChildren();
    },
  };
}
