"""Draft of a Guide <-> its section."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from areas.contract import ChannelLike, Problem, Section, Sections
from channels_config import colors
from channels_config.domains import DOMAIN_SENTENCES, MOST_DOMAINS
from channels_config.models import Channel
from guide import look, rules
from guide.models import GuideSettings
from kit import origins
from tenants.scope import in_scope
from translations.rules import catalogue

AREA_NAME = "guide"

MOST_ENTRIES = 50
MOST_RULES = 30
MOST_OFFERED = 20
LONGEST_NAME = 80
#: Of a channel's name as a file brings it.
LONGEST_LABEL = 200
LONGEST_TEXT = 200
LARGEST_RANK = 999

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")

HOW_LABELS: dict[str, Promise] = {
    "contains": _("contains"),
    "starts": _("starts with"),
    "equals": _("is"),
    "glob": _("fits the pattern"),
}
EFFECT_LABELS: dict[str, Promise] = {
    "include": _("Show where the address"),
    "exclude": _("Not where the address"),
}
POSITION_LABELS: dict[str, Promise] = {"right": _("Right"), "left": _("Left")}
SHAPE_LABELS: dict[str, Promise] = {"round": _("Round"), "words": _("With words")}
MEASURE_LABELS: dict[str, Promise] = {
    "offset_x": _("Away from the side"),
    "offset_y": _("Away from the bottom"),
    "button_size": _("Size of the button"),
    "width": _("Width of the menu"),
    "height": _("Height of the menu"),
}
TEXT_LABELS: dict[str, Promise] = {
    "button": _("Guide button"),
    "title": _("Title of the menu"),
    "intro": _("Sentence below it"),
    "begin": _("Beginning a chat"),
    "online": _("When a channel is available"),
    "offline": _("When it is not"),
    "none": _("When no channel is"),
    "close": _("Closing the menu"),
}


def settings_of(channel: Channel) -> GuideSettings:
    """The Guide's draft row; a Guide without one gets the defaults, unsaved."""
    return GuideSettings.objects.filter(channel=channel).first() or GuideSettings(channel=channel)


def new_entry(name: str) -> dict[str, Any]:
    """An entry point for every page that offers nothing yet."""
    return {"id": str(uuid.uuid4()), "name": name, "rules": [], "channels": []}


def dump(channel: Channel) -> Section:
    """The section as plain JSON:

    {"format": 1, "rank": 1-999,
     "branding": {8 colours: "#rrggbb" | "", "font": "" | a key of look.FONTS, "font_size": px | null, "radius": px | null},
     "place": {"position": "right"|"left", "shape": "round"|"words", "offset_x", "offset_y", "button_size", "width", "height": px},
     "texts": {8 names: text, "" = what ships},
     "entries": [{"id": uuid, "name", "rules": [{"effect", "how", "value"}],
                  "channels": [{"channel": "chat_…", "label": text, "hide_offline": bool}]}],
     "domains_restricted": bool, "allowed_domains": [entries as kit.origins reads them]}

    An entry point's id is what snippets name, so it is part of what is published. A file's offers carry `"name"` as well (`named`).
    """
    draft = settings_of(channel)
    return {
        "format": rules.FORMAT,
        "rank": draft.rank,
        "branding": {**look.NO_BRANDING, **draft.branding},
        "place": {**look.DEFAULT_PLACE, **draft.place},
        "texts": {**dict.fromkeys(rules.TEXTS, ""), **draft.texts},
        "entries": list(draft.entries),
        "domains_restricted": draft.domains_restricted,
        "allowed_domains": list(draft.allowed_domains),
    }


def load(channel: Channel, section: Section) -> None:
    """Write a section into the draft; the inverse of `dump`.

    Entry points that another Guide of the organisation has already (a file of it came in) get ids of their own: an id names one.
    """
    taken = {
        entry["id"]
        for entries in GuideSettings.objects.exclude(channel=channel)
        .filter(channel__deleted_at=None)
        .values_list("entries", flat=True)
        for entry in entries
    }
    values = {
        "rank": section["rank"],
        "branding": dict(section["branding"]),
        "place": dict(section["place"]),
        "texts": dict(section["texts"]),
        "entries": _own(at_home(section["entries"]), taken, channel),
        "domains_restricted": section["domains_restricted"],
        "allowed_domains": list(section["allowed_domains"]),
    }
    if not GuideSettings.objects.filter(channel=channel).update(**values):
        GuideSettings.objects.create(channel=channel, **values)


def _own(entries: list[dict[str, Any]], taken: set[str], channel: Channel) -> list[dict[str, Any]]:
    """Entry points whose ids no other Guide has."""
    used = taken | {entry["id"] for entry in entries}
    found = []
    for entry in entries:
        ident = entry["id"]
        if ident in taken:
            own = descendant(ident, channel)
            ident = str(uuid.uuid4()) if own in used else own
            used.add(ident)
        found.append({**entry, "id": ident})
    return found


def descendant(ident: str, channel: ChannelLike) -> str:
    """What an entry point that came from another Guide is called in this one: always the same."""
    return str(uuid.uuid5(uuid.UUID(ident), channel.public_id))


def own_ids(section: Section, there: Section, channel: ChannelLike) -> dict[str, str]:
    """What the entry points of another Guide's section are called in `channel`, which holds `there`.

    One that came before is known again, one of the same name is the same, any other is new. So a page's snippet goes on naming what
    it named, however often a Guide is copied.
    """
    free = {entry["id"]: entry["name"].casefold() for entry in there["entries"]}
    found: dict[str, str] = {}
    for entry in section["entries"]:
        for known in (entry["id"], descendant(entry["id"], channel)):
            if known in free:
                found[entry["id"]] = known
                del free[known]
                break
    for entry in section["entries"]:
        if entry["id"] in found:
            continue
        same = [ident for ident, name in free.items() if name == entry["name"].casefold()]
        found[entry["id"]] = same[0] if same else descendant(entry["id"], channel)
        free.pop(found[entry["id"]], None)
    return found


def at_home(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entry points from elsewhere: what another organisation calls by an id of its own is here the channel of the same name.

    An id that is known here stays, whatever the name; one that is not, without a channel of its name, stays as well.
    """
    offers = [one for entry in entries for one in entry["channels"]]
    ids, by_name = _known() if any("name" in one for one in offers) else (set(), {})
    found = []
    for entry in entries:
        channels: dict[str, dict[str, Any]] = {}
        for one in entry["channels"]:
            name = one.get("name", "")
            here = one["channel"] if one["channel"] in ids else by_name.get(name.lower(), one["channel"])
            channels.setdefault(
                here, {"channel": here, "label": one["label"], "hide_offline": one["hide_offline"]}
            )
        found.append({**entry, "channels": list(channels.values())})
    return found


def _known() -> tuple[set[str], dict[str, str]]:
    """The organisation's channels: their ids, and the id by the name in small letters."""
    rows = list(Channel.objects.values_list("public_id", "name"))
    return {public_id for public_id, _name in rows}, {name.lower(): public_id for public_id, name in rows}


def named(section: Section) -> Section:
    """The section as files and the API hold it: each offer with its channel's name beside the id, so that another organisation
    can find the channel it has of that name."""
    names = (
        dict(Channel.objects.values_list("public_id", "name")) if in_scope() and section["entries"] else {}
    )
    return {
        **section,
        "entries": [
            {
                **entry,
                "channels": [
                    {**one, "name": names[one["channel"]]} if one["channel"] in names else one
                    for one in entry["channels"]
                ],
            }
            for entry in section["entries"]
        ],
    }


def check(section: Section, sections: Sections) -> list[Problem]:
    """What the page's form would say, for a section that came from elsewhere. Never raises."""
    found = [Problem(AREA_NAME, path, message) for path, message in shape_faults(section)]
    if found:
        return found
    for name in look.COLORS:
        color = section["branding"][name]
        if color and colors.normal(color) != color:
            found.append(Problem(AREA_NAME, f"branding.{name}", _("This is not a colour such as #1a73e8.")))
    for number, entry in enumerate(section["allowed_domains"]):
        try:
            origins.parse(entry)
        except origins.BadEntry as bad:
            found.append(Problem(AREA_NAME, f"allowed_domains.{number}", DOMAIN_SENTENCES[bad.code]))
    found += [Problem(AREA_NAME, path, said, blocking) for path, said, blocking in _about_entries(section)]
    return found


def _about_entries(section: Section) -> list[tuple[str, Promise, bool]]:
    found: list[tuple[str, Promise, bool]] = []
    if not section["entries"]:
        found.append(("entries", _("There is no entry point: the Guide shows nowhere."), False))
    ids = [entry["id"] for entry in section["entries"]]
    known = _known() if in_scope() else None
    open_to_all: str | None = None
    for number, entry in enumerate(section["entries"]):
        path = f"entries.{number}"
        if ids.index(entry["id"]) != number:
            found.append((f"{path}.id", _("Two entry points have the same id."), True))
        if not entry["channels"]:
            found.append((f"{path}.channels", _("This entry point offers no channel."), False))
        for place, one in enumerate(entry["channels"]):
            if [other["channel"] for other in entry["channels"]].index(one["channel"]) != place:
                found.append((f"{path}.channels.{place}", _("This channel is offered twice."), True))
            elif known is not None and one["channel"] not in known[0]:
                name = one.get("name", "")
                if name.lower() in known[1]:
                    continue
                said: Any = _("Your organisation has no such channel; it is not offered.")
                if name:
                    said = _(
                        "Your organisation has no channel “%(name)s” yet; it is not offered unless it is there when the Guide is imported."
                    ) % {"name": name}
                found.append((f"{path}.channels.{place}", said, False))
        for place, rule in enumerate(entry["rules"]):
            if not rule["value"].strip():
                found.append((f"{path}.rules.{place}.value", _("Write the part of the address."), True))
        if open_to_all is not None:
            found.append((path, _("No page reaches this entry point: one above it takes every page."), False))
        elif not entry["rules"]:
            open_to_all = entry["id"]
    return found


def shape_faults(section: Any) -> list[tuple[str, Promise]]:
    """(path, sentence) for every place where something of another kind stands than `dump` writes there."""
    if not isinstance(section, dict):
        return [("", _("This is not an object."))]
    found: list[tuple[str, Promise]] = [
        (str(name), _("There is no such field.")) for name in section if name not in _KINDS
    ]
    for name, kind in _KINDS.items():
        value = section.get(name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            found.append((name, _SHAPES[kind]))
    if found:
        return found
    if section["format"] != rules.FORMAT:
        found.append(("format", _("This format is not known here.")))
    if not 1 <= section["rank"] <= LARGEST_RANK:
        found.append(("rank", _("A number from 1 to 999 belongs here.")))
    found += _branding_faults(section["branding"])
    found += _place_faults(section["place"])
    if set(section["texts"]) != set(rules.TEXTS) or not all(
        _is_line(text, LONGEST_TEXT) for text in section["texts"].values()
    ):
        found.append(
            ("texts", _("Exactly the eight texts belong here, each of one line and 200 characters at most."))
        )
    if not all(isinstance(entry, str) for entry in section["allowed_domains"]):
        found.append(("allowed_domains", _("Domains are texts.")))
    elif len(section["allowed_domains"]) > MOST_DOMAINS:
        found.append(("allowed_domains", _("There are too many domains.")))
    if len(section["entries"]) > MOST_ENTRIES:
        found.append(("entries", _("There are too many entry points.")))
        return found
    for number, entry in enumerate(section["entries"]):
        found += [(f"entries.{number}{path}", said) for path, said in _entry_faults(entry)]
    return found


def _branding_faults(branding: Mapping[str, Any]) -> list[tuple[str, Promise]]:
    if set(branding) != set(look.NO_BRANDING):
        return [("branding", _("Exactly the eight colours, font, font_size and radius belong here."))]
    found: list[tuple[str, Promise]] = [
        (f"branding.{name}", _("A text belongs here."))
        for name in (*look.COLORS, "font")
        if not isinstance(branding[name], str)
    ]
    if not found and branding["font"] not in look.FONTS:
        found.append(("branding.font", _("This is none of the choices.")))
    for name, least, most in (
        ("font_size", look.SMALLEST_FONT, look.LARGEST_FONT),
        ("radius", 0, look.LARGEST_RADIUS),
    ):
        value = branding[name]
        if value is not None and not (_is_whole(value) and least <= value <= most):
            found.append((f"branding.{name}", _("This number is too small or too large.")))
    return found


def _place_faults(place: Mapping[str, Any]) -> list[tuple[str, Promise]]:
    if set(place) != set(look.DEFAULT_PLACE):
        return [("place", _("Exactly position, shape, the two offsets and the three sizes belong here."))]
    found: list[tuple[str, Promise]] = []
    for name, choices in (("position", look.POSITIONS), ("shape", look.SHAPES)):
        if place[name] not in choices:
            found.append((f"place.{name}", _("This is none of the choices.")))
    for name, (least, most, _usual) in look.MEASURES.items():
        if not (_is_whole(place[name]) and least <= place[name] <= most):
            found.append((f"place.{name}", _("This number is too small or too large.")))
    return found


def _entry_faults(entry: Any) -> list[tuple[str, Promise]]:
    if not isinstance(entry, dict) or set(entry) != {"id", "name", "rules", "channels"}:
        return [("", _("An entry point has exactly an id, a name, rules and channels."))]
    found: list[tuple[str, Promise]] = []
    if not isinstance(entry["id"], str) or not _UUID.fullmatch(entry["id"]):
        found.append((".id", _("A UUID in small letters belongs here.")))
    if not _is_line(entry["name"], LONGEST_NAME) or not entry["name"].strip():
        found.append((".name", _("A name of 1 to 80 characters belongs here.")))
    if not isinstance(entry["rules"], list) or len(entry["rules"]) > MOST_RULES:
        found.append((".rules", _("A list of at most 30 rules belongs here.")))
    else:
        found += [
            (
                f".rules.{number}",
                _("A rule has exactly an effect, how it compares, and a value of 300 characters at most."),
            )
            for number, rule in enumerate(entry["rules"])
            if not _is_rule(rule)
        ]
    if not isinstance(entry["channels"], list) or len(entry["channels"]) > MOST_OFFERED:
        found.append((".channels", _("A list of at most 20 channels belongs here.")))
    else:
        found += [
            (f".channels.{number}", _("An offer has exactly a channel's id, a label and hide_offline."))
            for number, one in enumerate(entry["channels"])
            if not _is_offer(one)
        ]
    return found


def _is_rule(rule: Any) -> bool:
    return (
        isinstance(rule, dict)
        and set(rule) == {"effect", "how", "value"}
        and rule["effect"] in rules.EFFECTS
        and rule["how"] in rules.HOW
        and _is_line(rule["value"], rules.LONGEST_VALUE)
    )


def _is_offer(one: Any) -> bool:
    return (
        isinstance(one, dict)
        and set(one) - {"name"} == {"channel", "label", "hide_offline"}
        and _is_line(one.get("name", ""), LONGEST_LABEL)
        and isinstance(one["channel"], str)
        and re.fullmatch(f"chat_{_UUID.pattern}", one["channel"]) is not None
        and _is_line(one["label"], LONGEST_NAME)
        and isinstance(one["hide_offline"], bool)
    )


def _is_line(value: Any, most: int) -> bool:
    return isinstance(value, str) and len(value) <= most and not _CONTROL.search(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_KINDS: dict[str, type] = {
    "format": int,
    "rank": int,
    "branding": dict,
    "place": dict,
    "texts": dict,
    "entries": list,
    "domains_restricted": bool,
    "allowed_domains": list,
}
_SHAPES: dict[type, Promise] = {
    int: _("A whole number belongs here."),
    bool: _("true or false belongs here."),
    dict: _("An object belongs here."),
    list: _("A list belongs here."),
}


def public(section: Section) -> dict[str, Any]:
    """What a browser may see. Names of entry points and the allowed domains stay with the organisation."""
    return {
        "entries": [
            {"id": entry["id"], "rules": entry["rules"], "channels": entry["channels"]}
            for entry in section["entries"]
        ],
        "look": {
            **section["place"],
            **{name: look.value_of(section["branding"], name) for name in look.NO_BRANDING},
        },
        "css": look.css(section["branding"]),
        "texts": section["texts"],
    }


def phrases(section: Section) -> dict[str, str]:
    """The Guide's words by translation key; where nothing was written, what ships in English."""
    found = {
        rules.phrase_key(name): section["texts"][name] or catalogue.guide(catalogue.ENGLISH)[name]
        for name in rules.TEXTS
    }
    for entry in section["entries"]:
        for one in entry["channels"]:
            if one["label"]:
                found[rules.label_key(entry["id"], one["channel"])] = one["label"]
    return found


def describe(section: Section) -> Mapping[str, Any]:
    """The section for somebody who compares two of them."""
    branding, place = section["branding"], section["place"]
    described: dict[Any, Any] = {
        str(_("Rank")): section["rank"],
        str(_("Branding")): {
            **{
                str(label): branding[name] or str(_("the channel's own"))
                for name, label in look.COLORS.items()
            },
            str(_("Font")): str(look.FONTS[branding["font"]][0]),
            str(_("Size of text")): branding["font_size"],
            str(_("Roundness of corners")): branding["radius"],
        },
        str(_("Place and size")): {
            str(_("Side")): str(POSITION_LABELS[place["position"]]),
            str(_("Shape of the button")): str(SHAPE_LABELS[place["shape"]]),
            **{str(label): place[name] for name, label in MEASURE_LABELS.items()},
        },
        str(_("Words")): {str(label): section["texts"][name] for name, label in TEXT_LABELS.items()},
        str(_("Restricted to domains")): section["domains_restricted"],
        str(_("Allowed domains")): section["allowed_domains"],
    }
    for number, entry in enumerate(section["entries"], start=1):
        title = str(_("Entry point %(number)s")) % {"number": number}
        described[title] = {
            str(_("Name")): entry["name"],
            str(_("Id")): entry["id"],
            str(_("Rules")): [
                f"{EFFECT_LABELS[rule['effect']]} {HOW_LABELS[rule['how']]}: {rule['value']}"
                for rule in entry["rules"]
            ],
            str(_("Channels")): [
                one.get("name", one["channel"])
                + (f" · {one['label']}" if one["label"] else "")
                + (f" · {_('hidden when offline')}" if one["hide_offline"] else "")
                for one in entry["channels"]
            ],
        }
    return described
