/* Where an agent writes: an answer or an internal note, files, canned answers by a slash, cards, quick replies. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Dialog, Foot } from "./dialog";
import { icon } from "./icon";
import type { Desk } from "./store";
import { Card } from "./talk";
import type { Conversation, Library } from "./types";
import { settings, t } from "./words";

interface Upload {
  key: number;
  name: string;
  percent: number;
  url?: string;
  problem?: string;
  stop: () => void;
}

let uploads = 0;

export function Composer({ desk, conversation }: { desk: Desk; conversation: Conversation }) {
  const open = { channel: conversation.channel, id: conversation.conversation };
  const [text, setText] = useState(() => desk.draft(open));
  const [noting, setNoting] = useState(false);
  const [files, setFiles] = useState<Upload[]>([]);
  const [dialog, setDialog] = useState<"cards" | "replies" | undefined>();
  const [chosen, setChosen] = useState(0);
  const [hidden, setHidden] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const typing = useRef<{ on: boolean; timer?: ReturnType<typeof setTimeout> }>({ on: false });

  const may = desk.mayWrite;
  const writing = may || noting;
  const others = conversation.status !== "closed" && conversation.holder !== "" && conversation.holder !== settings().me;

  const stopTyping = () => {
    clearTimeout(typing.current.timer);
    if (typing.current.on) desk.type(false);
    typing.current.on = false;
  };
  useEffect(() => stopTyping, []);
  useEffect(() => {
    const area = box.current;
    if (!area) return;
    area.rows = Math.min(10, Math.max(2, text.split("\n").length));
  }, [text, noting]);

  const write = (value: string) => {
    setText(value);
    setHidden(false);
    setChosen(0);
    if (!noting) desk.setDraft(open, value);
    if (noting || !value.trim()) return;
    if (!typing.current.on) desk.type(true);
    typing.current.on = true;
    clearTimeout(typing.current.timer);
    typing.current.timer = setTimeout(stopTyping, 4000);
  };

  const matches = noting || hidden ? [] : found(desk.library, text);
  const call = (at: number) => {
    const snippet = matches[at];
    if (!snippet) return;
    write(text.replace(/(^|\s)\/[\w-]*$/, `$1${filled(snippet, conversation, desk)}`));
    setHidden(true);
    box.current?.focus();
  };

  const ready = files.filter((one) => one.url);
  const busy = files.some((one) => !one.url && !one.problem);
  const can = noting ? text.trim() !== "" : may && !busy && (text.trim() !== "" || ready.length > 0);

  const send = () => {
    if (!can) return;
    stopTyping();
    if (noting) {
      desk.post({ do: "note", text: text.trim() });
      setNoting(false);
      setText(desk.draft(open));
      return;
    }
    if (!desk.mine) desk.expectMine();
    const words = text.trim();
    desk.post({ do: "send", ...(words ? { text: words } : {}), ...(ready.length ? { uploads: ready.map((one) => one.url) } : {}) });
    setText("");
    desk.setDraft(open, "");
    setFiles(files.filter((one) => !one.url));
    box.current?.focus();
  };

  const attach = (list: Iterable<File>) => {
    for (const file of list) upload(desk, conversation.channel, file, setFiles);
  };

  const keyed = (event: KeyboardEvent) => {
    if (matches.length) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        setChosen((chosen + step + matches.length) % matches.length);
        return;
      }
      if (event.key === "Enter" || event.key === "Tab") {
        event.preventDefault();
        call(chosen);
        return;
      }
      if (event.key === "Escape") {
        event.preventDefault();
        setHidden(true);
        return;
      }
    }
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    }
  };

  return (
    <form
      class={`desk-compose${noting ? " is-note" : ""}`}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        if (may && !noting) attach(event.dataTransfer?.files ?? []);
      }}
    >
      {others && !noting && <p class="desk-hint is-wait">{t(desk.isThere(conversation.holder) ? "has-it" : "is-gone", { name: conversation.assignee })}</p>}
      {conversation.status === "closed" && !noting && <p class="desk-hint">{t(may ? "closed-go-on" : "is-closed")}</p>}
      {may && conversation.status !== "closed" && conversation.holder === "" && !noting && <p class="desk-hint is-wait">{t("waits-here")}</p>}
      {matches.length > 0 && (
        <ul class="desk-snippets" role="listbox" id="desk-snippets" aria-label={t("snippets")}>
          {matches.map((one, at) => (
            <li
              key={one.shortcut}
              id={`snippet-${one.shortcut}`}
              role="option"
              aria-selected={at === chosen}
              onMouseDown={(event) => {
                event.preventDefault();
                call(at);
              }}
            >
              <strong>/{one.shortcut}</strong>
              <span>{wording(one, conversation)}</span>
            </li>
          ))}
        </ul>
      )}
      <textarea
        ref={box}
        class="form-control"
        rows={2}
        maxLength={10_000}
        value={text}
        disabled={!writing}
        aria-label={t(noting ? "write-note" : "write")}
        placeholder={t(noting ? "note-hint" : "write-hint")}
        aria-autocomplete="list"
        aria-controls={matches.length ? "desk-snippets" : undefined}
        aria-activedescendant={matches.length ? `snippet-${matches[chosen]?.shortcut}` : undefined}
        onInput={(event) => write(event.currentTarget.value)}
        onKeyDown={keyed}
        onPaste={(event) => {
          const pasted = [...(event.clipboardData?.files ?? [])];
          if (!pasted.length || noting) return;
          event.preventDefault();
          attach(pasted);
        }}
      />
      {files.length > 0 && (
        <ul class="desk-uploads">
          {files.map((one) => (
            <li key={one.key} class={one.problem ? "is-bad" : ""}>
              {icon("paperclip")}
              <span>
                {one.name}
                <small role="status">{one.problem ?? (one.url ? "" : t("uploading", { percent: one.percent }))}</small>
              </span>
              <button
                type="button"
                class="btn btn-quiet btn-icon btn-sm"
                aria-label={t("remove", { name: one.name })}
                onClick={() => {
                  one.stop();
                  setFiles((all) => all.filter((other) => other.key !== one.key));
                }}
              >
                {icon("x")}
              </button>
            </li>
          ))}
        </ul>
      )}
      <div class="desk-tools">
        <div class="segmented" role="group" aria-label={t("for-whom")}>
          <button
            type="button"
            data-act="answer"
            aria-pressed={!noting}
            onClick={() => {
              setNoting(false);
              if (noting) setText(desk.draft(open));
              setTimeout(() => box.current?.focus());
            }}
          >
            {t("answer")}
          </button>
          <button
            type="button"
            data-act="note"
            aria-pressed={noting}
            onClick={() => {
              if (!noting) setText("");
              setNoting(true);
              setTimeout(() => box.current?.focus());
            }}
          >
            {t("note")}
          </button>
        </div>
        {!noting && (
          <>
            <input
              ref={picker}
              type="file"
              multiple
              hidden
              aria-label={t("attach")}
              onChange={(event) => {
                attach(event.currentTarget.files ?? []);
                event.currentTarget.value = "";
              }}
            />
            <Tool words="attach" disabled={!may} press={() => picker.current?.click()} shown={icon("paperclip")} />
            <Tool
              words="replies"
              disabled={!may}
              press={() => {
                void desk.loadLibrary();
                setDialog("replies");
              }}
              shown={icon("list-check")}
            />
            <Tool
              words="cards"
              disabled={!may}
              press={() => {
                void desk.loadLibrary();
                setDialog("cards");
              }}
              shown={icon("id")}
            />
          </>
        )}
        <button type="submit" class="btn btn-primary btn-sm desk-send" disabled={!can} aria-label={t(noting ? "save-note" : "send")} aria-keyshortcuts="Control+Enter">
          {noting ? icon("note") : icon("send")}
          <span class="desk-wide">{t(noting ? "save-note" : "send")}</span>
        </button>
      </div>
      {dialog === "replies" && <Replies desk={desk} close={() => setDialog(undefined)} />}
      {dialog === "cards" && <Cards desk={desk} close={() => setDialog(undefined)} />}
    </form>
  );
}

function Tool({ words, disabled, press, shown }: { words: string; disabled: boolean; press: () => void; shown: preact.VNode }) {
  return (
    <button type="button" class="btn btn-quiet btn-icon btn-sm" disabled={disabled} aria-label={t(words)} title={t(words)} onClick={press}>
      {shown}
    </button>
  );
}

// -- canned answers ------------------------------------------------------------------------------------------------------

type Snippet = Library["snippets"][number];

function found(library: Library | undefined, text: string): Snippet[] {
  const called = /(?:^|\s)\/([\w-]*)$/.exec(text);
  if (!called || !library) return [];
  const begun = called[1]!.toLowerCase();
  return library.snippets.filter((one) => one.shortcut.startsWith(begun)).slice(0, 8);
}

/** In the visitor's language; in the other where there is but one. */
function wording(snippet: Snippet, conversation: Conversation): string {
  const french = (conversation.locale || document.documentElement.lang).toLowerCase().startsWith("fr");
  return (french ? snippet.fr || snippet.en : snippet.en || snippet.fr) || "";
}

/** Where no name is known, the space before it goes as well: "Hello, …". */
const filled = (snippet: Snippet, conversation: Conversation, desk: Desk): string =>
  wording(snippet, conversation)
    .replaceAll(/( ?)\{name\}/g, (_place, space: string) => (conversation.person.name ? space + conversation.person.name : ""))
    .replaceAll("{agent}", desk.name);

// -- files ---------------------------------------------------------------------------------------------------------------

const refusals: Record<string, string> = {
  attachments_off: "refused-off",
  empty: "refused-empty",
  too_large: "refused-size",
  too_large_for_type: "refused-size",
  type_not_allowed: "refused-type",
  infected: "refused-infected",
};

function upload(desk: Desk, channel: string, file: File, set: (change: (all: Upload[]) => Upload[]) => void): void {
  const key = ++uploads;
  const call = new XMLHttpRequest();
  const change = (part: Partial<Upload>) => set((all) => all.map((one) => (one.key === key ? { ...one, ...part } : one)));
  set((all) => [...all, { key, name: file.name, percent: 0, stop: () => call.abort() }]);
  const reader = new FileReader();
  reader.onerror = () => change({ problem: t("upload-failed") });
  reader.onload = () => {
    call.open("POST", `${settings().base}/agent/1.0/brand/${settings().brand}/channel/${channel}/attachment`);
    call.setRequestHeader("Authorization", `Bearer ${desk.connection.key}`);
    call.setRequestHeader("Content-Type", "application/json");
    call.upload.onprogress = (event) => change({ percent: Math.floor((100 * event.loaded) / (event.total || 1)) });
    call.onerror = () => change({ problem: t("upload-failed") });
    call.onload = () => {
      let answer: { fileUrl?: string; allowedFileSize?: string } = {};
      try {
        answer = JSON.parse(call.responseText) as typeof answer;
      } catch {
        /* said below */
      }
      if (call.status === 200 && answer.fileUrl) change({ url: answer.fileUrl });
      else if (call.status === 200) {
        const code = call.getResponseHeader("X-Refusal") ?? "";
        change({ problem: t(refusals[code] ?? "refused-other", { most: answer.allowedFileSize ?? "" }) });
      } else change({ problem: t("upload-failed") });
    };
    const url = reader.result as string;
    call.send(JSON.stringify({ content: url.slice(url.indexOf(",") + 1), fileName: file.name, mimeType: file.type || "application/octet-stream" }));
  };
  reader.readAsDataURL(file);
}

// -- quick replies, cards ------------------------------------------------------------------------------------------------

function Replies({ desk, close }: { desk: Desk; close: () => void }) {
  const [question, setQuestion] = useState("");
  const [lines, setLines] = useState("");
  const [tried, setTried] = useState(false);
  const [said, setSaid] = useState({ words: "", bad: false });
  const kept = desk.library?.replies ?? [];
  const choices = lines
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const good = question.trim() !== "" && choices.length > 0 && choices.length <= 20;
  const chosen = kept.find((one) => one.question === question.trim() && one.choices.join("\n") === choices.join("\n"));
  const act = (given: Parameters<Desk["keepReplies"]>[0], done: string) => {
    setSaid({ words: "", bad: false });
    void desk.keepReplies(given).then((problem) => setSaid({ words: problem || t(done), bad: problem !== "" }));
  };
  const keep = () => {
    setTried(true);
    if (good) act({ question: question.trim(), choices }, "replies-are-kept");
  };
  return (
    <Dialog title={t("replies")} close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          event.stopPropagation();
          setTried(true);
          if (!good) return;
          desk.expectMine();
          desk.post({ do: "send", replies: { text: question.trim(), choices } });
          close();
        }}
      >
        <div class="dialog-body">
          {kept.length > 0 && (
            <label class="field">
              <span class="field-label">{t("replies-kept")}</span>
              <select
                class="form-select"
                value={chosen?.id ?? ""}
                onChange={(event) => {
                  const one = kept.find(({ id }) => String(id) === event.currentTarget.value);
                  if (!one) return;
                  setQuestion(one.question);
                  setLines(one.choices.join("\n"));
                  setSaid({ words: "", bad: false });
                }}
              >
                <option value="">{t("replies-choose")}</option>
                {kept.map((one) => (
                  <option key={one.id} value={one.id}>
                    {one.question} ({one.choices.join(", ")})
                  </option>
                ))}
              </select>
            </label>
          )}
          <label class="field">
            <span class="field-label">{t("question")}</span>
            <input data-first class="form-control" maxLength={2000} value={question} onInput={(event) => setQuestion(event.currentTarget.value)} />
          </label>
          <label class="field">
            <span class="field-label">{t("choices")}</span>
            <textarea class="form-control" rows={4} value={lines} onInput={(event) => setLines(event.currentTarget.value)} />
          </label>
          {choices.length > 0 && (
            <ul class="desk-choices" aria-hidden="true">
              {choices.map((one, at) => (
                <li key={at}>{one}</li>
              ))}
            </ul>
          )}
          {tried && !good && (
            <p class="field-error" role="alert">
              {icon("alert-circle")}
              <span>{t("choices-wrong")}</span>
            </p>
          )}
          {settings().mayEdit && (
            <p class="desk-keep">
              {chosen ? (
                <button type="button" class="btn btn-sm" onClick={() => act(chosen.id, "replies-forgotten")}>
                  {icon("trash")}
                  {t("replies-forget")}
                </button>
              ) : (
                <button type="button" class="btn btn-sm" onClick={keep}>
                  {icon("device-floppy")}
                  {t("replies-keep")}
                </button>
              )}
              <span role="status" class={said.bad ? "field-error" : "help"}>
                {said.words}
              </span>
            </p>
          )}
        </div>
        <Foot close={close}>{t("send")}</Foot>
      </form>
    </Dialog>
  );
}

function Cards({ desk, close }: { desk: Desk; close: () => void }) {
  const [search, setSearch] = useState("");
  const [chosen, setChosen] = useState<number | undefined>();
  const all = desk.library?.cards ?? [];
  const shown = all.filter((one) => one.name.toLowerCase().includes(search.trim().toLowerCase()));
  const card = all.find((one) => one.id === chosen);
  return (
    <Dialog title={t("cards")} close={close} wide>
      <div class="dialog-body">
        {all.length === 0 ? (
          <p class="help">
            {t("no-cards")} {settings().mayEdit && <a href={settings().cards}>{t("make-card")}</a>}
          </p>
        ) : (
          <div class="desk-pick">
            <div>
              <label class="search">
                {icon("search")}
                <span class="visually-hidden">{t("search-cards")}</span>
                <input class="form-control" type="search" value={search} placeholder={t("search-cards")} onInput={(event) => setSearch(event.currentTarget.value)} />
              </label>
              <ul class="desk-pick-list">
                {shown.map((one) => (
                  <li key={one.id}>
                    <button type="button" aria-pressed={one.id === chosen} onClick={() => setChosen(one.id)}>
                      {one.name}
                    </button>
                  </li>
                ))}
              </ul>
            </div>
            <div class="card-stage">{card ? <Card card={card.card} /> : <p class="help">{t("pick-card")}</p>}</div>
          </div>
        )}
      </div>
      <Foot
        close={close}
        disabled={!card}
        press={() => {
          if (!card) return;
          desk.expectMine();
          desk.post({ do: "send", card: card.card });
          close();
        }}
      >
        {t("send-card")}
      </Foot>
    </Dialog>
  );
}
