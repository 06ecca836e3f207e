/* What a message can hold: text with links, files, an Adaptive Card. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { ChatFile } from "../shared/types";
import { Icon } from "./icons";
import { linkify } from "./linkify";
import type { Model } from "./model";

export function Text({ text }: { text: string }) {
  return (
    <span class="cw-text">
      {linkify(text).map((piece) =>
        typeof piece === "string" ? (
          piece
        ) : (
          <a href={piece.href} target="_blank" rel="noopener noreferrer">
            {piece.text}
          </a>
        ),
      )}
    </span>
  );
}

const UNITS = ["byte", "kilobyte", "megabyte"];

function size(bytes: number, locale: string): string {
  let unit = 0;
  while (bytes >= 1024 && unit < 2) {
    bytes /= 1024;
    unit++;
  }
  return new Intl.NumberFormat(locale, { style: "unit", unit: UNITS[unit], unitDisplay: unit ? "short" : "long", maximumFractionDigits: unit > 1 ? 1 : 0 }).format(bytes);
}

export function Files({ id, files, mine, model }: { id: string; files: ChatFile[]; mine: boolean; model: Model }) {
  const locale = document.documentElement.lang;
  return (
    <ul class="cw-files" aria-label={model.say("fileAttachment")}>
      {files.map((file) => {
        const picture = file.type?.startsWith("image/") ?? /\.(png|jpe?g|gif|webp|avif)$/i.test(file.name);
        const inside = file.preview ? (
          <img src={file.preview} alt={file.name} loading="lazy" referrerpolicy="no-referrer" />
        ) : (
          <>
            <span class="cw-file-icon">
              <Icon name={picture ? "image" : "file"} size={22} />
            </span>
            <span class="cw-file-words">
              <b>{file.name}</b>
              {file.size ? <small>{size(file.size, locale)}</small> : !mine && file.url ? <small>{model.say("download")}</small> : null}
              {file.progress !== undefined && <progress value={file.progress} aria-label={model.say("messageSending")} />}
            </span>
          </>
        );
        return (
          <li key={file.name + (file.url ?? "")}>
            {file.url ? (
              <a class="cw-file" href={file.url} target="_blank" rel="noopener noreferrer">
                {inside}
              </a>
            ) : (
              <span class="cw-file">
                {inside}
                {file.progress !== undefined && (
                  <button type="button" class="cw-link" onClick={() => model.tell({ type: "cancel", id })}>
                    {model.say("cancel")}
                  </button>
                )}
              </span>
            )}
          </li>
        );
      })}
    </ul>
  );
}

export function Card({ card, fallback, model }: { card: unknown; fallback: string; model: Model }) {
  const box = useRef<HTMLDivElement>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let gone = false;
    import("./cards").then(
      (cards) => {
        const element = box.current;
        if (gone || !element) return;
        const shown = cards.show(element, card, (text, postback) => model.tell({ type: "send", text, postback }));
        if (!shown) return setFailed(true);
        // Channels' scripts find cards by watching attributes from the load event on; one may be drawn before it.
        const announce = () => element.setAttribute("data-ready", String(Date.now()));
        announce();
        if (document.readyState !== "complete") addEventListener("load", () => setTimeout(announce), { once: true });
      },
      () => setFailed(true),
    );
    return () => {
      gone = true;
    };
  }, [card]);
  // Drawn by the card library, not by Preact: it has no children here.
  return failed ? <Text text={fallback || "…"} /> : <div class="cw-card" ref={box} />;
}
