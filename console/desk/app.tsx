/* The agent desk's page: bar, list, conversation, details; keys. */
import { render } from "preact";
import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { createPortal } from "preact/compat";
import { isTyping } from "../parts/dom";
import { Talk } from "./talk";
import { Dialog } from "./dialog";
import { icon } from "./icon";
import { Desk } from "./store";
import { views, type Row, type View } from "./types";
import { exactly, initials, isLate, settings, stamp, t, waits } from "./words";

export function start(): void {
  const place = document.getElementById("desk");
  if (!place) return;
  const desk = new Desk();
  place.replaceChildren();
  render(<App desk={desk} />, place);
  desk.connection.start();
  void desk.loadLibrary();
}

const plainTitle = document.title;

function App({ desk }: { desk: Desk }) {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const [help, setHelp] = useState(false);
  const [details, setDetails] = useState(() => matchMedia("(min-width: 1280px)").matches);
  useEffect(() => desk.listen(() => draw(undefined)), [desk]);
  useEffect(() => {
    const news = desk.counts.unread + desk.counts.waiting;
    document.title = news ? `(${news}) ${plainTitle}` : plainTitle;
  });
  useEffect(() => {
    const heard = (event: KeyboardEvent) => keys(desk, event, () => setHelp(true));
    document.addEventListener("keydown", heard);
    return () => document.removeEventListener("keydown", heard);
  }, [desk]);
  const controls = document.getElementById("desk-controls")!;
  const { line } = desk.connection;
  return (
    <>
      {createPortal(<Controls desk={desk} help={() => setHelp(true)} />, controls)}
      {line !== "online" && line !== "connecting" && (
        <div class={`desk-line note ${line === "lost" ? "is-wait" : "is-bad"}`} role="status">
          {icon("plug-connected-x")}
          <span>
            {t(line)} {line === "signed-out" && <a href={settings().signIn}>{t("retry")}</a>}
          </span>
        </div>
      )}
      <div class={`desk-columns${desk.open ? " has-open" : ""}${details ? " has-details" : ""}`}>
        <List desk={desk} />
        <Talk desk={desk} details={details} toggleDetails={() => setDetails(!details)} />
      </div>
      <p class="visually-hidden" role="status" aria-live="polite">
        {desk.said}
      </p>
      {help && <Help close={() => setHelp(false)} />}
    </>
  );
}

function Controls({ desk, help }: { desk: Desk; help: () => void }) {
  const { available, line } = desk.connection;
  return (
    <>
      <span class="visually-hidden" role="status" data-line={line}>
        {t(line)}
      </span>
      <button
        type="button"
        class={`btn btn-sm desk-status ${available ? "is-available" : "is-away"}`}
        role="switch"
        aria-checked={available}
        aria-label={t("available")}
        title={t(available ? "available-help" : "away-help")}
        onClick={() => desk.setAvailable(!available)}
      >
        <span class={`dot ${available ? "is-good" : "is-wait"}`} />
        {t(available ? "available" : "away")}
      </button>
      <Toggle name="sound" on={desk.sound} press={() => desk.setSound(!desk.sound)} />
      <Toggle name="notify" on={desk.notify} press={() => void desk.setNotify(!desk.notify)} />
      <button type="button" class="btn btn-quiet btn-icon btn-sm desk-wide" aria-label={t("keys")} title={t("keys")} onClick={help}>
        {icon("keyboard")}
      </button>
    </>
  );
}

function Toggle({ name, on, press }: { name: "sound" | "notify"; on: boolean; press: () => void }) {
  const shown = name === "sound" ? (on ? icon("volume") : icon("volume-off")) : on ? icon("bell") : icon("bell-off");
  return (
    <button type="button" class="btn btn-quiet btn-icon btn-sm" aria-pressed={on} aria-label={t(name)} title={t(name)} onClick={press}>
      {shown}
    </button>
  );
}

// -- the list ------------------------------------------------------------------------------------------------------------

function List({ desk }: { desk: Desk }) {
  const { counts, rows } = desk;
  const count = (view: View) => (view === "closed" ? undefined : counts[view]);
  return (
    <section class="desk-list" aria-label={t("conversations")}>
      <nav class="desk-views" aria-label={t("lists")}>
        {views.map((view) => (
          <button type="button" key={view} aria-current={desk.view === view ? "true" : undefined} onClick={() => desk.show(view)}>
            <span>{t(view)}</span>
            {count(view) !== undefined && <span class={`desk-count${view === "waiting" && counts.waiting ? " is-wait" : ""}`}>{count(view)}</span>}
          </button>
        ))}
      </nav>
      <div class="desk-find">
        <label class="search">
          {icon("search")}
          <span class="visually-hidden">{t("search")}</span>
          <input
            id="desk-search"
            class="form-control"
            type="search"
            value={desk.search}
            placeholder={t("search")}
            maxLength={120}
            onInput={(event) => desk.find(event.currentTarget.value)}
          />
        </label>
        {desk.channels.length > 1 && (
          <select class="form-select" aria-label={t("channel")} value={desk.only} onChange={(event) => desk.filter(event.currentTarget.value)}>
            <option value="">{t("every-channel")}</option>
            {desk.channels.map((one) => (
              <option key={one.id} value={one.id} selected={one.id === desk.only}>
                {one.name}
              </option>
            ))}
          </select>
        )}
      </div>
      <ol
        class="desk-rows"
        onScroll={(event) => {
          const box = event.currentTarget;
          if (box.scrollHeight - box.scrollTop - box.clientHeight < 300) desk.showMore();
        }}
      >
        {rows?.map((row) => (
          <Item key={`${row.channel}~${row.id}`} row={row} desk={desk} />
        ))}
      </ol>
      {desk.more && (
        <button type="button" class="btn btn-quiet desk-more" onClick={() => desk.showMore()}>
          {t("show-more")}
        </button>
      )}
      {desk.trouble && (
        <p class="desk-nothing" role="alert">
          {desk.trouble}
        </p>
      )}
      {!rows && <p class="desk-nothing">{t("loading")}</p>}
      {rows?.length === 0 && !desk.trouble && (
        <p class="desk-nothing">
          {!desk.channels.length ? t("no-channels") : desk.search ? t("none-found") : t(`none-${desk.view}`)}
        </p>
      )}
    </section>
  );
}

function Item({ row, desk }: { row: Row; desk: Desk }) {
  const current = desk.open?.channel === row.channel && desk.open.id === row.id;
  const key = `${row.channel}~${row.id}`;
  const name = row.customer || t("visitor");
  const waiting = row.status !== "closed" && row.holder === "";
  const others = row.status !== "closed" && row.holder && row.holder !== settings().me;
  const gone = others && !desk.isThere(row.holder);
  const late = waiting && isLate(row.since, desk.channel(row.channel)?.live === true);
  const preview = row.kind === "ADAPTIVE_CARD" ? t("card") : row.text || (row.files ? (row.files > 1 ? t("files", { count: row.files }) : t("file")) : "");
  return (
    <li>
      <button
        type="button"
        class={`desk-row${row.unread ? " is-unread" : ""}`}
        data-conversation={row.id}
        aria-current={current ? "true" : undefined}
        onClick={() => desk.select(row.channel, row.id)}
      >
        <span class="avatar" aria-hidden="true">
          {initials(name) || "?"}
        </span>
        <span class="desk-row-top">
          <strong>{name}</strong>
          <time dateTime={row.at} title={exactly(row.at)}>
            {stamp(row.at)}
          </time>
        </span>
        <span class="desk-row-text">
          {desk.typing.has(key) ? (
            <em>{t("types", { name })}</em>
          ) : (
            <>
              {row.author === "agent" && row.holder === settings().me ? t("you-said", { text: preview }) : preview}
            </>
          )}
        </span>
        <span class="desk-row-foot">
          <span class="desk-row-channel">{desk.channel(row.channel)?.name ?? ""}</span>
          {waiting && <span class={`desk-badge ${late ? "is-late" : "is-wait"}`}>{waits(row.since)}</span>}
          {others && <span class={`desk-badge${gone ? " is-wait" : ""}`}>{gone ? t("offline", { name: row.assignee }) : row.assignee}</span>}
          {row.unread > 0 && (
            <span class="desk-badge is-new">
              <span aria-hidden="true">{row.unread}</span>
              <span class="visually-hidden">{t("unread", { count: row.unread })}</span>
            </span>
          )}
        </span>
      </button>
    </li>
  );
}

// -- keys ----------------------------------------------------------------------------------------------------------------

const help: [string, string][] = [
  ["j", "key-next"],
  ["k", "key-previous"],
  ["1 2 3 4", "key-lists"],
  ["s", "key-search"],
  ["r", "key-write"],
  ["n", "key-note"],
  ["t", "key-take"],
  ["h", "key-transfer"],
  ["x", "key-close"],
  ["Enter · Ctrl Enter", "key-send"],
  ["Shift Enter", "key-line"],
  ["Esc", "key-leave"],
  ["?", "key-help"],
];

function keys(desk: Desk, event: KeyboardEvent, showHelp: () => void): void {
  if (document.querySelector("dialog[open]") || event.defaultPrevented) return;
  if (event.key === "Escape") {
    if (isTyping(event.target)) (event.target as HTMLElement).blur();
    else if (desk.open && matchMedia("(max-width: 767px)").matches) desk.leave();
    return;
  }
  if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const press = (selector: string) => {
    const found = document.querySelector<HTMLElement>(selector);
    found?.focus();
    found?.click();
  };
  const step = (by: number) => {
    const rows = desk.rows ?? [];
    const at = rows.findIndex((row) => row.id === desk.open?.id && row.channel === desk.open.channel);
    const next = rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + by))];
    if (at + by >= rows.length - 1) desk.showMore();
    if (!next) return;
    desk.select(next.channel, next.id);
    document.querySelector(`[data-conversation="${CSS.escape(next.id)}"]`)?.scrollIntoView({ block: "nearest" });
  };
  const acts: Record<string, () => void> = {
    j: () => step(1),
    k: () => step(-1),
    s: () => document.getElementById("desk-search")?.focus(),
    r: () => press("[data-act=answer]"),
    n: () => press("[data-act=note]"),
    t: () => press("[data-act=take]"),
    h: () => press("[data-act=transfer]"),
    x: () => press("[data-act=close]"),
    "?": showHelp,
    ...Object.fromEntries(views.map((view, at) => [String(at + 1), () => desk.show(view)])),
  };
  const act = acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function Help({ close }: { close: () => void }) {
  return (
    <Dialog title={t("keys")} close={close}>
      <dl class="desk-keys">
        {help.map(([key, words]) => (
          <div key={key}>
            <dt>
              {key.split(" · ").map((one, at) => (
                <span key={one}>
                  {at > 0 && " · "}
                  {one.split(" ").map((part) => (
                    <kbd key={part}>{part}</kbd>
                  ))}
                </span>
              ))}
            </dt>
            <dd>{t(words)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

export const useFocus = <E extends HTMLElement>() => {
  const place = useRef<E>(null);
  useEffect(() => place.current?.focus(), []);
  return place;
};
