/* The live preview beside a settings form: the real chat window, fed with what was typed and not yet saved.
 *
 * <widget-preview data-form="id of the form" data-url="where to post it" data-frame="the chat window's document"
 *   data-module="the widget's preview.js" data-document="id of the JSON with the document to begin with">
 * Inside: .preview-screen, radios preview-device, preview-locale and preview-window, and .preview-says with the sentences. */
import type { GuidePreviewOptions } from "../widget/preview/guide";
import type { mount, mountGuide, Preview, PreviewOptions } from "../widget/preview/preview";
import { currentTheme } from "./parts/small";

type Document = PreviewOptions["config"];
/** Of a chat window, or (data-guide) of the Guide in each language: the element only hands it on. */
interface Shown {
  update(config: Document, options?: Parameters<Preview["update"]>[1]): void;
  open(): void;
  close(): void;
  destroy(): void;
}
type Mount = (container: HTMLElement, options: PreviewOptions) => Shown;

interface Remark {
  line: number;
  column: number;
  message: string;
  severity: "error" | "warning";
}

interface Answer {
  document: Document;
  remarks: Record<string, Remark[]>;
  errors: Record<string, string[]>;
  contrast: Record<string, string>;
}

/* Milliseconds without a keystroke before the form is sent: soon enough to feel live, late enough not to send every letter. */
const PAUSE = 120;

class WidgetPreview extends HTMLElement {
  private mount: Mount | undefined;
  private preview: Shown | undefined;
  private shown: Document | undefined;
  private timer: number | undefined;
  private asking: AbortController | undefined;
  private leaving: AbortController | undefined;

  connectedCallback(): void {
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    // The form is replaced when it is saved, so its events are heard where they end.
    document.addEventListener(
      "input",
      (event) => {
        if (event.target instanceof Element && event.target.closest("form")?.id === this.dataset["form"]) this.soon();
      },
      { signal },
    );
    this.addEventListener("change", (event) => this.control(event.target as HTMLInputElement), { signal });
    document.addEventListener("themechange", () => this.refresh(), { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.refresh(), { signal });
    void this.start();
  }

  disconnectedCallback(): void {
    this.leaving?.abort();
    this.asking?.abort();
    clearTimeout(this.timer);
    this.preview?.destroy();
    this.preview = undefined;
  }

  private async start(): Promise<void> {
    const source = document.getElementById(this.dataset["document"] ?? "");
    if (!source) return;
    this.shown = JSON.parse(source.textContent) as Document;
    try {
      const built = (await import(/* @vite-ignore */ this.dataset["module"] ?? "")) as { mount: typeof mount; mountGuide: typeof mountGuide };
      // What is a document of which kind, the page that names the kind knows.
      const guide: Mount = (container, options) => built.mountGuide(container, options as unknown as GuidePreviewOptions);
      this.mount = "guide" in this.dataset ? guide : built.mount;
    } catch {
      this.say("away");
      return;
    }
    if (this.isConnected) this.draw();
  }

  /* From the beginning: the conversation in it is in one language. */
  private draw(): void {
    const screen = this.querySelector<HTMLElement>(".preview-screen");
    if (!screen || !this.shown || !this.mount) return;
    this.preview?.destroy();
    this.preview = this.mount(screen, { frameUrl: this.dataset["frame"] ?? "", config: this.shown, locale: this.locale, theme: currentTheme(), begin: "begin" in this.dataset, ...{ chatUrl: this.dataset["chat"] ?? "" } });
    if (this.chosen("window") === "closed") this.preview.close();
    this.say("live");
  }

  private get locale(): string {
    return this.chosen("locale") || "fr";
  }

  private chosen(name: string): string {
    return this.querySelector<HTMLInputElement>(`input[name="preview-${name}"]:checked`)?.value ?? "";
  }

  private control(input: HTMLInputElement): void {
    if (input.name === "preview-device") this.classList.toggle("is-phone", input.value === "phone");
    else if (input.name === "preview-window") {
      if (input.value === "open") this.preview?.open();
      else this.preview?.close();
    } else if (input.name === "preview-locale") this.draw();
  }

  private refresh(): void {
    if (this.shown) this.preview?.update(this.shown, { locale: this.locale, theme: currentTheme() });
  }

  private soon(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.ask(), PAUSE);
  }

  private async ask(): Promise<void> {
    const form = document.getElementById(this.dataset["form"] ?? "");
    if (!(form instanceof HTMLFormElement)) return;
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    const sent = new FormData(form);
    let answer: Answer;
    try {
      const response = await fetch(this.dataset["url"] ?? "", { method: "POST", body: sent, signal: asking.signal, headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(String(response.status));
      answer = (await response.json()) as Answer;
    } catch {
      if (!asking.signal.aborted) this.say("away");
      return;
    }
    if (asking.signal.aborted) return;
    this.shown = answer.document;
    this.refresh();
    this.say("custom_js" in answer.errors ? "broken" : "live");
    this.remark(form, sent, answer);
  }

  /* Remarks hold for the text they were made about; when typing went on, the next answer brings new ones. */
  private remark(form: HTMLFormElement, sent: FormData, answer: Answer): void {
    for (const [name, remarks] of Object.entries(answer.remarks)) {
      const editor = form.querySelector<HTMLElement & { value: string; errors: Remark[] }>(`code-editor:has([name="${name}"])`);
      if (editor && "errors" in editor && editor.value === sent.get(name)) editor.errors = remarks;
    }
    for (const note of form.querySelectorAll<HTMLElement>("[data-contrast]")) {
      const sentence = answer.contrast[note.dataset["contrast"] ?? ""] ?? "";
      note.hidden = !sentence;
      const words = note.querySelector("span");
      if (words && words.textContent !== sentence) words.textContent = sentence;
    }
  }

  private say(which: "live" | "broken" | "away"): void {
    const line = this.querySelector<HTMLElement>(".preview-says");
    const sentence = line?.dataset[which] ?? "";
    if (line && line.textContent !== sentence) line.textContent = sentence;
  }
}

customElements.define("widget-preview", WidgetPreview);
