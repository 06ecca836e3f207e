/* A dialog over the desk: the browser's own, so focus stays in it and Escape closes it. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { icon } from "./icon";
import { t } from "./words";

export function Dialog({ title, close, wide, children }: { title: string; close: () => void; wide?: boolean; children: ComponentChildren }) {
  const place = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = place.current!;
    const before = document.activeElement as HTMLElement | null;
    dialog.showModal();
    // Where one goes on, not at the button that closes it.
    dialog.querySelector<HTMLElement>("[data-first], .dialog-body :is(input, textarea)")?.focus();
    return () => {
      dialog.close();
      if (before?.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={place}
      class={`dialog${wide ? " desk-dialog-wide" : ""}`}
      aria-labelledby="desk-dialog-title"
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
    >
      <div class="dialog-head">
        <h2 id="desk-dialog-title">{title}</h2>
        <button type="button" class="btn btn-quiet btn-icon btn-sm" aria-label={t("close-dialog")} onClick={close}>
          {icon("x")}
        </button>
      </div>
      {children}
    </dialog>
  );
}

/** Cancel, and what the dialog is for; without `press` it submits the form it stands in. */
export function Foot(props: { close: () => void; children: ComponentChildren; press?: () => void; disabled?: boolean; first?: boolean }) {
  return (
    <div class="dialog-foot">
      <button type="button" class="btn" onClick={props.close}>
        {t("cancel")}
      </button>
      <button type={props.press ? "button" : "submit"} class="btn btn-primary" disabled={props.disabled} data-first={props.first} onClick={props.press}>
        {props.children}
      </button>
    </div>
  );
}

/** A question before an act that cannot be taken back; the answer that goes on has the focus. */
export function Question({ title, text, yes, act, close }: { title: string; text: string; yes: string; act: () => void; close: () => void }) {
  return (
    <Dialog title={title} close={close}>
      <div class="dialog-body">
        <p>{text}</p>
      </div>
      <Foot
        close={close}
        first
        press={() => {
          act();
          close();
        }}
      >
        {yes}
      </Foot>
    </Dialog>
  );
}
