/* One conversation: its state, its messages, and the box to write in. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ChatMessage } from "../shared/types";
import { Avatar, Empty, NewChat, offline, Older } from "./app";
import { Icon } from "./icons";
import { Card, Files, Text } from "./message";
import type { Model } from "./model";
import type { PhraseId } from "./phrases";
import { ReplyBox } from "./reply";
import { Rich } from "./rich";

/** Messages of one person within this time stand together. */
const TOGETHER = 5 * 60_000;
/** CSS pixels from the end that still count as being at the end. */
const NEAR = 80;

export function Conversation({ model }: { model: Model }) {
  const { view, say } = model;
  const away = offline(model);
  return (
    <>
      <Activity model={model} />
      <Messages model={model} />
      {view.closed || away ? (
        <footer class="cw-foot">
          <p>{away ? <Rich say={say} id="offlineFormDesc" /> : view.agent ? say("chattedWith", { name: view.agent }) : say("customerLeftTheSession")}</p>
          {view.closed && <NewChat model={model} />}
        </footer>
      ) : (
        <ReplyBox model={model} />
      )}
    </>
  );
}

export function Activity({ model: { view, say, tell } }: { model: Model }) {
  const busy = view.connection === "reconnecting" || view.connection === "connecting";
  const words = (view.problem ||
    (view.connection === "reconnecting"
      ? "statusReconnecting"
      : view.connection === "connecting"
        ? "preparingSession"
        : view.live && view.waiting
          ? view.noAgent
            ? "noAgentOnlineForQueue"
            : view.queue
              ? "allAgentsForQueueAreBusy"
              : "waitingForAgent"
          : "")) as PhraseId | "";
  // The region stays, so that a screen reader hears what comes into it.
  return (
    <div class={`cw-activity${words ? "" : " cw-quiet"}${view.connection === "failed" ? " cw-failed" : ""}`} data-selector="ACTIVITY_BAR" role="status">
      {busy && <i class="cw-spinner" aria-hidden="true" />}
      {view.connection === "failed" && <Icon name="alert" size={18} />}
      {words && (
        <span>
          <Rich say={say} id={words} values={{ queue: view.queue - 1 }} />
        </span>
      )}
      {busy && words !== "preparingSession" && (
        <button type="button" class="cw-link" onClick={() => tell({ type: "retry", id: "" })}>
          {say("retry")}
        </button>
      )}
    </div>
  );
}

function Messages({ model }: { model: Model }) {
  const { view, say, clock } = model;
  const { messages } = view;
  const box = useRef<HTMLDivElement>(null);
  const place = useRef({ first: "", last: "", height: 0, end: true });
  const [below, setBelow] = useState(0);
  const last = messages.at(-1);

  // At the end stay at the end; with earlier messages put on top, stay at the same words.
  useLayoutEffect(() => {
    const element = box.current!;
    const { first, last: before, height, end } = place.current;
    const grown = element.scrollHeight - height;
    if (first && messages[0]?.id !== first && last?.id === before) element.scrollTop += grown;
    else if (end || (last?.mine && last.id !== before)) element.scrollTop = element.scrollHeight;
    else if (before && last?.id !== before) setBelow(below + 1);
    place.current = { ...place.current, first: messages[0]?.id ?? "", last: last?.id ?? "", height: element.scrollHeight };
  });

  // Cards and pictures grow after they are there.
  useEffect(() => {
    const element = box.current!;
    const observer = new ResizeObserver(() => {
      if (place.current.end) element.scrollTop = element.scrollHeight;
      place.current.height = element.scrollHeight;
    });
    observer.observe(element);
    observer.observe(element.firstElementChild!);
    return () => observer.disconnect();
  }, []);

  const onScroll = () => {
    // A scroll that began before the conversation was closed is told of after it.
    const element = box.current;
    if (!element) return;
    place.current.end = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    if (place.current.end && below) setBelow(0);
  };
  const lastMine = messages.findLast((message) => message.mine);

  return (
    <div class="cw-scroll">
      <div class="cw-content" data-selector="CONTENT" ref={box} onScroll={onScroll} tabIndex={0} role="region" aria-label={say("customerChat")}>
        <div class="cw-flow">
          <Older model={model} />
          {!messages.length && !view.older && <Empty><Rich say={say} id={view.available ? "waitingDescription" : "weAreOffline"} /></Empty>}
          <div class="cw-log" role="log" aria-live="polite" aria-relevant="additions" aria-label={say("customerChat")}>
            {messages.map((message, i) => {
              const before = messages[i - 1];
              const after = messages[i + 1];
              const newDay = !before || clock.day(before.at) !== clock.day(message.at);
              const starts = newDay || !together(before, message);
              const ends = !after || !together(message, after) || clock.day(after.at) !== clock.day(message.at);
              return [
                newDay && (
                  <p class="cw-day" key={"day" + message.id}>
                    <span>{clock.day(message.at)}</span>
                  </p>
                ),
                <Message
                  key={message.id}
                  message={message}
                  model={model}
                  starts={starts}
                  ends={ends}
                  timed={!after || after.at - message.at >= TOGETHER || clock.day(after.at) !== clock.day(message.at)}
                  named={message.author !== speaker(messages, i)}
                  state={message === lastMine}
                  last={message === last}
                />,
              ];
            })}
          </div>
          {view.typing && <Typing name={view.typing.trim()} model={model} />}
        </div>
      </div>
      {below > 0 && (
        <button
          type="button"
          class="cw-below"
          onClick={() => {
            box.current!.scrollTo({ top: box.current!.scrollHeight });
            setBelow(0);
          }}
        >
          {say("unreadMessages", { count: below })}
          <Icon name="down" size={16} />
        </button>
      )}
    </div>
  );
}

/** Who spoke last on the agent's side before this message: a name is shown when it changes. */
const speaker = (messages: ChatMessage[], i: number) => messages.slice(0, i).findLast((message) => !message.mine)?.author;

const together = (a: ChatMessage, b: ChatMessage) => a.mine === b.mine && a.author === b.author && b.at - a.at < TOGETHER;

function Typing({ name, model }: { name: string; model: Model }) {
  const { view, say } = model;
  return (
    <div class="cw-row cw-theirs cw-starts cw-ends">
      <div class="cw-stack">
        <div class="cw-body">
          <Avatar name={view.agent || name} image={view.avatar} />
          <div class="cw-bubble-box cw-typing" role="status">
            <span class="cw-sr">{say("agentIsTyping", { name: name || say("agent") })}</span>
            <i />
            <i />
            <i />
          </div>
        </div>
      </div>
    </div>
  );
}

interface MessageProps {
  message: ChatMessage;
  model: Model;
  starts: boolean;
  ends: boolean;
  /** The author's name is shown. */
  named: boolean;
  /** Its time is shown: the last before a pause. The others say theirs to a pointer that rests on them. */
  timed: boolean;
  /** Its delivery state is shown even when all went well. */
  state: boolean;
  last: boolean;
}

function Message({ message, model, starts, ends, named, timed, state, last }: MessageProps) {
  const { say, clock, tell, view } = model;
  const { mine, card } = message;
  const text = card ? "" : message.text;
  const replies = last && !view.closed ? (message.replies ?? []) : [];
  return (
    <div class={`cw-row ${mine ? "cw-mine" : "cw-theirs"}${starts ? " cw-starts" : ""}${ends ? " cw-ends" : ""}`}>
      <div class="cw-stack">
        {!mine && named && message.author ? <span class="cw-author">{message.author}{message.bot && model.conf.config.settings?.enableAiLabel === true && <b class="cw-ai">{say("aiLabel")}</b>}</span> : <span class="cw-sr">{mine ? say("you") : message.author || say("agent")}</span>}
        <div class="cw-body" title={clock.time(message.at)}>
          {!mine && ends && <Avatar name={message.author || say("agent")} image={message.avatar} />}
          {(text || message.title || message.link || message.image) && (
            <div class="cw-bubble-box" data-selector={mine ? "CUSTOMER_MESSAGE_BUBBLE" : "AGENT_MESSAGE_BUBBLE"}>
              {message.image && <img class="cw-picture" src={message.image} alt="" loading="lazy" referrerpolicy="no-referrer" />}
              {message.title && <strong class="cw-heading">{message.title}</strong>}
              {text && <Text text={text} />}
              {message.link && <Text text={message.link} />}
            </div>
          )}
          {card !== undefined && (
            <div class="cw-bubble-box cw-card-box" data-selector="AGENT_MESSAGE_BUBBLE">
              <Card card={card} fallback={message.text} model={model} />
            </div>
          )}
          {message.files && message.files.length > 0 && <Files id={message.id} files={message.files} mine={mine} model={model} />}
        </div>
        {replies.length > 0 && (
          <div class="cw-replies">
            {replies.map((reply) => (
              <button key={reply.text} type="button" class="cw-chip" onClick={() => tell({ type: "send", ...reply })}>
                {reply.text}
              </button>
            ))}
          </div>
        )}
        {message.state === "failed" ? (
          <span class="cw-state cw-wrong" role="alert">
            <Rich say={say} id={(message.error ?? "messageSendingFailed") as PhraseId} />
            <button type="button" class="cw-link" onClick={() => tell({ type: "retry", id: message.id })}>
              {say("retry")}
            </button>
          </span>
        ) : (
          (timed || state || message.state === "sending") && (
            <span class="cw-state">
              <time dateTime={new Date(message.at).toISOString()}>{clock.time(message.at)}</time>
              {mine && <Ticks state={message.state} model={model} />}
            </span>
          )
        )}
      </div>
    </div>
  );
}

function Ticks({ state, model: { say } }: { state: ChatMessage["state"]; model: Model }) {
  const [icon, words] =
    state === "sending" ? (["clock", "messageSending"] as const) : state === "seen" ? (["checks", "messageSeen"] as const) : (["check", "messageSent"] as const);
  return (
    <span class={"cw-ticks cw-" + (state ?? "sent")}>
      <Icon name={icon} size={14} />
      {say(words)}
    </span>
  );
}
