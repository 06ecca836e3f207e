/* <code-editor language="css|javascript|json" data-errors='[{"line": 1, "column": 2, "message": "…"}]'><textarea …></textarea></code-editor>
 *
 * A <textarea> becomes a code editor; the textarea stays what the form submits, and all there is without script. The editor lives
 * in a shadow tree: there CodeMirror adopts constructed style sheets instead of adding <style>, so the CSP needs no exception. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, insertCompletionText, pickedCompletion, type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyField, historyKeymap, indentWithTab, isolateHistory } from "@codemirror/commands";
import { css, cssLanguage } from "@codemirror/lang-css";
import { javascript, javascriptLanguage } from "@codemirror/lang-javascript";
import { LanguageSupport, bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit, syntaxTree } from "@codemirror/language";
import { forceLinting, lintGutter, lintKeymap, linter, nextDiagnostic, type Diagnostic } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type EditorStateConfig, type Text } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { editorTheme, frameStyles } from "./parts/editor_theme";
import { phrases, text } from "./parts/text";

export interface CodeError {
  /** From 1. */
  line: number;
  /** From 1; the start of the line when missing. */
  column?: number;
  message: string;
  severity?: "error" | "warning";
}

const shownSyntaxErrors = 20;
const bytes = (length: number): string => {
  const format = new Intl.NumberFormat(document.documentElement.lang || "en", { maximumFractionDigits: 1 });
  return length < 1024 ? text("editor-bytes", { count: format.format(length) }) : text("editor-kilobytes", { count: format.format(length / 1024) });
};

/* A fault the parser recovered from. It has no name for it, so the sentence names the text it stopped at. */
function syntaxErrors(view: EditorView): Diagnostic[] {
  const found: Diagnostic[] = [];
  const { doc } = view.state;
  syntaxTree(view.state).iterate({
    enter: (node) => {
      if (found.length >= shownSyntaxErrors) return false;
      if (!node.type.isError) return;
      const line = doc.lineAt(node.from);
      const to = Math.min(Math.max(node.to, node.from + 1), line.to);
      const at = doc.sliceString(node.from, to).trim();
      const last = found.at(-1);
      if (last && doc.lineAt(last.from).number === line.number) return;
      found.push({
        from: Math.min(node.from, line.to),
        to: Math.max(to, Math.min(node.from, line.to)),
        severity: "error",
        message: at ? text("editor-syntax-at", { text: at.slice(0, 30) }) : text("editor-syntax"),
      });
    },
  });
  return found;
}

function place(doc: Text, error: CodeError): { from: number; to: number } {
  const line = doc.line(Math.min(Math.max(1, Math.trunc(error.line)), doc.lines));
  const from = Math.min(line.from + Math.max(0, (error.column ?? 1) - 1), line.to);
  return { from, to: error.column ? Math.min(from + 1, line.to) : line.to };
}

/* The closing bracket that came with the opening one is written over. */
function overBracket(view: EditorView, chosen: Completion, from: number, to: number): void {
  const end = view.state.sliceDoc(to, to + 1) === "]" ? to + 1 : to;
  view.dispatch({
    ...insertCompletionText(view.state, chosen.label, from, end),
    annotations: pickedCompletion.of(chosen),
  });
}

/* Names of the chat window: data-selector values inside [data-selector="…"], classes after a dot. */
function completion(names: string[], classes: string[]) {
  return (context: CompletionContext): CompletionResult | null => {
    const value = context.matchBefore(/\[data-selector\s*[~|^$*]?=\s*["']?[\w-]*/);
    if (value) {
      const start = value.from + /^.*=\s*["']?/.exec(value.text)![0].length;
      return { from: start, options: names.map((label) => ({ label, type: "constant" })), validFor: /^[\w-]*$/ };
    }
    const attribute = context.matchBefore(/\[[\w-]*/);
    if (attribute && names.length) {
      const options = names.map((name) => ({ label: `[data-selector="${name}"]`, type: "constant", apply: overBracket }));
      return { from: attribute.from, options, validFor: /^\[[\w-]*$/ };
    }
    const dotted = context.matchBefore(/\.[\w-]*/);
    if (dotted && classes.length && (dotted.text.length > 1 || context.explicit)) {
      return { from: dotted.from, options: classes.map((name) => ({ label: `.${name}`, type: "class" })), validFor: /^\.[\w-]*$/ };
    }
    return null;
  };
}

/* Saving swaps the form, and with it the editor: place, selection and what can be undone go on in the one that follows. htmx
   puts the new form in before it takes the old one out, so the editor that goes is still there to be asked. */
const live = new Map<string, CodeEditor>();

export class CodeEditor extends HTMLElement {
  static readonly observedAttributes = ["data-errors"];
  private view: EditorView | undefined;
  private textarea: HTMLTextAreaElement | undefined;
  private serverErrors: CodeError[] = [];
  private checkedText = "";
  private leaving: AbortController | undefined;

  connectedCallback(): void {
    const textarea = this.querySelector("textarea");
    if (!textarea || this.view) return;
    this.textarea = textarea;
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open", delegatesFocus: true });
    root.replaceChildren();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(frameStyles);
    root.adoptedStyleSheets = [sheet];

    const frame = document.createElement("div");
    frame.className = "frame";
    const status = document.createElement("div");
    status.className = "status";
    const position = document.createElement("span");
    const hint = document.createElement("span");
    hint.className = "grow";
    hint.textContent = text("editor-leave");
    const size = document.createElement("span");
    const faults = document.createElement("button");
    faults.type = "button";
    faults.hidden = true;
    status.append(position, hint, faults, size);

    const readOnly = textarea.readOnly || textarea.disabled;
    frame.classList.toggle("is-read-only", readOnly);
    const label = this.getAttribute("aria-label") ?? textarea.labels[0]?.textContent.trim() ?? this.getAttribute("language") ?? "";
    const most = Number(this.dataset["maxBytes"] ?? 0);
    const encoder = new TextEncoder();

    const describe = (state: EditorState) => {
      const head = state.selection.main.head;
      const line = state.doc.lineAt(head);
      position.textContent = text("editor-position", { line: line.number, column: head - line.from + 1 });
      const length = encoder.encode(state.doc.toString()).length;
      size.textContent = most ? text("editor-size", { size: bytes(length), most: bytes(most) }) : bytes(length);
      size.className = most && length > most ? "over" : "";
    };

    const names = JSON.parse(this.dataset["selectors"] ?? "[]") as string[];
    const classes = JSON.parse(this.dataset["classes"] ?? "[]") as string[];
    const complete = completion(names, classes);
    // JSON is an expression of JavaScript: what the server says of it is exact, this only colours it and finds a lost bracket.
    const json = () => new LanguageSupport(javascriptLanguage.configure({ top: "SingleExpression" }));
    const inLanguage =
      this.getAttribute("language") === "json"
        ? json()
        : this.getAttribute("language") === "javascript"
        ? [javascript(), javascriptLanguage.data.of({ autocomplete: complete })]
        : [css(), cssLanguage.data.of({ autocomplete: complete })];

    this.checkedText = textarea.value;
    this.readErrors();
    const lint = (view: EditorView): Diagnostic[] => {
      const { doc } = view.state;
      // What the server found holds for the text it saw; from the first change on, only what is found here.
      const said = doc.toString() === this.checkedText ? this.serverErrors : [];
      const server = said.map((error) => ({ ...place(doc, error), severity: error.severity ?? ("error" as const), message: error.message }));
      const all: Diagnostic[] = server.some((found) => found.severity === "error") ? server : [...server, ...syntaxErrors(view)];
      const errors = all.filter((found) => found.severity === "error").length;
      frame.classList.toggle("has-errors", errors > 0);
      faults.hidden = all.length === 0;
      faults.textContent = text(all.length === 1 ? "editor-fault" : "editor-faults", { count: all.length });
      return all;
    };

    // In the page before the view is made: CodeMirror measures its lines when it is created.
    root.append(frame);
    this.view = new EditorView({
      parent: frame,
      root,
      state: this.begin({
        doc: textarea.value,
        extensions: [
          EditorState.phrases.of(phrases("cm-")),
          lineNumbers(),
          lintGutter(),
          foldGutter(),
          highlightSpecialChars(),
          history(),
          drawSelection(),
          indentOnInput(),
          indentUnit.of("  "),
          EditorState.tabSize.of(2),
          bracketMatching(),
          closeBrackets(),
          autocompletion(),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          highlightSelectionMatches(),
          search({ top: true }),
          linter(lint, { delay: 250 }),
          inLanguage,
          editorTheme,
          EditorState.readOnly.of(readOnly),
          placeholder(textarea.placeholder),
          keymap.of([
            ...closeBracketsKeymap,
            ...defaultKeymap,
            ...searchKeymap,
            ...historyKeymap,
            ...foldKeymap,
            ...completionKeymap,
            ...lintKeymap,
            indentWithTab,
          ]),
          EditorView.contentAttributes.of({
            "aria-label": label,
            tabindex: "0",
            "aria-description": text("editor-leave"),
            ...(readOnly ? { "aria-readonly": "true" } : {}),
          }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) {
              textarea.value = update.state.doc.toString();
              if (!update.transactions.some((change) => change.isUserEvent("mirror"))) {
                textarea.dispatchEvent(new Event("input", { bubbles: true }));
              }
            }
            if (update.docChanged || update.selectionSet) describe(update.state);
          }),
        ],
      }),
    });
    describe(this.view.state);
    const before = this.predecessor();
    if (before) this.view.scrollDOM.scrollTop = before.scrollDOM.scrollTop;
    live.set(textarea.id, this);
    frame.append(status);
    textarea.hidden = true;

    faults.addEventListener("click", () => {
      if (!this.view) return;
      this.view.focus();
      nextDiagnostic(this.view);
    });
    // Cancel puts the textarea back after this event; then the editor follows.
    textarea.form?.addEventListener("reset", () => setTimeout(() => this.mirror()), { signal });
    // A label, or a link of the error summary, leads to the textarea: the editor stands in for it.
    textarea.labels.forEach((one) => one.addEventListener("click", () => this.focus(), { signal }));
    textarea.addEventListener("focus", () => this.focus(), { signal });
    if (this.serverErrors.length) forceLinting(this.view);
  }

  disconnectedCallback(): void {
    this.leaving?.abort();
    if (this.textarea && live.get(this.textarea.id) === this) live.delete(this.textarea.id);
    this.view?.destroy();
    this.view = undefined;
    if (this.textarea) this.textarea.hidden = false;
  }

  attributeChangedCallback(): void {
    this.readErrors();
    if (!this.view) return;
    this.checkedText = this.value;
    forceLinting(this.view);
  }

  get value(): string {
    return this.view?.state.doc.toString() ?? this.textarea?.value ?? "";
  }

  /** Replaces the whole text, as one step that can be undone; tells the form as typing would. */
  set value(value: string) {
    if (!this.view) {
      if (this.textarea) this.textarea.value = value;
      return;
    }
    this.view.dispatch({
      changes: { from: 0, to: this.view.state.doc.length, insert: value },
      annotations: isolateHistory.of("full"),
      userEvent: "input",
    });
  }

  /** What the server found; lines and columns from 1. */
  set errors(errors: CodeError[]) {
    this.dataset["errors"] = JSON.stringify(errors);
  }

  override focus(): void {
    this.view?.focus();
  }

  goTo(line: number, column = 1): void {
    if (!this.view) return;
    const { from } = place(this.view.state.doc, { line, column, message: "" });
    this.view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
    this.view.focus();
  }

  /* The editor this one takes the place of, when both say the same. */
  private predecessor(): EditorView | undefined {
    const other = live.get(this.textarea?.id ?? "");
    return other !== this && other?.value === this.textarea?.value ? other?.view : undefined;
  }

  private begin(config: EditorStateConfig): EditorState {
    const before = this.predecessor();
    if (!before) return EditorState.create(config);
    return EditorState.fromJSON(before.state.toJSON({ history: historyField }), config, { history: historyField });
  }

  private mirror(): void {
    if (!this.view || !this.textarea || this.value === this.textarea.value) return;
    this.view.dispatch({
      changes: { from: 0, to: this.view.state.doc.length, insert: this.textarea.value },
      userEvent: "mirror",
    });
  }

  private readErrors(): void {
    this.serverErrors = JSON.parse(this.dataset["errors"] || "[]") as CodeError[];
  }
}

customElements.define("code-editor", CodeEditor);
