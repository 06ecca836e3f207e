"""The section of the area and what of it everybody may see: pinned, read back as written, checked whatever JSON comes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from areas.differences import differences
from auth_config import section
from auth_config.area import AREA
from auth_config.secrets import keep
from channels_config.tests.factories import channel
from kit.documents import canonical
from surveys.models import CustomField
from tenants.models import Organisation
from tenants.scope import tenant_scope
from tenants.tests.factories import organisation

pytestmark = pytest.mark.django_db

GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("golden_section.json").read_text())
#: mode -> its piece of the channel JSON.
PUBLIC: dict[str, Any] = json.loads(Path(__file__).with_name("golden_public.json").read_text())


@pytest.fixture
def shop() -> Organisation:
    return organisation(1009, "Shop")


def golden(**changes: Any) -> dict[str, Any]:
    return {**json.loads(json.dumps(GOLDEN)), **changes}


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {k: v for name, one in value.items() for k, v in leaves(one, f"{path}{name}.").items()}
    return {path.rstrip("."): value}


def test_the_section_is_what_it_was_when_this_was_written(shop: Organisation) -> None:
    support, other = channel(shop, "Support"), channel(shop, "Sales")
    with tenant_scope(shop.pk):
        section.load(support, golden())
        assert section.dump(support) == GOLDEN
        assert section.dump(other) == section.EMPTY
        assert canonical(section.dump(support)) == canonical(GOLDEN)
    # The golden file says something of everything: a field that is left at its default would be pinned by luck.
    same = {path for path, value in leaves(GOLDEN).items() if leaves(section.EMPTY)[path] == value}
    assert same == {"format"}


@pytest.mark.parametrize("mode", sorted(PUBLIC))
def test_everybody_sees_which_way_to_sign_in_and_nothing_else(mode: str) -> None:
    shown = section.public(golden(mode=mode))
    assert shown == PUBLIC[mode]
    assert not (shown["isAuthorizationEnabled"] and shown["isSecuredCookieEnabled"])
    for value in leaves(GOLDEN).values():
        if isinstance(value, str) and len(value) > 8:
            assert value not in json.dumps(shown)


def test_the_environment_gets_the_secrets_of_the_mode_that_is_on_and_no_reference(shop: Organisation) -> None:
    with tenant_scope(shop.pk):
        newer, former = keep("newer", by=None).reference, keep("former", by=None).reference
        signing = keep("signing", by=None).reference
        made = golden()
        made["oauth"] |= {"client_secret": newer, "previous_client_secret": former}
        made["jwt"] |= {"secret": signing, "previous_secret": "", "algorithm": "shared"}
        seen = {mode: section.private({**made, "mode": mode}) for mode in PUBLIC}
        assert {mode: (one["oauth"]["secrets"], one["jwt"]["secrets"]) for mode, one in seen.items()} == {
            "anonymous": ([], []),
            "cookie": ([], []),
            "oauth": (["newer", "former"], []),
            "jwt": ([], ["signing"]),
        }
        assert all("ref_" not in json.dumps(one) for one in seen.values())
        assert (
            section.private({**made, "jwt": {**made["jwt"], "algorithm": "public"}, "mode": "jwt"})["jwt"][
                "secrets"
            ]
            == []
        )
        # What people are shown of two versions says that a secret differs, never which it is.
        other = {**made, "oauth": {**made["oauth"], "client_secret": former}}
        told = str(differences(AREA, made, other))
        assert told
        assert not any(word in told for word in (newer, former, "newer", "'former'"))


@pytest.mark.parametrize(
    "odd",
    [
        None, 7, "text", [], {}, {"format": 1}, {"mode": {}}, {**GOLDEN, "mapping": {"fields": [1, {}]}},
        {**GOLDEN, "oauth": []}, {**GOLDEN, "epoch": True}, {**GOLDEN, "retention_days": 10**30},
        {**GOLDEN, "mapping": {**GOLDEN["mapping"], "fields": [{"field": "\ud800", "path": "\x00", "transform": "x"}]}},
        {**GOLDEN, "oauth": {**GOLDEN["oauth"], "authorize_endpoint": "http://[::1"}},
        {**GOLDEN, "oauth": {**GOLDEN["oauth"], "client_secret": "\x00" * 9}},
        {**GOLDEN, "jwt": {**GOLDEN["jwt"], "public_keys": '{"keys": [{"kty": "RSA", "d": "x"}]}'}},
        {**GOLDEN, "more": 1},
    ],
    ids=range(16),
)  # fmt: skip
def test_whatever_json_comes_is_judged_and_never_raises(shop: Organisation, odd: Any) -> None:
    with tenant_scope(shop.pk):
        problems = section.check(odd, {})
        assert any(one.blocking for one in problems)
        assert all(str(one.message) for one in problems)


def test_a_mapped_field_the_organisation_has_not_is_said_and_holds_nothing_back(shop: Organisation) -> None:
    fields = [{"field": name, "path": "p", "transform": "none"} for name in ("plan", "Plan", "plann")]
    made: dict[str, Any] = {
        **section.EMPTY,
        "mode": "oauth",
        "mapping": {**section.EMPTY["mapping"], "enabled": True, "fields": fields},
    }
    with tenant_scope(organisation(2020, "Other").pk):
        CustomField.objects.create(ident="plann", label="Another organisation's", kind="text")
    odd: Any
    with tenant_scope(shop.pk), override("en"):
        CustomField.objects.create(ident="plan", label="Plan", kind="text")
        # Whatever form the channel asks, and when it asks none.
        for odd in (None, [], {}, {"form": {}, "fields": 7}, {"form": None, "fields": [7, {"ident": 7}]}):
            said = list(section.remarks(made, {"surveys": odd}))
            assert [(one.path, one.blocking) for one in said] == [
                ("mapping.fields.1", False),
                ("mapping.fields.2", False),
            ]
            assert "“plan”" in str(said[0].message)
            assert "“plann”" in str(said[1].message)
        # A form that comes out of the same file brings its fields along.
        brought = {"surveys": {"form": {}, "fields": [{"ident": "plann"}, {"ident": "Plan"}]}}
        assert list(section.remarks(made, brought)) == []
        # Where the mapping is not used there is nothing to say, and nothing is asked.
        with CaptureQueriesContext(connection) as asked:
            assert list(section.remarks({**made, "mode": "anonymous"}, {})) == []
            assert list(section.remarks({**made, "mapping": section.EMPTY["mapping"]}, {})) == []
        assert len(asked) == 0
        # `check` tells it beside what is wrong, on a release's way to live as well.
        assert [one.path for one in section.check(made, {}) if not one.blocking] == [
            "mapping.fields.1",
            "mapping.fields.2",
        ]
