/* Files a visitor chose: looked at before they travel, and the pop-up of one that is not taken. Loaded with the first file.
 *
 * Plain DOM and no import but types: a chunk that shared code with the window would have to know its name. */
import type { FileRestrictions } from "../shared/types";
import type { Model } from "./model";

export interface Refusal {
  /** A verdict's code (file_restrictions.rules), or "infected". */
  code: string;
  name: string;
}

const MB = 1024 * 1024;

/* Codes of verdicts, and the words a default list has for kinds of files, as phrases of the catalogue; an older environment that has
   no such phrase says the one every language has. */
const phraseOf: Record<string, string> = {
  attachments_off: "fileRefusedOff",
  empty: "fileRefusedEmpty",
  too_large: "fileRefusedTooLarge",
  too_large_for_type: "fileRefusedTooLargeForType",
  bomb: "fileRefusedArchive",
  unreadable_archive: "fileRefusedArchive",
  two_formats: "fileRefusedTwoFormats",
  program: "fileRefusedProgram",
  program_inside: "fileRefusedProgramInside",
  macros: "fileRefusedMacros",
  not_what_it_says: "fileRefusedDisguised",
  type_not_allowed: "fileRefusedType",
  infected: "fileRefusedInfected",
  images: "fileKindImages",
  videos: "fileKindVideos",
  "audio files": "fileKindAudio",
  "text files": "fileKindText",
};

/** Why a file need not be sent at all, or undefined: the server looks again, and closer. */
export function refusal(file: File, rules: FileRestrictions): string | undefined {
  if (!file.size) return "empty";
  if (file.size > Number(rules.allowedFileSize || 40) * MB) return "too_large";
  // By what the browser says of it, as the contract compares: `image/*` by its first part. What it says nothing of the server sees.
  const type = file.type.toLowerCase();
  const allowed =
    !type ||
    !rules.allowedFileTypes?.length ||
    rules.allowedFileTypes.some(({ mimeType }) => {
      const kind = mimeType.toLowerCase();
      return kind === "*" || kind === "*/*" || kind === type || (kind.endsWith("/*") && type.startsWith(kind.slice(0, -1)));
    });
  return allowed || alike(type) ? undefined : "type_not_allowed";
}

/* Browsers go by the system's list, which calls some types by other names: those are the server's to judge. */
const alike = (type: string) => /^application\/(x-|octet-stream|zip|xml)|^text\/xml/.test(type) && !/x-msdownload|x-msdos|x-sh\b/.test(type);

/** Sends the files that may be taken, and says why of each that may not. */
export function take(model: Model, rules: FileRestrictions, files: File[]): void {
  const codes = files.map((file) => refusal(file, rules));
  for (const [place, code] of codes.entries()) if (code) popUp(model, { name: files[place]!.name, code });
  const good = files.filter((_, place) => !codes[place]);
  if (good.length) model.tell({ type: "files", files: good });
}

/* In the layer of the window's own rules: the channel's CSS wins. */
// Veil and question are in the chunk "livechat" as well: a style that both shared would be a file more to fetch.
const css = `@layer widget{.cw-veil{position:absolute;z-index:4;inset:0;display:flex;align-items:flex-end;padding:12px;background:rgb(15 20 35/42%);animation:cw-fade .1s}.cw-question{display:flex;flex:1;flex-direction:column;gap:10px;padding:20px;border-radius:16px;background:var(--cw-paper);text-align:center;animation:cw-open .14s cubic-bezier(.2,.8,.3,1)}.cw-question h2{margin-bottom:6px;font-size:1.0625rem;font-weight:650;line-height:1.35;text-wrap:balance}.cw-refusal{max-height:100%;overflow:hidden}.cw-refusal-name{font-weight:600;overflow-wrap:anywhere}.cw-refusal ul{overflow-y:auto;color:var(--cw-muted)}}`;

/** What is still to be said, once the visitor has closed what is being said. */
const next: Refusal[] = [];

/** Shows the pop-up over the window; the keyboard stays in it until it is closed. */
export function popUp(model: Model, refused: Refusal): void {
  const { view, conf, say, tell } = model;
  const rules = view.files ?? {};
  const { phrases } = conf;
  const frame = document.getElementById("be-messenger");
  if (!frame) return;
  const open = frame.querySelector<HTMLElement>(".cw-refusal");
  if (open) {
    // The window tells of the same one again whenever it is drawn anew.
    const mark = refused.name + refused.code;
    if (open.dataset.about !== mark && !next.some((one) => one.name + one.code === mark)) next.push(refused);
    return;
  }
  const make = (tag: string, text = "", attributes: Record<string, string> = {}) => {
    const made = document.createElement(tag);
    made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  // A phrase may emphasise; here it is plain.
  const plain = (id: Parameters<typeof say>[0], values?: Record<string, string>) => say(id, values).replace(/<[^>]*>/g, "");
  // Empty where an older environment has no such phrase.
  const told = (id: "sendFileTextSize" | "uploadMessage") => (phrases[id] ? plain(id as never, { filesize: rules.allowedFileSize ?? "" }) : "");
  const known = (word: string) => (phrases[phraseOf[word] ?? ""] ? plain(phraseOf[word] as Parameters<typeof say>[0]) : "");
  const allowed = told("sendFileTextSize") || plain("fileSendingFailed");
  const veil = make("div", "", { class: "cw-veil" });
  veil.append(make("style", css));
  const box = make("div", "", { class: "cw-question cw-refusal", role: "alertdialog", "aria-modal": "true", "aria-labelledby": "cw-refusal", "aria-describedby": "cw-refusal-why" });
  box.dataset.about = refused.name + refused.code;
  box.append(make("h2", plain("fileSendingFailed"), { id: "cw-refusal" }), make("p", refused.name.replace(/[\p{Cc}\p{Cf}]/gu, ""), { class: "cw-refusal-name", dir: "auto" }));
  box.append(make("p", known(refused.code) || told("uploadMessage"), { id: "cw-refusal-why" }));
  if (rules.isAttachmentsEnabled !== false && rules.allowedFileTypes?.length) {
    box.append(make("p", allowed));
    const list = make("ul", "", { tabindex: "0", "aria-label": allowed });
    for (const { mimeType, description } of rules.allowedFileTypes) {
      list.append(make("li", phrases["fileTypes." + mimeType] || known(description ?? "") || description || mimeType, { dir: "auto" }));
    }
    box.append(list);
  }
  const button = make("button", say("close"), { type: "button", class: "cw-button cw-primary", "data-selector": "PRIMARY_BUTTON" });
  box.append(button);
  veil.append(box);
  const before = document.activeElement as HTMLElement | null;
  const rest = [...frame.children] as HTMLElement[];
  for (const one of rest) one.inert = true;
  const close = () => {
    veil.remove();
    for (const one of rest) one.inert = false;
    before?.focus();
    tell({ type: "cancel", id: "" });
    const other = next.shift();
    if (other) popUp(model, other);
  };
  button.onclick = close;
  veil.onkeydown = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    close();
  };
  frame.append(veil);
  button.focus();
}
