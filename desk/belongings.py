"""The agents' library, as the organisation's file holds it: Adaptive Cards and canned answers."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from areas.belongings import Belonging, Entry, Kept, register
from audit.services import actor
from desk import cards
from desk.models import Card, QuickReplies, Snippet
from desk.sentences import sentence
from desk.services import (
    LONGEST_CHOICE,
    LONGEST_QUESTION,
    MOST_CHOICES,
    save_card,
    save_replies,
    save_snippet,
)

Faults = list[tuple[str, str | Promise]]


def _cards() -> list[Entry]:
    return [{"name": one.name, "source": one.source} for one in Card.objects.order_by("name", "pk")]


def _check_cards(given: list[Entry], beside: Kept) -> Faults:
    found = _wrong(Card, given, ("name", "source"))
    if not found:
        found = [
            (f"{number}.source", _("Line %(line)s: %(what)s") % {"line": one.line, "what": sentence(one)})
            for number, card in enumerate(given)
            for one in cards.check(card["source"])[1][:5]
        ]
    return found


def _make_card(one: Entry) -> None:
    save_card(Card(**one), seen=0, by=actor())


def _answers() -> list[Entry]:
    return [
        {"shortcut": one.shortcut, "text_fr": one.text_fr, "text_en": one.text_en}
        for one in Snippet.objects.order_by("shortcut")
    ]


def _check_answers(given: list[Entry], beside: Kept) -> Faults:
    found = _wrong(Snippet, given, ("shortcut", "text_fr", "text_en"))
    if not found:
        found = [
            (str(number), _("Write the answer in one language at least."))
            for number, one in enumerate(given)
            if not (one["text_fr"].strip() or one["text_en"].strip())
        ]
    return found


def _make_answer(one: Entry) -> None:
    save_snippet(Snippet(**one), seen=0, by=actor())


def _replies() -> list[Entry]:
    rows = [
        {"question": one.question, "choices": list(one.choices)}
        for one in QuickReplies.objects.order_by("question", "pk")
    ]
    return sorted(rows, key=lambda one: (one["question"], one["choices"]))


def _check_replies(given: list[Entry], beside: Kept) -> Faults:
    found: Faults = []
    for number, one in enumerate(given):
        choices = one.get("choices")
        if (
            set(one) != {"question", "choices"}
            or len(one["question"]) > LONGEST_QUESTION
            or one["question"] != one["question"].strip()
            or not isinstance(choices, list)
            or not 0 < len(choices) <= MOST_CHOICES
            or not all(
                isinstance(text, str) and text and text == text.strip() and len(text) <= LONGEST_CHOICE
                for text in choices
            )
        ):
            found.append((str(number), _("Write a question and 1 to 20 choices.")))
    return found


def _make_replies(one: Entry) -> None:
    save_replies(one["question"], one["choices"], by=actor())


def _wrong(model: type[models.Model], given: list[Entry], names: tuple[str, ...]) -> Faults:
    """Entries that lack a field, have another, or hold what the page's form would not take either."""
    found: Faults = []
    for number, one in enumerate(given):
        if set(one) != set(names):
            found.append(
                (str(number), _("Some fields are missing here, or there are others than the known ones."))
            )
            continue
        found += [
            (f"{number}.{name}", _("A text belongs here."))
            for name in names
            if not isinstance(one[name], str)
        ]
        if found:
            continue
        try:
            others = [field.name for field in model._meta.fields if field.name not in names]
            model(**one).clean_fields(exclude=others)
        except ValidationError as refused:
            found += [(f"{number}.{name}", said[0]) for name, said in refused.message_dict.items()]
    return found


def ready() -> None:
    register(
        Belonging(
            name="cards",
            label=_("Card"),
            key="name",
            dump=_cards,
            check=_check_cards,
            make=_make_card,
        )
    )
    register(
        Belonging(
            name="quick_replies",
            label=_("Quick replies"),
            key="question",
            dump=_replies,
            check=_check_replies,
            make=_make_replies,
            whole=True,
        )
    )
    register(
        Belonging(
            name="canned_answers",
            label=_("Canned answer"),
            key="shortcut",
            dump=_answers,
            check=_check_answers,
            make=_make_answer,
        )
    )
