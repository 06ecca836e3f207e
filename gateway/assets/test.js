/* The test page: its tools, and the agent's side over the socket of gateway.agent_desk. Text is set by textContent only. */
import { KEEP, isDark, setDark } from "./theme.js";

const $ = (id) => document.getElementById(id);
const words = JSON.parse($("words").textContent);

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

// -- tools ------------------------------------------------------------------------------------------------------------

function showTheme() {
  $("theme").setAttribute("aria-pressed", String(isDark()));
  $("theme").textContent = isDark() ? words.light : words.dark;
}
$("theme").addEventListener("click", () => {
  setDark(!isDark());
  showTheme();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);
showTheme();

$("locale").addEventListener("change", (event) => event.target.form.requestSubmit());
for (const field of document.querySelectorAll(".tools input[name=lang]")) {
  // The language button sends its own value; the hidden one is for the list.
  field.form.addEventListener("submit", (event) => {
    if (event.submitter?.name === "lang") field.disabled = true;
  });
}

$("fresh").addEventListener("click", () => {
  const theme = localStorage.getItem(KEEP);
  localStorage.clear();
  sessionStorage.clear();
  if (theme) localStorage.setItem(KEEP, theme);
  location.reload();
});

// -- the agent's side ---------------------------------------------------------------------------------------------------

if (document.querySelector(".agent")) agentSide();

function agentSide() {
  const key = new URLSearchParams(location.search).get("key");
  const desk = document.querySelector(".desk");
  const log = document.querySelector(".messages");
  const conversations = new Map();
  const shown = new Set();
  let socket;
  let open = "";
  let scroll = "";
  let attempt = 0;
  let kind = "text";
  let typing = false;
  let typingTimer;
  let visitorTimer;

  const send = (command) => {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(command));
    return true;
  };

  function state(name, text) {
    $("line").dataset.state = name;
    $("line-text").textContent = text;
  }

  function connect() {
    const address = new URL("/agent", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    address.searchParams.set("key", key);
    socket = new WebSocket(address);
    let refused = "";
    let beat;
    socket.onopen = () => {
      attempt = 0;
      beat = setInterval(() => send({ do: "heartbeat" }), 15_000);
    };
    socket.onmessage = (message) => {
      const event = JSON.parse(message.data);
      if (event.event === "error" && event.ref === undefined) refused = event.message;
      hear[event.event]?.(event);
    };
    socket.onclose = (event) => {
      clearInterval(beat);
      if (event.code >= 4400 && event.code < 4500) return state("refused", refused || event.reason);
      state("lost", words.lost);
      setTimeout(connect, Math.min(10_000, 500 * 2 ** attempt++) * (0.5 + Math.random() / 2));
    };
  }

  const hear = {
    ready() {
      state("open", words.connected);
      send({ do: "list" });
      if (open) send({ do: "open", conversation: open });
    },
    conversations(event) {
      conversations.clear();
      for (const one of event.conversations) conversations.set(one.id, one);
      drawList();
    },
    conversation(event) {
      if (event.conversation !== open) return;
      shown.clear();
      $("messages").replaceChildren();
      scroll = event.scroll;
      for (const message of event.messages) draw(message, "start");
      $("more").hidden = !scroll;
      drawAnswers(event.answers ?? [], event.consents ?? []);
      const known = conversations.get(open);
      if (known) Object.assign(known, { unread: 0, status: event.status });
      drawList();
      drawHead();
      log.scrollTop = log.scrollHeight;
    },
    more(event) {
      if (event.conversation !== open) return;
      scroll = event.scroll;
      const before = log.scrollHeight;
      for (const message of event.messages) draw(message, "start");
      $("more").hidden = !scroll;
      log.scrollTop += log.scrollHeight - before;
    },
    message(event) {
      const { conversation: id, message } = event;
      const known = conversations.get(id) ?? { id, name: "", customer: event.customer, assignee: "", unread: 0 };
      if (event.customer) known.customer = event.customer;
      Object.assign(known, { status: event.status, text: textOf(message), at: message.createdAtWithMilliseconds });
      const mine = message.direction === "outbound";
      const looking = id === open && !document.hidden;
      if (!mine && !looking) known.unread++;
      conversations.delete(id);
      conversations.set(id, known);
      // The newest first: the map keeps the order of insertion.
      const rest = [...conversations].filter(([other]) => other !== id);
      conversations.clear();
      for (const [other, one] of [[id, known], ...rest]) conversations.set(other, one);
      drawList();
      if (id !== open) return;
      const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
      draw(message, "end");
      drawHead();
      if (!mine) {
        $("typing").textContent = "";
        if (looking) send({ do: "open", conversation: id });
      }
      if (atEnd || mine) log.scrollTop = log.scrollHeight;
    },
    status(event) {
      const known = conversations.get(event.conversation);
      if (known) Object.assign(known, { status: event.status, assignee: event.assignee });
      drawList();
      if (event.conversation === open) drawHead();
    },
    typing(event) {
      if (event.conversation !== open) return;
      clearTimeout(visitorTimer);
      $("typing").textContent = event.on ? words.typing : "";
      // A visitor who closed the page sends no end.
      if (event.on) visitorTimer = setTimeout(() => ($("typing").textContent = ""), 10_000);
    },
    preview(event) {
      if (event.conversation === open) $("typing").textContent = event.text ? "… " + event.text : "";
    },
    seen(event) {
      const item = document.querySelector(`[data-message="${CSS.escape(event.id)}"] .meta`);
      if (item && event.direction === "outbound" && !item.dataset.seen) {
        item.dataset.seen = "yes";
        item.textContent += " · " + words.seen;
      }
    },
    error(event) {
      if (event.ref !== undefined && event.ref !== null) $("problem").textContent = event.message;
    },
    done() {
      $("problem").textContent = "";
    },
  };

  function textOf(message) {
    const { type, payload, fallbackText, postback } = message.messageContent;
    const text = typeof payload?.text === "string" ? payload.text : (payload?.text?.content ?? fallbackText ?? "");
    if (type === "ADAPTIVE_CARD") return words.card + (fallbackText ? ": " + fallbackText : "");
    return text || (postback ? "[" + postback + "]" : message.attachments.map((one) => one.friendlyName).join(", "));
  }

  const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });

  function draw(message, where) {
    if (shown.has(message.id)) return;
    shown.add(message.id);
    const mine = message.direction === "outbound";
    const item = make("li", mine ? "mine" : "theirs");
    item.dataset.message = message.id;
    const bubble = make("div", "bubble");
    const text = textOf(message);
    if (text) bubble.append(make("p", "", text));
    for (const choice of message.messageContent.payload?.actions ?? []) {
      const name = choice.text ?? choice.title;
      if (typeof name === "string") bubble.append(make("span", "choice", name));
    }
    for (const file of message.attachments) {
      if (!/^https?:/.test(file.url)) continue;
      const link = make("a", "file", file.friendlyName || file.url);
      link.href = file.url;
      link.target = "_blank";
      link.rel = "noopener noreferrer";
      bubble.append(link);
    }
    const who = mine ? (message.authorUser?.nickname ?? "") : message.authorEndUserIdentity?.fullName || words.visitor;
    const meta = make("p", "meta", `${who} · ${clock.format(new Date(message.createdAtWithMilliseconds))}`);
    if (mine && message.customerStatistics?.seenAt) {
      meta.dataset.seen = "yes";
      meta.textContent += " · " + words.seen;
    }
    item.append(bubble, meta);
    $("messages")[where === "start" ? "prepend" : "append"](item);
  }

  function drawList() {
    const list = $("conversations");
    const focused = document.activeElement?.dataset?.id;
    list.replaceChildren();
    let unread = 0;
    for (const one of conversations.values()) {
      unread += one.unread;
      const item = make("li");
      const button = make("button", one.id === open ? "current" : "");
      button.type = "button";
      button.dataset.id = one.id;
      if (one.id === open) button.setAttribute("aria-current", "true");
      const line = make("span", "line");
      line.append(make("strong", "", one.name || one.customer || words.visitor));
      if (one.unread) line.append(make("span", "count", String(one.unread)));
      line.append(make("span", "chip " + one.status, words[one.status] ?? one.status));
      button.append(line, make("span", "last", one.text || ""));
      button.addEventListener("click", () => show(one.id));
      item.append(button);
      list.append(item);
      if (focused === one.id) button.focus();
    }
    $("none").hidden = conversations.size > 0;
    const badge = document.querySelector(".switch .count");
    badge.hidden = !unread;
    badge.textContent = String(unread);
  }

  /* What the visitor answered before the first message, and what they consented to. */
  function drawAnswers(answers, consents) {
    const rows = [
      ...answers.map(({ label, text }) => [label, text]),
      ...consents.map(({ text, version, given_at }) => [text, `✓ v${version} · ${new Date(given_at).toLocaleString()}`]),
    ];
    $("answers").hidden = !rows.length;
    $("answers").replaceChildren(
      ...rows.map(([label, text]) => {
        const row = document.createElement("div");
        const term = row.appendChild(document.createElement("dt"));
        term.textContent = label;
        row.appendChild(document.createElement("dd")).textContent = text;
        return row;
      }),
    );
  }

  function drawHead() {
    const known = conversations.get(open);
    $("talk-name").textContent = known?.name || known?.customer || words.visitor;
    $("talk-status").className = "chip " + (known?.status ?? "");
    $("talk-status").textContent = words[known?.status] ?? "";
    $("close").disabled = known?.status === "closed";
  }

  function show(id) {
    stopTyping();
    open = id;
    desk.dataset.open = id ? "yes" : "no";
    $("talk").hidden = !id;
    $("problem").textContent = $("typing").textContent = "";
    drawList();
    if (!id) return;
    shown.clear();
    $("messages").replaceChildren();
    drawHead();
    send({ do: "open", conversation: id });
    $("text").focus({ preventScroll: true });
  }

  $("back").addEventListener("click", () => show(""));
  $("close").addEventListener("click", () => send({ do: "close", conversation: open, ref: "close" }));
  $("more").addEventListener("click", () => send({ do: "more", conversation: open, scroll }));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && open) send({ do: "open", conversation: open });
  });

  for (const button of document.querySelectorAll("[data-kind]")) {
    button.addEventListener("click", () => {
      kind = button.dataset.kind;
      for (const other of document.querySelectorAll("[data-kind]")) other.setAttribute("aria-pressed", String(other === button));
      for (const part of document.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== kind;
      $("problem").textContent = "";
    });
  }

  function setTyping(on) {
    if (on === typing) return;
    typing = on;
    $("show-typing").setAttribute("aria-pressed", String(on));
    send({ do: "typing", conversation: open, on });
  }
  function stopTyping() {
    clearTimeout(typingTimer);
    if (typing) setTyping(false);
  }
  $("show-typing").addEventListener("click", () => {
    clearTimeout(typingTimer);
    setTyping(!typing);
  });
  $("text").addEventListener("input", () => {
    setTyping($("text").value !== "");
    clearTimeout(typingTimer);
    typingTimer = setTimeout(() => setTyping(false), 4_000);
  });
  $("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      $("compose").requestSubmit();
    }
  });

  function content() {
    if (kind === "card") return { card: JSON.parse($("card").value) };
    if (kind === "replies") {
      const choices = $("choices").value.split("\n").map((one) => one.trim()).filter(Boolean);
      return { replies: { text: $("question").value, choices } };
    }
    if (kind === "file") return { file: { url: $("file-url").value.trim(), name: $("file-name").value.trim() } };
    return { text: $("text").value };
  }

  $("compose").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!open || (kind === "text" && !$("text").value.trim())) return;
    let what;
    try {
      what = content();
    } catch (error) {
      $("problem").textContent = `${words.badCard} ${error.message}`;
      return;
    }
    stopTyping();
    if (!send({ do: "send", conversation: open, id: crypto.randomUUID?.() ?? String(Math.random()), ref: "send", ...what })) {
      $("problem").textContent = words.notSent;
      return;
    }
    if (kind === "text") $("text").value = "";
  });

  for (const button of document.querySelectorAll("[data-side]")) {
    button.addEventListener("click", () => {
      document.body.dataset.side = button.dataset.side;
      for (const other of document.querySelectorAll("[data-side]")) other.setAttribute("aria-pressed", String(other === button));
    });
  }
  document.body.dataset.side = "visitor";
  state("connecting", words.connecting);
  connect();
}
