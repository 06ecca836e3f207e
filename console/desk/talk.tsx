/* The conversation that is open: what was said, by whom, and what is known of the customer. */
import { h } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { linkify } from "../../widget/frame/linkify";
import type { AdaptiveCardElement } from "./card_element";
import { Composer } from "./composer";
import { Dialog, Foot, Question } from "./dialog";
import { icon } from "./icon";
import { textOf, type Desk } from "./store";
import type { Answer, Conversation, FileOf, Message, Note, Outgoing } from "./types";
import { dayName, exactly, has, initials, languageName, settings, t, timeOfDay, waits } from "./words";

export function Talk({ desk, details, toggleDetails }: { desk: Desk; details: boolean; toggleDetails: () => void }) {
  const [handing, setHanding] = useState(false);
  const [asking, setAsking] = useState<"take" | "close" | undefined>();
  const { conversation, open } = desk;
  if (!open) {
    return (
      <section class="desk-talk is-empty" aria-label={t("messages")}>
        <span class="empty-mark">{icon("messages")}</span>
        <h2>{t("choose")}</h2>
        <p>{t("choose-text")}</p>
      </section>
    );
  }
  if (!conversation) {
    return (
      <section class="desk-talk is-empty" aria-label={t("messages")}>
        <button type="button" class="btn btn-quiet desk-narrow" onClick={() => desk.leave()}>
          {icon("arrow-left")}
          {t("back")}
        </button>
        <p>{desk.missing ? t("error-not_possible") : t("loading")}</p>
      </section>
    );
  }
  const name = conversation.person.name || t("visitor");
  const openStill = conversation.status !== "closed";
  const others = openStill && conversation.holder && conversation.holder !== settings().me;
  const take = () => {
    desk.expectMine();
    desk.take();
  };
  const { assignee } = conversation;
  const there = desk.isThere(conversation.holder);
  const live = desk.channel(conversation.channel)?.live === true;
  return (
    <>
      <section class="desk-talk" aria-label={name}>
        <header class="desk-talk-head">
          <button type="button" class="btn btn-quiet btn-icon btn-sm desk-narrow" aria-label={t("back")} onClick={() => desk.leave()}>
            {icon("arrow-left")}
          </button>
          <span class="avatar" aria-hidden="true">
            {initials(name) || "?"}
          </span>
          <div class="desk-talk-name">
            <h2>{name}</h2>
            <p>
              {status(conversation)} · {desk.channel(conversation.channel)?.name}
            </p>
          </div>
          <div class="actions">
            {openStill && !desk.mine && (
              <button type="button" class={`btn btn-sm${others ? "" : " btn-primary"}`} data-act="take" onClick={() => (others && there ? setAsking("take") : take())}>
                {icon("hand-grab")}
                {t(others ? "take-over" : "take")}
              </button>
            )}
            {openStill && !others && (
              <button type="button" class="btn btn-sm" data-act="transfer" title={t("transfer")} aria-label={t("transfer")} onClick={() => setHanding(true)}>
                {icon("arrows-right-left")}
                <span class="desk-wide">{t("transfer")}</span>
              </button>
            )}
            {openStill && !others && (
              <button type="button" class="btn btn-sm" data-act="close" title={t("close-conversation")} aria-label={t("close-conversation")} onClick={() => (live ? setAsking("close") : desk.close())}>
                {icon("check")}
                <span class="desk-wide">{t("close")}</span>
              </button>
            )}
            <button type="button" class="btn btn-quiet btn-icon btn-sm" aria-pressed={details} aria-label={t("details")} title={t("details")} onClick={toggleDetails}>
              {icon("layout-sidebar-right")}
            </button>
          </div>
        </header>
        <Messages desk={desk} conversation={conversation} />
        <Composer key={`${conversation.channel}~${conversation.conversation}`} desk={desk} conversation={conversation} />
      </section>
      {details && <Details conversation={conversation} close={toggleDetails} />}
      {asking === "take" && (
        <Question title={t("take-over-title", { name: assignee })} text={t("take-over-text", { name: assignee })} yes={t("take-over")} act={take} close={() => setAsking(undefined)} />
      )}
      {asking === "close" && <Question title={t("end-title")} text={t("end-text", { name })} yes={t("end")} act={() => desk.close()} close={() => setAsking(undefined)} />}
      {handing && <HandOn desk={desk} conversation={conversation} close={() => setHanding(false)} />}
    </>
  );
}

function status(conversation: Conversation): string {
  if (conversation.status === "closed") return t("is-shut");
  if (conversation.holder === settings().me) return t("is-yours");
  if (conversation.holder === "") return waits(conversation.since);
  return conversation.assignee;
}

// -- what was said -------------------------------------------------------------------------------------------------------

type Entry = { at: string; key: string } & ({ message: Message } | { note: Note } | { outgoing: Outgoing });

function entries(desk: Desk, conversation: Conversation): Entry[] {
  const oldest = conversation.scroll ? conversation.messages[0]?.createdAtWithMilliseconds : "";
  const known = new Set(conversation.messages.map((one) => one.idOnExternalPlatform));
  return [
    ...conversation.messages.map((message): Entry => ({ at: message.createdAtWithMilliseconds, key: message.id, message })),
    ...conversation.notes.filter((note) => note.at >= (oldest ?? "")).map((note): Entry => ({ at: note.at, key: `note${note.id}`, note })),
  ]
    .sort((a, b) => a.at.localeCompare(b.at))
    .concat(desk.outgoing.filter((one) => !known.has(one.id)).map((outgoing): Entry => ({ at: outgoing.at, key: outgoing.id, outgoing })));
}

function Messages({ desk, conversation }: { desk: Desk; conversation: Conversation }) {
  const place = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const before = useRef(0);
  const top = useRef(0);
  const all = entries(desk, conversation);
  const key = `${conversation.channel}~${conversation.conversation}`;
  const name = conversation.person.name || t("visitor");
  const first = conversation.messages[0]?.id;
  const shownFirst = useRef(first);
  useLayoutEffect(() => {
    const box = place.current!;
    // Earlier messages came in above: what was being read stays where it was.
    if (first !== shownFirst.current) box.scrollTop += box.scrollHeight - before.current;
    else if (atEnd.current) box.scrollTop = box.scrollHeight;
    shownFirst.current = first;
    before.current = box.scrollHeight;
  });
  useLayoutEffect(() => {
    atEnd.current = true;
    place.current!.scrollTop = place.current!.scrollHeight;
  }, [key]);
  useEffect(() => {
    // Cards and pictures take their room after they were put in.
    const watch = new ResizeObserver(() => {
      const box = place.current;
      if (box && atEnd.current) box.scrollTop = box.scrollHeight;
    });
    watch.observe(place.current!.firstElementChild!);
    watch.observe(place.current!);
    return () => watch.disconnect();
  }, [key]);
  const lastMine = conversation.messages.filter((one) => one.direction === "outbound").at(-1);
  const typed = desk.previews.get(key);
  let dayBefore = "";
  return (
    <div
      class="desk-messages"
      ref={place}
      tabIndex={0}
      role="log"
      aria-label={t("messages")}
      onScroll={(event) => {
        const box = event.currentTarget;
        // What grows below is no reason to stop following; scrolling up is.
        if (box.scrollHeight - box.scrollTop - box.clientHeight < 60) atEnd.current = true;
        else if (box.scrollTop < top.current - 2) atEnd.current = false;
        top.current = box.scrollTop;
        before.current = box.scrollHeight;
        if (box.scrollTop < 40 && conversation.scroll) desk.earlier();
      }}
    >
      <div class="desk-messages-inner">
        {conversation.scroll && (
          <button type="button" class="btn btn-quiet btn-sm desk-earlier" onClick={() => desk.earlier()}>
            {t("earlier")}
          </button>
        )}
        {all.map((entry) => {
          const today = dayName(entry.at);
          const head = today !== dayBefore && (
            <p class="desk-day" key={`day${entry.key}`}>
              <span>{today}</span>
            </p>
          );
          dayBefore = today;
          return (
            <div key={entry.key} class="desk-entry">
              {head}
              {"message" in entry && <Bubble message={entry.message} name={name} last={entry.message === lastMine} />}
              {"note" in entry && <Remark note={entry.note} />}
              {"outgoing" in entry && <Pending desk={desk} entry={entry.outgoing} />}
            </div>
          );
        })}
        {desk.typing.has(key) && (
          <p class="desk-typing">
            {typed ? (
              <>
                {t("types-so-far", { name })} <q>{typed}</q>
              </>
            ) : (
              t("types", { name })
            )}
          </p>
        )}
      </div>
    </div>
  );
}

function Bubble({ message, name, last }: { message: Message; name: string; last: boolean }) {
  const mine = message.direction === "outbound";
  const author = mine ? (message.authorUser?.nickname ?? message.authorUser?.firstName ?? "") : name;
  const { type, payload, postback } = message.messageContent;
  const text = type === "ADAPTIVE_CARD" ? "" : message.attachments.length && !words(payload) ? "" : textOf(message);
  const choices = type === "QUICK_REPLIES" && Array.isArray(payload["actions"]) ? (payload["actions"] as { text?: string }[]) : [];
  return (
    <article class={`desk-message${mine ? " is-mine" : ""}${message.authorUser?.isBotUser ? " is-bot" : ""}`}>
      <p class="desk-who">
        <strong>{author}</strong>{" "}
        <time dateTime={message.createdAtWithMilliseconds} title={exactly(message.createdAtWithMilliseconds)}>
          {timeOfDay(message.createdAtWithMilliseconds)}
        </time>
      </p>
      {text && <p class="desk-bubble">{linked(text)}</p>}
      {type === "ADAPTIVE_CARD" && <Card card={payload} />}
      {choices.length > 0 && (
        <ul class="desk-choices">
          {choices.map((one, at) => (
            <li key={at}>{one.text}</li>
          ))}
        </ul>
      )}
      {message.attachments.map((file) => (
        <File key={file.url} file={file} />
      ))}
      {!mine && postback && <p class="desk-small">{t("chose")}</p>}
      {last && <p class="desk-small desk-tick">{t(message.isRead ? "seen" : "sent")}</p>}
    </article>
  );
}

const words = (payload: Record<string, unknown>): string => (typeof payload["text"] === "string" ? payload["text"] : "");

const linked = (text: string) =>
  linkify(text).map((piece, at) =>
    typeof piece === "string" ? (
      piece
    ) : (
      <a key={at} href={piece.href} target="_blank" rel="noopener noreferrer">
        {piece.text}
      </a>
    ),
  );

export function Card({ card }: { card: unknown }) {
  const place = useRef<HTMLElement>(null);
  const [wrong, setWrong] = useState(false);
  useEffect(() => {
    const element = place.current as AdaptiveCardElement;
    void element.show(card).then((drawn) => setWrong(!drawn));
  }, [card]);
  return (
    <>
      {h("adaptive-card", { ref: place, class: "desk-card", hidden: wrong })}
      {wrong && <p class="desk-bubble">{t("cannot-draw")}</p>}
    </>
  );
}

function File({ file }: { file: FileOf }) {
  const name = file.friendlyName ?? file.fileName ?? t("file");
  return (
    <a class={`desk-file${file.previewUrl ? " has-picture" : ""}`} href={file.url} target="_blank" rel="noopener noreferrer">
      {file.previewUrl ? <img src={file.previewUrl} alt="" loading="lazy" /> : icon("file")}
      <span>
        {name}
        {file.fileSize !== undefined && <small>{size(file.fileSize)}</small>}
      </span>
    </a>
  );
}

export function size(bytes: number): string {
  const language = document.documentElement.lang || "en";
  const [value, unit] = bytes < 1_000_000 ? [bytes / 1000, "kilobyte"] : [bytes / 1_000_000, "megabyte"];
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: 1 }).format(value);
}

function Remark({ note }: { note: Note }) {
  const sentences: Record<Note["kind"], string> = {
    note: t("note-of", { name: note.author }),
    taken: t("took", { name: note.author }),
    transferred: t("handed", { name: note.author, target: note.target }),
    queued: t("queued", { name: note.author }),
    closed: t("was-closed", { name: note.author }),
    left: t("was-left", { name: note.author }),
  };
  return (
    <div class={note.text ? "desk-note" : "desk-event"}>
      <p>
        {sentences[note.kind]} · <time dateTime={note.at}>{timeOfDay(note.at)}</time>
      </p>
      {note.text && <p class="desk-note-text">{linked(note.text)}</p>}
    </div>
  );
}

function Pending({ desk, entry }: { desk: Desk; entry: Outgoing }) {
  const { command, failed } = entry;
  const text = typeof command["text"] === "string" ? command["text"] : command["card"] ? t("card") : command["replies"] ? String((command["replies"] as { text: string }).text) : t("file");
  const [code, by] = (failed ?? "").split(/:(.*)/);
  const why = code === "taken" ? t("taken-by", { name: by ?? "" }) : has(`error-${code}`) ? t(`error-${code}`) : t("error-not_possible");
  return (
    <article class={`desk-message is-mine is-pending${failed ? " is-failed" : ""}`}>
      <p class="desk-bubble">{text}</p>
      {failed ? (
        <p class="desk-small is-bad">
          {t("not-sent", { why })}{" "}
          <button type="button" class="desk-link" onClick={() => desk.connection.again(entry.id)}>
            {t("retry")}
          </button>{" "}
          <button type="button" class="desk-link" onClick={() => desk.connection.drop(entry.id)}>
            {t("discard")}
          </button>
        </p>
      ) : (
        <p class="desk-small">{t("sending")}</p>
      )}
    </article>
  );
}

// -- whom one talks with -------------------------------------------------------------------------------------------------

function Details({ conversation, close }: { conversation: Conversation; close: () => void }) {
  const { person, answers, consents, page, locale, begun } = conversation;
  const list = (title: string, rows: Answer[]) =>
    rows.length > 0 && (
      <section>
        <h3>{title}</h3>
        <dl>
          {rows.map((row) => (
            <div key={row.ident}>
              <dt>{row.label}</dt>
              <dd>{row.text || "—"}</dd>
            </div>
          ))}
        </dl>
      </section>
    );
  return (
    <aside class="desk-details" aria-label={t("details")}>
      <header>
        <h2>{t("details")}</h2>
        <button type="button" class="btn btn-quiet btn-icon btn-sm" aria-label={t("close-details")} onClick={close}>
          {icon("x")}
        </button>
      </header>
      <section>
        <div class="desk-person">
          <span class="avatar" aria-hidden="true">
            {initials(person.name || t("visitor"))}
          </span>
          <p>
            <strong>{person.name || t("visitor")}</strong>
            {person.proven && (
              <span class="chip is-good">
                <span class="dot" />
                {t("signed-in")}
              </span>
            )}
          </p>
        </div>
        <dl>
          <div>
            <dt>{t("customer-id")}</dt>
            <dd>
              <code>{person.id}</code>
            </dd>
          </div>
          {page && (
            <div>
              <dt>{t("page")}</dt>
              <dd>
                <a href={page} target="_blank" rel="noopener noreferrer">
                  {page.replace(/^https?:\/\//, "")}
                </a>
              </dd>
            </div>
          )}
          {locale && (
            <div>
              <dt>{t("language")}</dt>
              <dd>{languageName(locale)}</dd>
            </div>
          )}
          <div>
            <dt>{t("begun")}</dt>
            <dd>{exactly(begun)}</dd>
          </div>
          <div>
            <dt>{t("known-since")}</dt>
            <dd>{exactly(person.since)}</dd>
          </div>
          <div>
            <dt>{t("how-many")}</dt>
            <dd>{person.conversations}</dd>
          </div>
        </dl>
      </section>
      {list(t("answers"), answers)}
      {list(t("fields"), person.fields)}
      {consents.length > 0 && (
        <section>
          <h3>{t("consents")}</h3>
          {consents.map((one) => (
            <div class="desk-consent" key={one.ident}>
              {icon("circle-check")}
              <p>
                {one.text}
                <small>{t("consent-version", { version: one.version, date: exactly(one.given_at) })}</small>
              </p>
            </div>
          ))}
        </section>
      )}
    </aside>
  );
}

// -- handing on ----------------------------------------------------------------------------------------------------------

function HandOn({ desk, conversation, close }: { desk: Desk; conversation: Conversation; close: () => void }) {
  const [to, setTo] = useState<string | undefined>();
  const [note, setNote] = useState("");
  const colleagues = (desk.agents ?? []).filter((one) => one.agent !== settings().me && (!one.channels || one.channels.includes(conversation.channel)));
  const mine = desk.mine;
  return (
    <Dialog title={t("transfer-to")} close={close}>
      <form
        class="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (to === undefined) return;
          desk.transfer(to, note);
          close();
        }}
      >
        <div class="dialog-body">
          <fieldset class="desk-choose">
            <legend class="visually-hidden">{t("transfer-to")}</legend>
            {colleagues.map((one) => (
              <label key={one.agent} class="desk-option">
                <input class="form-check-input" type="radio" name="to" checked={to === one.agent} onChange={() => setTo(one.agent)} />
                <span class="avatar" aria-hidden="true">
                  {initials(one.name)}
                </span>
                <span>{one.name}</span>
                <small>
                  <span class={`dot ${one.available ? "is-good" : "is-wait"}`} /> {t(one.available ? "available" : "away")}
                </small>
              </label>
            ))}
            {colleagues.length === 0 && <p class="help">{t("nobody-else")}</p>}
            {mine && (
              <label class="desk-option">
                <input class="form-check-input" type="radio" name="to" checked={to === ""} onChange={() => setTo("")} />
                <span class="avatar" aria-hidden="true">
                  {icon("clock")}
                </span>
                <span>{t("to-queue")}</span>
              </label>
            )}
          </fieldset>
          <label class="field">
            <span class="field-label">{t("transfer-note")}</span>
            <textarea class="form-control" rows={3} maxLength={5000} value={note} onInput={(event) => setNote(event.currentTarget.value)} />
          </label>
        </div>
        <Foot close={close} disabled={to === undefined}>
          {t("hand-on")}
        </Foot>
      </form>
    </Dialog>
  );
}

