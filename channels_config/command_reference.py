"""The commands a web page gives the chat (wire contract 2.2), told to webmasters. `widget/cxone.d.ts` says the same to editors."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True)
class Command:
    """`parameters` as a webmaster reads them; `examples` are the arguments of calls, as JavaScript, one example each."""

    name: str
    parameters: str
    text: Words
    examples: tuple[str, ...] = ()
    #: Must stand before the chat's init.
    first: bool = False
    #: Not from the channel's own JavaScript.
    page_only: bool = False

    def lines(self, *, old: bool) -> list[str]:
        """Its examples as whole calls, in today's words or the older snippet's."""
        return [call(self.name, one, old=old) for one in self.examples]

    def signature(self) -> str:
        return f"{self.name}({self.parameters})"


def call(name: str, arguments: str = "", *, old: bool, area: str = "chat") -> str:
    start = f'brandembassy("{name}"' if old else f'cxone("{area}", "{name}"'
    return f"{start}, {arguments});" if arguments else f"{start});"


@dataclass(frozen=True)
class Group:
    """Commands on one subject; `slug` is its place in the page's address."""

    slug: str
    title: Words
    commands: tuple[Command, ...]
    text: Words = ""


GROUPS = (
    Group(
        "visitor",
        _("Who the visitor is"),
        (
            Command(
                "setAuthorizationCode",
                "code, verifier?",
                _(
                    "Signs the visitor in with a one-time code of your site; with PKCE, its verifier comes second."
                ),
                ('"one-time code"',),
                first=True,
                page_only=True,
            ),
            Command("setCustomerName", "name", _("The visitor's name, for the agent."), ('"Zoé Tremblay"',)),
            Command(
                "setCustomerId",
                "id",
                _(
                    "The visitor's id on your site, at most 255 characters. After another id, nothing of the former visitor shows. Whoever can read the page can read the id: where conversations must stay private, use a sign-in."
                ),
                ('"client-4711"',),
                page_only=True,
            ),
            Command(
                "getCustomerIdentityId",
                "callback?",
                _(
                    "Calls back with the visitor's id in the chat; with a sign-in, once that is done. It is also returned, when it is known at once."
                ),
                ("(id) => console.log(id)",),
                page_only=True,
            ),
        ),
    ),
    Group(
        "fields",
        _("Custom fields and the pre-contact survey"),
        (
            Command("hidePreSurvey", "", _("Leaves out the pre-contact survey on this page."), ("",)),
            Command(
                "setContactCustomField",
                "ident, value",
                _(
                    "A custom field of the conversation. Set before it begins, the value travels with the first message; later, at once. The survey does not ask again for what the page has set."
                ),
                ('"order", "A1234"',),
            ),
            Command(
                "setCustomField",
                "ident, value",
                _("The same as setContactCustomField."),
                ('"order", "A1234"',),
            ),
            Command(
                "setCaseCustomField",
                "ident, value",
                _("The older name of setContactCustomField."),
                ('"order", "A1234"',),
            ),
            Command(
                "setCustomerCustomField",
                "ident, value",
                _("A custom field of the customer, kept beyond the conversation."),
                ('"tier", "gold"',),
            ),
        ),
        _("Idents are those of your organisation's custom fields. A value has at most 1,024 characters."),
    ),
    Group(
        "words",
        _("Language and words"),
        (
            Command(
                "setLocale",
                "locale",
                _("Shows the window in this language whatever the browser asks for."),
                ('"fr-CA"',),
            ),
            Command(
                "setTranslations",
                "phrases",
                _("Other words for phrases of the window. They add to what was set before."),
                ('{ weAreOnline: "We are here", startNewChat: "Ask again" }',),
            ),
            Command(
                "setTranslation",
                "id, text",
                _("Other words for one phrase. The ids stand beside the phrases on the page “Translations”."),
                ('"replyBoxPlaceholder", "Your question"',),
            ),
        ),
    ),
    Group(
        "looks",
        _("Looks"),
        (
            Command(
                "setCustomCss",
                "css, key?",
                _(
                    "Without a key: this CSS in place of all other, the channel's own and what was added by key included; null brings the channel's own back. With a key: this CSS in addition, after all other; the same key again replaces that piece, an empty text takes it away."
                ),
                (
                    '"[data-selector=HEADER] { background: #123456 }", "promo"',
                    '"", "promo"',
                    '"[data-selector=HEADER] { background: #123456 }"',
                    "null",
                ),
            ),
            Command(
                "setWindowWidth",
                "width",
                _(
                    "Width of the open window: a CSS length, or a number of pixels. On a phone the window always fills the screen."
                ),
                ('"400px"',),
            ),
            Command(
                "setWindowHeight",
                "height",
                _("Height of the open window: a CSS length, or a number of pixels."),
                ('"40rem"',),
            ),
            Command(
                "setFullDisplay",
                "",
                _("Opens the window over the whole page, and keeps it that size."),
                ("",),
            ),
            Command(
                "openChatWindow",
                "",
                _("Opens the window, from a link or a button of yours for instance."),
                ("",),
            ),
            Command("closeChatWindow", "", _("Closes the window; the launcher stays."), ("",)),
            Command(
                "enableChatAlwaysOnline",
                "on?",
                _(
                    "Says “online” on the launcher and in the header whatever the channel is; false ends that. Whether one can write stays as it is."
                ),
                ("",),
            ),
        ),
    ),
    Group(
        "messages",
        _("What is said"),
        (
            Command(
                "sendMessage", "text", _("Says this for the visitor."), ('"I have a question about A1234"',)
            ),
            Command(
                "sendFirstMessageAutomatically",
                "text? | false",
                _(
                    "Opens an empty conversation with a message of the visitor's, so that it stands in the queue at once: these words, or the window's. The agent sees it, the visitor does not. false: no such message."
                ),
                ('"I would like to talk to somebody"', "false"),
            ),
            Command(
                "setFirstAutomatedMessageContent",
                "text",
                _("The words of that first message; does not by itself ask for one."),
                ('"I come from the order page"',),
            ),
            Command(
                "hideFirstSentMessage",
                "hidden?",
                _("false shows that first message to the visitor, too."),
                ("false",),
            ),
        ),
    ),
    Group(
        "events",
        _("What happens"),
        (
            Command(
                "onPushUpdate",
                "types, callback",
                _("Calls your function with every event of these types."),
                (
                    '["MessageCreated", "CaseStatusChanged"], (event) => console.log(event.eventType, event.data)',
                ),
            ),
            Command(
                "onAnyPushUpdate",
                "callback",
                _("Calls your function with every event."),
                ("(event) => console.log(event.eventType, event.data)",),
            ),
            Command(
                "setAllowedExternalMessageTypes",
                "types",
                _(
                    "Tells your page of the chat's messages by the browser's “message” event: its data has actionType, channelId, messageId and message. An empty list ends that."
                ),
                ('["MESSAGE_SENT", "MESSAGE_RECEIVED"]',),
            ),
        ),
    ),
    Group(
        "settled",
        _("Accepted for pages written elsewhere"),
        (
            Command(
                "hideQueueCounterAfterAssignment",
                "",
                _(
                    "It is always so: the position in the queue is never shown once somebody has the conversation."
                ),
            ),
            Command("showSendButton", "", _("It is always so: the button is always there.")),
            Command("allowGameMode", "", _("No effect: there is no game to play while waiting.")),
            Command(
                "automatedSatisfactionSurveyModal", "on", _("No effect: there is no satisfaction survey.")
            ),
        ),
        _("A page that comes from another environment need not be changed for these."),
    ),
)

#: cxone("guide", <name>, …): for pages that show a Guide instead of one chat.
GUIDE_COMMANDS: tuple[Command, ...] = (
    Command(
        "init",
        "entry? | { locale }?",
        _(
            'Shows the Guide: the entry point whose rules fit the page\'s address, or the one whose id is given. cxone("init", brand) comes before it.'
        ),
        ("", '"7b1c…"', '{ locale: "fr-CA" }'),
    ),
    Command("openMenu", "", _("Opens the menu; where one channel is offered, its chat."), ("",)),
    Command(
        "setCustomCss",
        "css, key?",
        _(
            "CSS for the Guide's button and menu, after the branding. It takes the place of what was set before; with a key it adds a piece, or replaces the piece of that key."
        ),
        ("'[data-selector=\"PORTAL_TITLE\"] { font-style: italic }'",),
    ),
    Command(
        "setCustomFields",
        "fields",
        _("Custom fields of every conversation that begins in the Guide's chats."),
        ('[{ ident: "order", value: "A1234" }]',),
    ),
    Command("setButtonSize", "pixels", _("The height of the Guide's button."), ('"72px"',)),
    Command("setOffsetY", "pixels", _("How far above the bottom of the page it stands."), ('"80px"',)),
    Command("setFontSize", "size", _("The size of text in button and menu."), ('"16px"',)),
    Command(
        "setDesiredGuideWidth",
        "width",
        _("The width of menu and chats; never more than the page has."),
        ('"420px"',),
    ),
    Command(
        "setDesiredGuideHeight", "height", _("Their height; never more than the page has."), ('"640px"',)
    ),
    Command("setFullDisplay", "", _("Opens the menu over the whole page; chats open so, too."), ("",)),
)

#: Events of onPushUpdate, each with when it comes.
EVENTS: tuple[tuple[str, Words], ...] = (
    ("CaseCreated", _("A conversation has begun.")),
    ("CaseStatusChanged", _("It was opened, resolved or closed.")),
    ("CaseInboxAssigneeChanged", _("Another agent has it, or none.")),
    ("CaseToRoutingQueueAssignmentChanged", _("It stands in another queue.")),
    ("MessageCreated", _("A message, the visitor's or the agent's (data.message.direction).")),
    ("MessageReadChanged", _("A message was read.")),
    ("SenderTypingStarted", _("Somebody begins to type.")),
    ("SenderTypingEnded", _("They stop.")),
    ("SetPositionInQueue", _("The visitor's place in the queue.")),
    ("ThreadUpdated", _("A conversation has another name.")),
    ("ThreadArchived", _("A conversation was archived.")),
)
