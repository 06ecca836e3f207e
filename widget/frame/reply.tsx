/* The box to write in: text, files, and the signals that one is writing. */
import { useEffect, useRef, useState } from "preact/hooks";
import { IconButton, Later } from "./app";
import { Icon } from "./icons";
import type { Model } from "./model";

const STILL_TYPING = 4000;
/** Loaded with the first file. */
const loaded = () => import("./files");

export function ReplyBox({ model }: { model: Model }) {
  const { view, conf, say, tell } = model;
  const [text, setText] = useState(conf.draft);
  const [over, setOver] = useState(false);
  const [menu, setMenu] = useState(false);
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
    tell({ type: "first", text: first || say("beginButton") });
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
    void loaded().then(({ take }) => take(model, rules, files));
  };
  useEffect(() => {
    if (view.refused) void loaded().then(({ popUp }) => popUp(model, view.refused!));
  }, [view.refused]);

  // Anywhere in the window, or the browser would leave the chat for the file.
  const dropped = useRef(add);
  dropped.current = add;
  useEffect(() => {
    const drag = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(event.type === "dragover" && !!rules);
      if (event.type === "drop") dropped.current(event.dataTransfer.files);
    };
    const types = ["dragover", "drop", "dragleave"] as const;
    for (const type of types) document.addEventListener(type, drag);
    return () => {
      for (const type of types) document.removeEventListener(type, drag);
    };
  }, [view.files]);

  return (
    <form
      class={`cw-reply${over ? " cw-over" : ""}`}
      data-selector="REPLY_BOX"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {menu && <Later model={model} act="menu" done={() => setMenu(false)} />}
      <div class="cw-field">
        {conf.config.settings?.enablePersistentMenu === true && <IconButton name="more" label={say("moreLabel")} expanded={menu} onClick={() => setMenu(!menu)} />}
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
