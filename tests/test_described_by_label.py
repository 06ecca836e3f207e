"""What differs between two versions is said by labels, never by the names that stand in the section; of every area, in both languages."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.utils import translation

from areas import registry
from areas.contract import Area
from areas.differences import differences
from channels_config.tests.factories import channel
from guide.tests.factories import guide
from surveys.section import new_item
from tenants.scope import tenant_scope
from tenants.tests.factories import organisation

pytestmark = pytest.mark.django_db

#: A name of a field as sections have it; ids of phrases and what customers wrote are not asked here.
_KEY = re.compile(r"[a-z]+(?:_[a-z]+)+|[a-z]+[A-Z][A-Za-z]+|[Tt]ransform|Path|Media type")

MAPPED = {"field": "plan", "path": "user.plan", "transform": "trim"}
ENTRY = {
    "id": "11111111-1111-4111-8111-111111111111",
    "name": "Everywhere",
    "rules": [{"effect": "include", "how": "starts", "value": "/"}],
    "channels": [{"channel": "chat_11111111-1111-4111-8111-111111111111", "label": "", "hide_offline": True}],
}


def changed(value: Any) -> Any:
    """The same shape with every leaf another one."""
    if isinstance(value, dict):
        return {name: one if name == "format" else changed(one) for name, one in value.items()}
    if isinstance(value, list):
        return [changed(one) for one in value]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return value


def versions(area: Area, section: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Sections that differ from this one: in everything, and in what its lists hold."""
    yield changed(section)
    other = copy.deepcopy(section)
    if area.name == "auth_config":
        other["mapping"]["fields"] = [MAPPED]
        yield other
        yield {
            **other,
            "mapping": {**other["mapping"], "fields": [{**MAPPED, "path": "id", "transform": "lower"}]},
        }
    if area.name == "surveys":
        field = {"ident": "plan", "label": "Forfait", "kind": "text", "level": "contact", "values": []}
        form = {
            "name": "Short",
            "title": "t",
            "intro": "i",
            "submit": "s",
            "items": [new_item("plan", required=True)],
        }
        yield {**section, "form": form, "fields": [field]}
    if area.name == "guide":
        other["entries"] = [ENTRY]
        other["place"] |= {"position": "left", "shape": "words"}
        yield other
        yield {**other, "entries": [{**ENTRY, "rules": []}]}
    if area.name == "live_chat":
        other["menu"] = [{"id": "a", "label": "Hours", "postback": "hours"}]
        yield other


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_area_tells_its_differences_by_label(language: str) -> None:
    org = organisation()
    support, welcome = channel(org, "Support"), guide(org)
    with translation.override(language), tenant_scope(org.pk):
        for area in registry.areas():
            section = area.dump(welcome if "messaging" not in area.kinds else support)
            before = section
            for after in versions(area, section):
                found = differences(area, area.redact(before), area.redact(after))
                assert found or before == after, area.name
                for change in found:
                    said = [*change.path, change.before, change.after, *change.added, *change.removed]
                    keys = [
                        word for text in said for word in re.split(r"[\s:·,]+", text) if _KEY.fullmatch(word)
                    ]
                    assert keys == [], (area.name, change)
                if language == "fr":
                    known = {str(name) for name in _english(area, after)}
                    assert not known & {part for change in found for part in change.path}, area.name
                before = after


def _english(area: Area, section: dict[str, Any]) -> Iterator[str]:
    """Labels that read otherwise in English; what is no word of ours reads the same."""
    assert area.describe is not None
    french = {str(name) for name in _labels(area.describe(section))}
    with translation.override("en"):
        for name in _labels(area.describe(section)):
            if str(name) not in french:
                yield str(name)


def _labels(described: Mapping[Any, Any]) -> Iterator[Any]:
    for name, value in described.items():
        yield name
        if isinstance(value, Mapping):
            yield from _labels(value)
