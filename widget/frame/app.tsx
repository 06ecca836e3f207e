/* Launcher and window; the window's frame: header, menu, question, list of conversations. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { Activity, Conversation } from "./conversation";
import { Icon, type IconName } from "./icons";
import type { LiveAsked, LiveShown } from "./livechat";
import type { Model } from "./model";
import type { Asked, Shown } from "./survey";
import { Rich } from "./rich";

export function App({ model }: { model: Model }) {
  const { phase, conf } = model;
  const shown = phase === "open" || phase === "closing";
  const outside = conf.alwaysOnline ? { ...model, view: { ...model.view, available: true } } : model;
  // The Guide has a button of its own; a channel may hide while nobody is there, but not from whoever has a conversation.
  const hidden = conf.config.guideCss !== undefined || (offline(model) && conf.config.settings?.liveChatHiddenOnOffline === true);
  return (
    <div class={`cw-corner cw-${conf.config.widget?.position === "left" ? "left" : "right"}`}>
      {shown ? <Window model={outside} inner={model} /> : !hidden && <Launcher model={outside} />}
    </div>
  );
}

function Launcher({ model }: { model: Model }) {
  const { view, say, conf } = model;
  const bubble = conf.config.widget?.appearance === "bubble";
  const words = say(view.available ? "weAreOnline" : "weAreOffline");
  return (
    <button
      type="button"
      class={`cw-launcher ${bubble ? "cw-bubble" : "cw-bar"}`}
      aria-haspopup="dialog"
      aria-expanded="false"
      onClick={() => model.toggle(true)}
    >
      <Icon name="chat" size={bubble ? 30 : 24} />
      {bubble ? <span class="cw-sr">{say("openChat")}</span> : <span>{words}</span>}
      {view.available && <i class="cw-dot" />}
      {view.unread > 0 && (
        <b class="cw-badge">
          <span aria-hidden="true">{view.unread > 99 ? "99+" : view.unread}</span>
          <span class="cw-sr">, {say("unreadMessages", { count: view.unread })}</span>
        </b>
      )}
    </button>
  );
}

/** `inner`: for what stands in the window, which is as available as the channel. */
function Window({ model, inner }: { model: Model; inner: Model }) {
  const { view, conf, say, phase, full, tell } = model;
  const [asking, setAsking] = useState<"" | LiveAsked["act"]>("");
  const list = view.multiple && !view.thread;
  const begun = view.messages.length > 0;
  // The question belongs to the conversation it was asked in.
  useEffect(() => setAsking(""), [view.thread, view.closed]);
  const title = list ? say("conversations") : view.agent || say(view.available ? "weAreOnline" : "weAreOffline");
  return (
    <section
      id="be-messenger"
      class={`cw-window${full ? " cw-full" : ""}${phase === "closing" ? " cw-closing" : ""}`}
      data-selector="WINDOW"
      role="dialog"
      aria-label={say("customerChat")}
      tabIndex={-1}
    >
      <header class="cw-header" data-selector="HEADER" inert={!!asking}>
        {view.multiple && !list && view.threads.length > 0 && (
          <IconButton name="back" label={say("backToConversations")} class="cw-flip" onClick={() => tell({ type: "thread", id: "" })} />
        )}
        {!list && <Avatar name={view.agent} image={view.avatar} online={view.available} />}
        <div class="cw-title">
          <h1>{title}</h1>
          {!list && view.agent && <p>{say(view.available ? "online" : "weAreOffline")}</p>}
          {!list && !view.agent && begun && view.available && !view.noAgent && <p><Rich say={say} id="waitingDescription" /></p>}
        </div>
        <Menu model={model} begun={begun && !list} ask={setAsking} />
        <IconButton name="down" label={say("minimizeLabel")} selector="HEADER_MINIMIZE_WINDOW" onClick={() => model.toggle(false)} />
      </header>
      <div class="cw-main" inert={!!asking}>
        {list ? <Conversations model={model} /> : view.survey && (!view.live || inner.view.available) ? <Later key={view.thread} model={model} /> : offline(inner) && conf.config.settings?.liveChatShowOfflineForm === true ? <Later key="offline" model={model} act="offline" /> : <Conversation key={view.thread} model={inner} />}
      </div>
      {asking && <Later key={asking} model={model} act={asking} done={() => setAsking("")} />}
    </section>
  );
}

/** Nobody is there, and nothing has been said: the conversation does not begin. */
export const offline = ({ view }: Model) => view.live && !view.available && !view.messages.length;

/** The pre-contact form, or what `act` says: chunks of their own that draw themselves. */
export function Later({ model, act, done }: { model: Model; act?: LiveAsked["act"]; done?: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  const shown = useRef<Shown | LiveShown>(null);
  const asked = useRef<Asked & LiveAsked>(null);
  const { conf, view, tell, say } = model;
  asked.current = { ...conf, config: conf.config as Asked["config"], survey: view.survey!, told: view.told, act: act!, done, tell };
  useEffect(() => {
    let gone = false;
    void (act ? import("./livechat") : import("./survey")).then(({ show }) => {
      if (!gone && box.current) shown.current = show(box.current, asked.current!);
    });
    return () => {
      gone = true;
      shown.current?.remove();
    };
  }, []);
  useEffect(() => shown.current?.update(asked.current!));
  return (
    <div class="cw-survey-box" ref={box}>
      {!done && <Empty>{say("loading")}</Empty>}
    </div>
  );
}

export function IconButton(props: { name: IconName; label: string; selector?: string; class?: string; onClick: () => void; expanded?: boolean }) {
  return (
    <button
      type="button"
      class={"cw-icon-button " + (props.class ?? "")}
      data-selector={props.selector}
      aria-label={props.label}
      title={props.label}
      aria-expanded={props.expanded}
      aria-haspopup={props.expanded === undefined ? undefined : "menu"}
      onClick={props.onClick}
    >
      <Icon name={props.name} />
    </button>
  );
}

const initials = (name: string) =>
  name
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => [...word][0])
    .filter((_, i, all) => i === 0 || i === all.length - 1)
    .join("")
    .toLocaleUpperCase();

export function Avatar({ name, image, online }: { name: string; image?: string; online?: boolean }) {
  const [broken, setBroken] = useState("");
  return (
    <span class="cw-avatar" aria-hidden="true">
      {image && broken !== image ? (
        <img src={image} alt="" onError={() => setBroken(image)} referrerpolicy="no-referrer" />
      ) : name ? (
        initials(name)
      ) : (
        <Icon name="chat" size={22} />
      )}
      {online && <i class="cw-dot" />}
    </span>
  );
}

function Menu({ model, begun, ask }: { model: Model; begun: boolean; ask: (what: LiveAsked["act"]) => void }) {
  const { view, conf, say, sound, tell } = model;
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const items: { icon: IconName; label: string; act: () => void }[] = [];
  if (conf.config.settings?.liveChatAllowAudioNotification === true) {
    items.push({ icon: "sound", label: say(sound ? "turnOffAudioNotification" : "turnOnAudioNotification"), act: () => model.setSound(!sound) });
  }
  if (view.multiple && begun) items.push({ icon: "archive", label: say("archive"), act: () => tell({ type: "archive", id: view.thread }) });
  if (begun && conf.config.settings?.liveChatAllowTranscript === true) items.push({ icon: "file", label: say("sendTranscript"), act: () => ask("transcript") });
  if (view.live && begun && !view.closed) items.push({ icon: "leave", label: say("endChat"), act: () => ask("end") });
  const close = (focus: boolean) => {
    setOpen(false);
    if (focus) box.current?.querySelector("button")?.focus();
  };
  useLayoutEffect(() => {
    if (!open) return;
    box.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const away = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);
  if (!items.length) return null;
  const onKeyDown = (event: KeyboardEvent) => {
    if (!open) return;
    const all = [...box.current!.querySelectorAll<HTMLElement>("[role=menuitem]")];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) all[to % all.length]!.focus();
    else if (event.key === "Escape") close(true);
    else if (event.key === "Tab") return close(false);
    else return;
    event.preventDefault();
  };
  return (
    <div class="cw-menu" ref={box} onKeyDown={onKeyDown}>
      <IconButton name="more" label={say("moreLabel")} selector="HEADER_ACTION_MENU_BUTTON" expanded={open} onClick={() => setOpen(!open)} />
      {open && (
        <div role="menu" aria-label={say("moreLabel")}>
          {items.map(({ icon, label, act }) => (
            <button
              key={icon}
              type="button"
              role="menuitem"
              tabIndex={-1}
              onClick={() => {
                close(true);
                act();
              }}
            >
              <Icon name={icon} />
              {label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** The page before what is shown: of a conversation, or of the list of them. */
export const Older = ({ model: { view, say, tell } }: { model: Model }) =>
  view.older ? (
    <button type="button" class="cw-button cw-older" data-selector="SECONDARY_BUTTON" disabled={view.loadingOlder} onClick={() => tell({ type: "older" })}>
      {say(view.loadingOlder ? "loading" : "loadPreviousButton")}
    </button>
  ) : null;

export const NewChat = ({ model: { say, tell } }: { model: Model }) => (
  <button type="button" class="cw-button cw-primary" data-selector="START_NEW_CHAT" data-autofocus onClick={() => tell({ type: "new" })}>
    <Icon name="plus" />
    {say("startNewChat")}
  </button>
);

function Conversations({ model }: { model: Model }) {
  const { view, say, clock, tell } = model;
  return (
    <>
      <Activity model={model} />
      <div class="cw-content cw-list" data-selector="CONTENT">
        {view.threads.length ? (
          <ul>
            {view.threads.map((thread) => (
              <li key={thread.id}>
                <button type="button" class={thread.unread ? "cw-new" : ""} onClick={() => tell({ type: "thread", id: thread.id })}>
                  <Avatar name={thread.agent ?? ""} image={thread.avatar} />
                  <span class="cw-thread">
                    <b>{thread.name || thread.agent || say("customerChat")}</b>
                    <span>{thread.closed ? say("archiveMsg") : thread.lastText || say("fileAttachment")}</span>
                  </span>
                  <span class="cw-meta">
                    {thread.lastAt !== undefined && <time>{clock.short(thread.lastAt)}</time>}
                    {thread.unread > 0 && (
                      <b class="cw-badge">
                        <span aria-hidden="true">{thread.unread}</span>
                        <span class="cw-sr">{say("unreadMessages", { count: thread.unread })}</span>
                      </b>
                    )}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        ) : (
          <Empty>{say(view.connection === "online" ? "noRunningConversations" : "loading")}</Empty>
        )}
        <Older model={model} />
      </div>
      <footer class="cw-foot">
        <NewChat model={model} />
      </footer>
    </>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return (
    <div class="cw-empty">
      <span class="cw-avatar" aria-hidden="true">
        <Icon name="chat" size={28} />
      </span>
      <p>{children}</p>
    </div>
  );
}
