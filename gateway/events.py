"""The client events of the contract (3.4): what each one wants, and what it is answered.

A handler answers its event (an acknowledgement, or an answer with data), then pushes what follows from it. It raises
`EventRefused` for what is wrong with the event; a conversation's own refusal comes out with the code in the table below.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gateway import (
    announce,
    auth,
    conversations,
    handover,
    limits,
    practice,
    providers,
    sessions,
    settings,
    surveys,
    tokens,
    transcripts,
    waiting,
    wire,
)
from gateway.auth import storable
from gateway.conversations import Draft, Visitor
from gateway.published import Channel
from live_chat import rules

if TYPE_CHECKING:
    from gateway.visitor_socket import VisitorSocket

INCONSISTENT = "InconsistentData"
UNAUTHORIZED = "ConsumerAuthorizationFailed"


class EventRefused(Exception):
    """An event that is answered with an error event."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        """`more` goes into the error event beside its message."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.more = more


@dataclass(slots=True)
class Event:
    """One client event, read as far as all events are alike."""

    socket: VisitorSocket
    channel: Channel
    id: str
    type: str
    data: Mapping[str, Any]
    identity: Mapping[str, Any]
    #: The page the visitor is on, as far as it is said.
    page: str

    @property
    def visitor(self) -> Visitor:
        if self.socket.visitor is None:
            raise EventRefused(UNAUTHORIZED, "Send AuthorizeCustomer first.")
        return self.socket.visitor

    def acknowledge(self) -> None:
        self._put(wire.acknowledgement(self.id))

    def answer(self, event_type: str, data: Mapping[str, Any], **top: Any) -> None:
        self._put(wire.answer(self.id, event_type, data, **top))

    def push(self, frame: Mapping[str, Any]) -> None:
        """To this very socket only."""
        self._put(frame)

    def _put(self, frame: Mapping[str, Any]) -> None:
        self.socket.outbox.put_json(frame)

    def thread(self) -> str:
        """The conversation the event is about."""
        found = self.thread_or_none()
        if found is None:
            raise EventRefused(INCONSISTENT, "data.thread.idOnExternalPlatform is missing.")
        return found

    def thread_or_none(self) -> str | None:
        thread = self.data.get("thread")
        if thread is None:
            return None
        if not isinstance(thread, Mapping):
            raise EventRefused(INCONSISTENT, "data.thread is not an object.")
        own = thread.get("idOnExternalPlatform")
        if own is None and isinstance(thread.get("id"), str):
            own = thread["id"].removeprefix(f"{self.channel.id}_")
        return None if own is None else _identifier(own, "data.thread.idOnExternalPlatform")


@dataclass(frozen=True, slots=True)
class Handler:
    """An act, the error code of its failures, and whether a socket may ask before its customer is known."""

    act: Callable[[Event], Awaitable[None]]
    failure: str
    before_authorization: bool = False


def read(socket: VisitorSocket, channel: Channel, frame: Mapping[str, Any], event_id: str | None) -> Event:
    """Check what all events have in common. Raises EventRefused."""
    if event_id is None:
        raise EventRefused(INCONSISTENT, "eventId is missing, or no text of at most 255 characters.")
    payload = frame.get("payload")
    if frame.get("action") not in {"chatWindowEvent", "register"} or not isinstance(payload, Mapping):
        raise EventRefused(
            INCONSISTENT, "A frame has an action (chatWindowEvent, register, heartbeat) and a payload."
        )
    kind = payload.get("eventType")
    handler = HANDLERS.get(kind) if isinstance(kind, str) else None
    if handler is None:
        raise EventRefused(INCONSISTENT, f"{str(kind)[:80]!r} is no event of this environment.")
    for name, own in (("brand", channel.brand), ("channel", channel.id)):
        given = payload.get(name)
        given_id = given.get("id") if isinstance(given, Mapping) else None
        if given_id is not None and str(given_id) != str(own):
            raise EventRefused(INCONSISTENT, f"payload.{name}.id is not the one this socket was opened for.")
    data = payload.get("data")
    identity = payload.get("consumerIdentity")
    event = Event(
        socket,
        channel,
        event_id,
        str(kind),
        data if isinstance(data, Mapping) else {},
        identity if isinstance(identity, Mapping) else {},
        _page(payload.get("visit")) or socket.origin or "",
    )
    if socket.visitor is None:
        if not handler.before_authorization:
            raise EventRefused(UNAUTHORIZED, "Send AuthorizeCustomer first.")
    else:
        socket.visitor = _named(socket.visitor, event.identity)
    return event


def _page(visit: object) -> str:
    """Beyond the contract: our own widget says the page in `visit`. Its query and fragment are not kept."""
    page = visit.get("page") if isinstance(visit, Mapping) else None
    if not isinstance(page, str) or len(page) > 2000 or not storable(page, 2000):
        return ""
    try:
        parts = urlsplit(page)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.scheme in {"http", "https"} else ""


def _named(visitor: Visitor, identity: Mapping[str, Any]) -> Visitor:
    """The customer is who the socket proved; how they are called is for the page to say, at any time."""
    if not identity:
        return visitor
    first, last = identity.get("firstName"), identity.get("lastName")
    if (first in (None, "", visitor.first_name)) and (last in (None, "", visitor.last_name)):
        return visitor
    claimed = auth.claimed_identity({**identity, "idOnExternalPlatform": visitor.customer})
    return Visitor(
        visitor.customer,
        claimed.first_name or visitor.first_name,
        claimed.last_name or visitor.last_name,
        claimed.image or visitor.image,
    )


# -- who is there ------------------------------------------------------------------------------------------------------


async def authorize_customer(event: Event) -> None:
    socket, channel = event.socket, event.channel
    if socket.visitor is None:
        if not auth.allows_legacy(channel):
            raise EventRefused(UNAUTHORIZED, "This channel opens with a transaction token only.")
        try:
            grant = await auth.identify(channel, auth.Request(_authorization(event)))
        except auth.AuthorizationRefused as refusal:
            raise EventRefused(UNAUTHORIZED, str(refusal)) from None
        await socket.authorize(grant.identity, auth.mode_name(channel), grant.session)
    visitor = event.visitor
    token, seconds = tokens.issue(
        "access",
        brand=channel.brand,
        channel=channel.id,
        customer=visitor.customer,
        mode=socket.mode,
        session=socket.session,
    )
    customer = await conversations.find_customer(channel, visitor.customer)
    contact = None
    if customer is not None:
        try:
            contact = (await conversations.recover(channel, visitor.customer, None, open_only=True)).contact
        except conversations.Refused:
            contact = None
    event.answer(
        "ConsumerAuthorized",
        {
            "consumerIdentity": wire.identity(
                channel, visitor.customer, visitor.first_name, visitor.last_name, visitor.image
            ),
            "accessToken": {"token": token, "expiresIn": seconds},
            "customer": {"customFields": wire.fields(customer.custom_fields if customer else {})},
            "contact": {"customFields": wire.fields(contact.custom_fields if contact else {})},
        },
        # The older web client begins its heartbeat at this key.
        authorizationStatus="authorized",
    )


def _authorization(event: Event) -> Mapping[str, Any]:
    """What AuthorizeCustomer says of the customer, as the body of a token request (contract 3.5)."""
    given = event.data.get("authorization")
    code = given.get("authorizationCode") if isinstance(given, Mapping) else None
    if not code or auth.mode_name(event.channel) == auth.Anonymous.name:
        return {"customerIdentity": event.identity}
    third = {"grant_type": "authorization_code", "authorization_code": code}
    verifier = given.get("codeVerifier") if isinstance(given, Mapping) else None
    return {"thirdParty": {**third, "code_verifier": verifier} if verifier else third}


async def reconnect_consumer(event: Event) -> None:
    token = await _access_token(event, "ConsumerReconnectionFailed")
    if event.socket.visitor is None:
        session = await sessions.get(event.channel, token.session) if token.session else None
        await event.socket.authorize(auth.Identity(token.customer), token.mode, session)
        await event.socket.look_again(token)
    elif event.visitor.customer != token.customer:
        raise EventRefused("ConsumerReconnectionFailed", "The access token is another customer's.")
    event.answer("ConsumerReconnected", {}, authorizationStatus="authorized")


async def refresh_token(event: Event) -> None:
    token = await _access_token(event, "TokenRefreshingFailed")
    if event.socket.visitor is not None and event.visitor.customer != token.customer:
        raise EventRefused("TokenRefreshingFailed", "The access token is another customer's.")
    text, seconds = tokens.issue(
        "access",
        brand=token.brand,
        channel=token.channel,
        customer=token.customer,
        mode=token.mode,
        session=token.session,
    )
    event.answer("TokenRefreshed", {"accessToken": {"token": text, "expiresIn": seconds}})


async def _access_token(event: Event, failure: str) -> tokens.Token:
    given = event.data.get("accessToken")
    text = given.get("token") if isinstance(given, Mapping) else given
    try:
        token = tokens.check("access", text, brand=event.channel.brand, channel=event.channel.id)
    except tokens.TokenRefused as refusal:
        raise EventRefused(failure, f"The access token is {refusal}.") from None
    if not auth.allows_legacy(event.channel) or not await auth.token_holds(event.channel, token):
        raise EventRefused(failure, "The channel asks for another sign-in now.")
    return token


async def generate_authorization_token(event: Event) -> None:
    thread = event.thread()
    if await conversations.find_thread(event.channel, event.visitor.customer, thread) is None:
        raise EventRefused(INCONSISTENT, "There is no such conversation.")
    token, _ = tokens.issue(
        "authorization",
        brand=event.channel.brand,
        channel=event.channel.id,
        customer=event.visitor.customer,
        mode=event.socket.mode,
        session=event.socket.session,
    )
    event.answer("AuthorizationTokenGenerated", {"authorizationToken": token})


# -- conversations -----------------------------------------------------------------------------------------------------


async def fetch_thread_list(event: Event) -> None:
    # Beyond the contract: `limit` and `scrollToken`, for a list that is read page by page.
    limit, scroll = event.data.get("limit"), event.data.get("scrollToken")
    most = limit if isinstance(limit, int) and 0 < limit <= conversations.THREADS else conversations.THREADS
    rows, following = await conversations.threads_of(
        event.channel, event.visitor.customer, limit=most, scroll=scroll if isinstance(scroll, str) else ""
    )
    data: dict[str, Any] = {"threads": [wire.thread(event.channel, row, can_add=can) for row, can in rows]}
    if following or limit is not None:
        data["scrollToken"] = following
    event.answer("ThreadListFetched", data)


async def recover_thread(event: Event) -> None:
    await _recover(event, "ThreadRecovered", open_only=False)


async def recover_livechat(event: Event) -> None:
    await _recover(event, "LivechatRecovered", open_only=True)


async def _recover(event: Event, answer: str, *, open_only: bool) -> None:
    channel = event.channel
    found = await conversations.recover(
        channel, event.visitor.customer, event.thread_or_none(), open_only=open_only
    )
    current = found.contact if found.contact is not None and found.contact.status != "closed" else None
    if current is not None:
        event.socket.known = (found.thread, current)
    if found.messages:
        event.socket.number = max(event.socket.number, found.messages[0].id)
    shown = wire.case(channel, found.contact) if found.contact is not None else None
    assignee = wire.user(found.contact.assignee) if found.contact and found.contact.assignee else None
    can_add = not found.thread.archived and not (
        channel.live and current is None and found.contact is not None
    )
    event.answer(
        answer,
        {
            # Two names for one thing, of older and newer clients.
            "contact": shown,
            "consumerContact": shown,
            "ownerAssignee": assignee,
            "inboxAssignee": assignee,
            "messages": wire.messages(channel, found.messages),
            "messagesScrollToken": found.scroll,
            "thread": wire.thread(channel, found.thread, can_add=can_add),
            "contactHistory": [wire.case(channel, row) for row in found.earlier],
            "customer": {"customFields": wire.fields(found.customer.custom_fields)},
        },
    )
    if channel.live and current is not None and not current.assignee:
        await waiting.tell(channel, event.socket)


async def load_more_messages(event: Event) -> None:
    scroll = event.data.get("scrollToken")
    if not isinstance(scroll, str) or not scroll:
        raise EventRefused(
            INCONSISTENT, "data.scrollToken is missing: the first page comes with the conversation."
        )
    messages, following = await conversations.more(
        event.channel, event.visitor.customer, event.thread(), scroll
    )
    event.answer(
        "MoreMessagesLoaded",
        {
            "messages": wire.messages(event.channel, messages),
            "scrollToken": following,
            "contactHistory": [],
        },
    )


async def load_thread_metadata(event: Event) -> None:
    thread, message, contact = await conversations.last_message(
        event.channel, event.visitor.customer, event.thread()
    )
    event.answer(
        "ThreadMetadataLoaded",
        {
            "thread": wire.thread(event.channel, thread),
            "lastMessage": wire.message(event.channel, message) if message is not None else None,
            "ownerAssignee": wire.user(contact.assignee)
            if contact is not None and contact.assignee
            else None,
        },
    )


async def update_thread(event: Event) -> None:
    given = event.data.get("thread")
    name = given.get("threadName") if isinstance(given, Mapping) else None
    if not isinstance(name, str) or not storable(name, limits.LONGEST_ID):
        raise EventRefused(
            "UpdatingThreadFailed", "data.thread.threadName is no text of at most 255 characters."
        )
    thread = await conversations.rename(event.channel, event.visitor.customer, event.thread(), name)
    if event.socket.known is not None and event.socket.known[0].id == thread.id:
        event.socket.known = (thread, event.socket.known[1])
    event.acknowledge()


async def archive_thread(event: Event) -> None:
    thread = await conversations.archive(event.channel, event.visitor.customer, event.thread())
    if event.socket.known is not None and event.socket.known[0].id == thread.id:
        event.socket.known = None
    event.answer("ThreadArchived", {"thread": wire.thread(event.channel, thread)})


async def end_contact(event: Event) -> None:
    contact = event.data.get("contact")
    number = contact.get("id") if isinstance(contact, Mapping) else None
    # A client that was away sends again what it meant for a contact that has ended since: the next one goes on.
    closed = await conversations.close_contact(
        event.channel,
        event.visitor.customer,
        event.thread(),
        None if number is None or not storable(str(number), limits.LONGEST_ID) else str(number),
    )
    event.socket.known = None
    event.acknowledge()
    if closed is not None:
        await announce.closed(event.channel, *closed, event.visitor.customer)


# -- messages ----------------------------------------------------------------------------------------------------------


async def send_message(event: Event) -> None:
    data, channel, socket = event.data, event.channel, event.socket
    thread = event.thread()
    content, attachments = _content(data)
    consumer, contact = data.get("consumer"), data.get("consumerContact")
    draft = Draft(
        _identifier(data.get("idOnExternalPlatform"), "data.idOnExternalPlatform"),
        content,
        attachments,
        _fields(contact.get("customFields") if isinstance(contact, Mapping) else None),
        _fields(consumer.get("customFields") if isinstance(consumer, Mapping) else None),
        socket.locale,
        event.page,
    )
    known = socket.known
    if known is not None and known[0].external_id != thread:
        known = None
    try:
        sent = await conversations.say(channel, event.visitor, thread, draft, known=known)
    except surveys.Refused as refused:
        message, fields = surveys.refusal(channel, socket.locale, refused.wrong)
        raise EventRefused("SendingMessageFailed", message, fields=fields) from None
    socket.known = None if sent.contact.status == "closed" else (sent.thread, sent.contact)
    event.acknowledge()
    if sent.again:
        # The client lost the first answer, perhaps the push as well.
        event.push(wire.message_created(channel, sent.thread, sent.contact, sent.message))
        return
    await announce.said(channel, sent)
    providers.said(channel, socket.session, opened=sent.opened)
    practice.react(channel, sent, locale=socket.locale)


async def typing_started(event: Event) -> None:
    await _typing(event, on=True)


async def typing_ended(event: Event) -> None:
    await _typing(event, on=False)


async def _typing(event: Event, *, on: bool) -> None:
    thread = event.thread_or_none()
    event.acknowledge()
    # A conversation nobody has written in is none for the agent; another customer's is none of theirs.
    if thread is not None and await _is_mine(event, thread):
        announce.to_desk(event.channel, {"event": "typing", "conversation": thread, "on": on})


async def message_preview(event: Event) -> None:
    thread = event.thread_or_none()
    content = event.data.get("messageContent")
    text = content.get("text") if isinstance(content, Mapping) else None
    if text is None and isinstance(content, Mapping) and isinstance(content.get("payload"), Mapping):
        text = content["payload"].get("text")
    event.acknowledge()
    if (
        isinstance(text, str)
        and len(text) <= limits.LONGEST_TEXT
        and thread is not None
        and event.channel.settings["enableChatTypingPreview"] is True
        and await _is_mine(event, thread)
    ):
        announce.to_desk(event.channel, {"event": "preview", "conversation": thread, "text": text})


async def _is_mine(event: Event, thread: str) -> bool:
    known = event.socket.known
    if known is not None and known[0].external_id == thread:
        return True
    return await conversations.find_thread(event.channel, event.visitor.customer, thread) is not None


async def message_seen(event: Event) -> None:
    thread, seen = await conversations.mark_seen(
        event.channel, event.visitor.customer, event.thread(), by_customer=True
    )
    event.acknowledge()
    announce.seen(event.channel, thread, seen)


async def send_offline_message(event: Event) -> None:
    author = event.data.get("authorCustomerIdentity")
    author = author if isinstance(author, Mapping) else {}
    email = author.get("idOnExternalPlatform")
    if not isinstance(email, str) or not _looks_like_email(email):
        raise EventRefused(
            "SendingOfflineMessageFailed", "authorCustomerIdentity.idOnExternalPlatform is no e-mail."
        )
    content, _ = _content(event.data)
    text = content["payload"]["text"]
    if not text.strip():
        raise EventRefused("SendingOfflineMessageFailed", "The message is empty.")
    if not handover.throttle.take(event.channel.id, event.socket.address):
        raise EventRefused("SendingOfflineMessageFailed", "Too many messages were left; try again later.")
    claimed = auth.claimed_identity({**author, "idOnExternalPlatform": email[: limits.LONGEST_ID]})
    await conversations.leave_offline_message(
        event.channel, email=email, first_name=claimed.first_name, last_name=claimed.last_name, text=text
    )
    event.answer("OfflineMessageSent", {})


async def send_transcript(event: Event) -> None:
    contact = event.data.get("consumerContact")
    number = contact.get("id") if isinstance(contact, Mapping) else None
    recipients = event.data.get("consumerRecipients")
    recipients = recipients if isinstance(recipients, list) else []
    if len(recipients) != 1:
        raise EventRefused("SendingTranscriptFailed", "A transcript goes to one address.")
    address = recipients[0].get("idOnExternalPlatform") if isinstance(recipients[0], Mapping) else None
    if not isinstance(address, str) or not rules.is_email(address):
        raise EventRefused(
            "SendingTranscriptFailed", "consumerRecipients[0].idOnExternalPlatform is no e-mail."
        )
    if not handover.throttle.take(event.channel.id, event.socket.address):
        raise EventRefused("SendingTranscriptFailed", "Too many transcripts were asked for; try again later.")
    try:
        await transcripts.ask(
            event.channel,
            event.visitor.customer,
            None if number is None else str(number),
            address,
            event.socket.locale or event.channel.default_locale,
        )
    except transcripts.Refused as refused:
        raise EventRefused("SendingTranscriptFailed", str(refused)) from None
    event.answer("TranscriptSent", {})


# -- custom fields -----------------------------------------------------------------------------------------------------


async def set_customer_fields(event: Event) -> None:
    await conversations.set_customer_fields(
        event.channel, event.visitor, _fields(event.data.get("customFields"))
    )
    event.acknowledge()


async def set_contact_fields(event: Event) -> None:
    await conversations.set_contact_fields(
        event.channel, event.visitor, event.thread_or_none(), _fields(event.data.get("customFields"))
    )
    event.acknowledge()


async def group_chat(event: Event) -> None:
    raise EventRefused("GroupChatNotAllowed", "Group chat is off in this environment.")


# -- reading -----------------------------------------------------------------------------------------------------------


def _identifier(value: object, name: str) -> str:
    value = auth.as_text(value)
    if not isinstance(value, str) or not value or not storable(value, limits.LONGEST_ID):
        raise EventRefused(INCONSISTENT, f"{name} is missing, or no text of 1 to 255 characters.")
    return value


def _content(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A visitor's message: text, with or without a button's postback and files uploaded here before."""
    content = data.get("messageContent")
    if not isinstance(content, Mapping):
        raise EventRefused(INCONSISTENT, "data.messageContent is missing.")
    if content.get("type", "TEXT") != "TEXT":
        raise EventRefused(INCONSISTENT, "A customer's message is of type TEXT.")
    payload = content.get("payload")
    text = payload.get("text", "") if isinstance(payload, Mapping) else content.get("text")
    if not isinstance(text, str) or not storable(text, limits.LONGEST_TEXT):
        raise EventRefused(
            INCONSISTENT,
            f"The text is missing, longer than {limits.LONGEST_TEXT} characters, or no Unicode text.",
        )
    stored: dict[str, Any] = {"type": "TEXT", "payload": {"text": text}}
    postback = content.get("postback", payload.get("postback") if isinstance(payload, Mapping) else None)
    if postback is not None:
        if not isinstance(postback, str) or not storable(postback, limits.LONGEST_TEXT):
            raise EventRefused(INCONSISTENT, "The postback is no text, or too long.")
        stored["postback"] = postback
    attachments = _attachments(data.get("attachments"))
    if not text.strip() and not attachments and not postback:
        raise EventRefused(INCONSISTENT, "The message is empty.")
    return stored, attachments


def _attachments(given: object) -> list[dict[str, Any]]:
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > limits.MOST_ATTACHMENTS:
        raise EventRefused(INCONSISTENT, f"attachments is a list of at most {limits.MOST_ATTACHMENTS} files.")
    own = urlsplit(settings.GATEWAY_PUBLIC_URL)
    files = []
    for entry in given:
        url = entry.get("url") if isinstance(entry, Mapping) else None
        name = entry.get("friendlyName") if isinstance(entry, Mapping) else None
        if not isinstance(url, str) or not storable(url, 2000):
            raise EventRefused(INCONSISTENT, "An attachment has no url.")
        parts = urlsplit(url)
        if (parts.scheme, parts.netloc) != (own.scheme, own.netloc):
            # Otherwise a visitor could show an agent any address as a harmless file.
            raise EventRefused(INCONSISTENT, "An attachment is a file uploaded to this environment.")
        if not isinstance(name, str) or not storable(name, limits.LONGEST_ID):
            raise EventRefused(INCONSISTENT, "An attachment has no friendlyName.")
        files.append({"url": url, "friendlyName": name})
    return files


def _fields(given: object) -> dict[str, str]:
    """`[{ident, value}]` as a mapping; a number or a truth value is taken as its text, null as an empty one."""
    if given is None:
        return {}
    if not isinstance(given, list) or len(given) > limits.MOST_FIELDS:
        raise EventRefused(INCONSISTENT, f"customFields is a list of at most {limits.MOST_FIELDS}.")
    values: dict[str, str] = {}
    for entry in given:
        ident = entry.get("ident") if isinstance(entry, Mapping) else None
        value = entry.get("value") if isinstance(entry, Mapping) else None
        if isinstance(value, bool | int | float):
            value = str(value).lower()
        if value is None and isinstance(entry, Mapping) and "value" in entry:
            value = ""
        if not isinstance(ident, str) or not ident or not storable(ident, limits.LONGEST_ID):
            raise EventRefused(INCONSISTENT, "A custom field has no ident.")
        if not isinstance(value, str) or not storable(value, limits.LONGEST_FIELD):
            raise EventRefused(
                INCONSISTENT,
                f"The value of a custom field is no text of at most {limits.LONGEST_FIELD} characters.",
            )
        values[ident] = value
    return values


def _looks_like_email(text: str) -> bool:
    name, at, domain = text.rpartition("@")
    return (
        bool(name and at and domain)
        and "." in domain
        and not any(char.isspace() for char in text)
        and storable(text, 254)
    )


HANDLERS: dict[str, Handler] = {
    "AuthorizeCustomer": Handler(authorize_customer, UNAUTHORIZED, before_authorization=True),
    "AuthorizeConsumer": Handler(authorize_customer, UNAUTHORIZED, before_authorization=True),
    "ReconnectConsumer": Handler(reconnect_consumer, "ConsumerReconnectionFailed", before_authorization=True),
    "RefreshToken": Handler(refresh_token, "TokenRefreshingFailed", before_authorization=True),
    "GenerateAuthorizationToken": Handler(generate_authorization_token, INCONSISTENT),
    "FetchThreadList": Handler(fetch_thread_list, "RecoveringThreadFailed"),
    "RecoverThread": Handler(recover_thread, "RecoveringThreadFailed"),
    "RecoverLivechat": Handler(recover_livechat, "RecoveringLivechatFailed"),
    "LoadMoreMessages": Handler(load_more_messages, INCONSISTENT),
    "LoadThreadMetadata": Handler(load_thread_metadata, "MetadataLoadFailed"),
    "UpdateThread": Handler(update_thread, "UpdatingThreadFailed"),
    "ArchiveThread": Handler(archive_thread, "ArchivingThreadFailed"),
    "EndContact": Handler(end_contact, INCONSISTENT),
    "SendMessage": Handler(send_message, "SendingMessageFailed"),
    "SenderTypingStarted": Handler(typing_started, INCONSISTENT),
    "SenderTypingEnded": Handler(typing_ended, INCONSISTENT),
    "SendMessagePreview": Handler(message_preview, INCONSISTENT),
    "MessageSeenByConsumer": Handler(message_seen, INCONSISTENT),
    "SetConsumerCustomFields": Handler(set_customer_fields, INCONSISTENT),
    "SetConsumerContactCustomFields": Handler(set_contact_fields, INCONSISTENT),
    "SendOfflineMessage": Handler(send_offline_message, "SendingOfflineMessageFailed"),
    "SendTranscript": Handler(send_transcript, "SendingTranscriptFailed"),
    "CreateInvitationToGroupChat": Handler(group_chat, "GroupChatNotAllowed"),
    "SendEmailInvitationToGroupChat": Handler(group_chat, "GroupChatNotAllowed"),
    "JoinGroupChat": Handler(group_chat, "GroupChatNotAllowed"),
    "LeaveGroupChat": Handler(group_chat, "GroupChatNotAllowed"),
}
