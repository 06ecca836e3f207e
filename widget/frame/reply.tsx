/* The box to write in: text, files, and the signals that one is writing. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { FileRestrictions } from "../shared/types";
import { Icon } from "./icons";
import type { Model } from "./model";
import { Rich } from "./rich";

const STILL_TYPING = 4000;
const MB = 1024 * 1024;

/** Declared types as the contract compares them: `image/*` by its first part. Without a declared type the server decides. */
function allowed(file: File, rules: FileRestrictions): boolean {
  const megabytes = Number(rules.allowedFileSize);
  if (megabytes && file.size > megabytes * MB) return false;
  if (!file.type || !rules.allowedFileTypes?.length) return true;
  return rules.allowedFileTypes.some(({ mimeType }) => {
    const [kind, sub] = mimeType.toLowerCase().split("/");
    const [fileKind, fileSub] = file.type.toLowerCase().split("/");
    return kind === "*" || (kind === fileKind && (sub === "*" || sub === fileSub));
  });
}

export function ReplyBox({ model }: { model: Model }) {
  const { view, conf, say, tell } = model;
  const [text, setText] = useState(conf.draft);
  const [refused, setRefused] = useState(false);
  const [over, setOver] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const typing = useRef({ on: false, told: 0, timer: 0 });
  const rules = view.files?.isAttachmentsEnabled === false ? null : view.files;
  const failed = view.connection === "failed";

  useEffect(() => {
    const box = area.current;
    if (!box) return;
    // As high as its words, up to what CSS allows.
    box.style.height = "auto";
    box.style.height = box.scrollHeight + "px";
    conf.draft = text;
    const timer = setTimeout(() => tell({ type: "draft", text }), 300);
    return () => clearTimeout(timer);
  }, [text]);

  // The words of one's own that begin a conversation, once it is there and empty.
  useEffect(() => {
    const { first } = conf;
    if (first === undefined || view.connection !== "online" || view.messages.length) return;
    conf.first = undefined;
    tell({ type: "send", text: first || say("beginButton") });
  });

  const signal = (on: boolean) => {
    const state = typing.current;
    clearTimeout(state.timer);
    if (on) state.timer = window.setTimeout(() => signal(false), STILL_TYPING + 1000);
    if (on === state.on && (!on || Date.now() - state.told < STILL_TYPING)) return;
    state.on = on;
    state.told = Date.now();
    tell({ type: "typing", on });
  };
  useEffect(() => () => clearTimeout(typing.current.timer), []);

  const send = () => {
    if (!text.trim()) return area.current?.focus();
    signal(false);
    tell({ type: "send", text });
    setText("");
    area.current?.focus();
  };

  const add = (list: FileList | null | undefined) => {
    const files = [...(list ?? [])];
    if (!files.length || !rules) return;
    const good = files.filter((file) => allowed(file, rules));
    setRefused(good.length < files.length);
    if (good.length) tell({ type: "files", files: good });
  };

  return (
    <form
      class={`cw-reply${over ? " cw-over" : ""}`}
      data-selector="REPLY_BOX"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onDragOver={(event) => {
        if (!rules || !event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        add(event.dataTransfer?.files);
      }}
    >
      {refused && rules && (
        <div class="cw-refused" role="alert">
          <p>
            <b>{say("uploadMessage")}</b>
            <Rich say={say} id="sendFileTextSize" values={{ filesize: rules.allowedFileSize ?? "" }} />
            <br />
            {rules.allowedFileTypes?.map(({ mimeType, description }) => description || mimeType).join(", ")}
          </p>
          <button type="button" class="cw-link" onClick={() => setRefused(false)}>
            {say("close")}
          </button>
        </div>
      )}
      <div class="cw-field">
        {rules && (
          <>
            <button type="button" class="cw-icon-button" aria-label={say("uploadAttachment")} title={say("uploadAttachment")} disabled={failed} onClick={() => picker.current?.click()}>
              <Icon name="clip" />
            </button>
            <input
              ref={picker}
              type="file"
              multiple
              hidden
              aria-hidden="true"
              tabIndex={-1}
              accept={rules.allowedFileTypes?.map(({ mimeType }) => mimeType).filter((type) => type.includes("/") && type !== "*/*").join(",")}
              onChange={(event) => {
                add(event.currentTarget.files);
                event.currentTarget.value = "";
              }}
            />
          </>
        )}
        <textarea
          ref={area}
          rows={1}
          data-selector="TEXTAREA"
          data-autofocus
          value={text}
          disabled={failed}
          placeholder={over ? say("dragAndDropDropzone") : say("replyBoxPlaceholder")}
          aria-label={say("replyBoxPlaceholder")}
          enterkeyhint="send"
          onInput={(event) => {
            setText(event.currentTarget.value);
            signal(event.currentTarget.value !== "");
          }}
          onBlur={() => signal(false)}
          onPaste={(event) => {
            if (!event.clipboardData?.files.length) return;
            event.preventDefault();
            add(event.clipboardData.files);
          }}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        <button type="submit" class="cw-send" data-selector="SEND_BUTTON" aria-label={say("send")} title={say("send")} disabled={failed} aria-disabled={!text.trim()}>
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
}
