"""Cards, canned answers and agents, for tests of every room. In the scope that is open."""

from __future__ import annotations

from accounts.models import User
from desk import services
from desk.models import Card, QuickReplies, Snippet

CARD = """{
  "type": "AdaptiveCard",
  "version": "1.5",
  "body": [{"type": "TextBlock", "text": "Bonjour"}],
  "actions": [{"type": "Action.Submit", "title": "Oui", "data": "yes"}]
}"""


def card(name: str, *, by: User, source: str = CARD) -> Card:
    return services.save_card(Card(name=name, source=source), seen=0, by=by)


def snippet(shortcut: str, *, by: User, french: str = "Bonjour {name}", english: str = "") -> Snippet:
    made = Snippet(shortcut=shortcut, text_fr=french, text_en=english)
    return services.save_snippet(made, seen=0, by=by)


def replies(question: str, *choices: str, by: User) -> QuickReplies:
    return services.save_replies(question, choices or ("Oui", "Non"), by=by)
