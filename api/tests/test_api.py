"""The REST API: what it does, and how it refuses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from api.models import Token
from api.tests.conftest import Api, Side
from api.tokens import hashed, revoke_token
from api.views import merged
from areas.registry import areas
from audit.models import Entry
from channels_config.models import Channel, WebSettings
from channels_config.tests.factories import channel
from publishing.models import Delivery, Release
from tenants.models import Membership
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member

pytestmark = pytest.mark.django_db
CSS = "sections/channels_config/"


def at(one: Channel, rest: str = "") -> str:
    return f"channels/{one.public_id}/{rest}"


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    body: dict[str, Any] = answer.json()
    assert set(body) == {"code", "message", "fields"}
    assert body["code"] == code
    assert body["message"]
    return body


# -- Who may ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "cha_wrong", "nonsense", "cha_" + "x" * 500, "cha_é"])
def test_without_a_valid_token_there_is_nothing(alice: Side, key: str) -> None:
    answer = Api(key, alice.organisation.number)("GET", "channels/")
    problem(answer, 401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_token_is_kept_as_a_hash_only(alice: Side, api: Api) -> None:
    with tenant_scope(alice.organisation.pk):
        token = Token.objects.get()
        assert (token.hashed, token.hint) == (hashed(api.key), api.key[-4:])
        assert api.key not in str(vars(token)) + str([entry.data for entry in Entry.objects.all()])


def test_a_token_that_was_revoked_or_is_over_opens_nothing(alice: Side) -> None:
    revoked, over = alice.api(), alice.api()
    with tenant_scope(alice.organisation.pk):
        revoke_token(Token.objects.get(hashed=hashed(revoked.key)), by=alice.admin)
        Token.objects.filter(hashed=hashed(over.key)).update(expires_at=timezone.now() - timedelta(seconds=1))
    for one in (revoked, over):
        problem(one("GET", "channels/"), 401, "not_authenticated")


@pytest.mark.parametrize("change", ["left", "lowered", "inactive"])
def test_a_token_works_as_long_as_its_maker_is_an_admin(alice: Side, api: Api, change: str) -> None:
    with tenant_scope(alice.organisation.pk):
        mine = Membership.objects.filter(user=alice.admin)
        if change == "left":
            mine.delete()
        elif change == "lowered":
            mine.update(role=Role.EDITOR)
        else:
            type(alice.admin).objects.filter(pk=alice.admin.pk).update(is_active=False)
    problem(api("GET", "channels/"), 401, "not_authenticated")


def test_another_organisation_is_not_there(alice: Side, bob: Side, api: Api) -> None:
    for path in ("", "channels/", at(bob.channel), at(bob.channel, CSS)):
        other = f"/api/v1/organisations/{bob.organisation.number}/{path}"
        problem(api("GET", other), 404, "not_found")
    problem(api("GET", at(bob.channel)), 404, "not_found")
    problem(api("PUT", at(bob.channel, CSS), {}), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("POST", "channels/", "channels"),
        ("PATCH", "", "channels"),
        ("DELETE", "", "channels"),
        ("PUT", CSS, "sections"),
        ("PATCH", CSS, "sections"),
        ("PUT", "file/", "sections"),
        ("POST", "promotions/", "promote"),
        ("POST", "deliveries/retry/", "promote"),
    ],
)
def test_each_act_needs_its_scope(alice: Side, method: str, path: str, needed: str) -> None:
    others = alice.api(*({"channels", "sections", "promote"} - {needed}))
    where = path if path == "channels/" else at(alice.channel, path)
    assert needed in problem(others(method, where, {}), 403, "missing_scope")["message"]


def test_an_address_there_is_none_of_and_a_method_it_does_not_take_are_said_in_the_same_form(
    api: Api,
) -> None:
    problem(api("GET", "/api/v1/nowhere/"), 404, "not_found")
    answer = api("DELETE", "channels/")
    problem(answer, 405, "method_not_allowed")
    assert "POST" in answer["Allow"]


def test_refusals_speak_the_language_that_was_asked_for(alice: Side) -> None:
    nobody = Api("", alice.organisation.number)
    assert nobody("GET", "channels/").headers["Content-Language"] == "en"
    assert nobody("GET", "channels/", Accept_Language="fr-CA,en;q=0.5").headers["Content-Language"] == "fr"


# -- Channels -----------------------------------------------------------------------------------------------------------


def test_a_channel_is_created_renamed_and_deleted(alice: Side, api: Api) -> None:
    made = api("POST", "channels/", {"name": "Ventes", "kind": "live"})
    assert made.status_code == 201
    where = made["Location"].partition("/api/v1")[2]
    assert api("GET", f"/api/v1{where}").json() == made.json()
    renamed = api("PATCH", f"/api/v1{where}", {"name": "Sales"}, If_Match=made["ETag"])
    assert renamed.json()["name"] == "Sales"
    problem(api("PATCH", f"/api/v1{where}", {"name": "X"}, If_Match=made["ETag"]), 412, "changed")
    assert api("DELETE", f"/api/v1{where}", If_Match=renamed["ETag"]).status_code == 204
    problem(api("GET", f"/api/v1{where}"), 404, "not_found")
    with tenant_scope(alice.organisation.pk):
        said = [str(one) for one in Entry.objects.filter(action__startswith="channel.")]
        assert len(said) == 3
        assert all("Ana · CI" in one for one in said)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "", "kind": "live"}, "name"),
        ({"name": "x" * 121, "kind": "live"}, "name"),
        ({"name": "a\u0007b", "kind": "live"}, "name"),
        ({"name": "X", "kind": "fax"}, "kind"),
        ({"name": 1, "kind": "live"}, "name"),
        ([], "name"),
    ],
)
def test_a_name_or_kind_that_cannot_be_is_refused_at_its_field(api: Api, body: Any, field: str) -> None:
    assert field in problem(api("POST", "channels/", body), 400, "invalid")["fields"]


def test_a_name_that_is_taken_is_a_conflict(api: Api) -> None:
    problem(api("POST", "channels/", {"name": "SUPPORT", "kind": "live"}), 409, "name_taken")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"name": 1, "name": 2}',
        b'{"name": NaN}',
        b'{"name": "\\u0000"}',
        b"\xff",
        b'"\\ud800"',
        b"[" * 9999,
    ],
)
def test_a_body_that_cannot_be_read_is_refused(api: Api, body: bytes) -> None:
    problem(api("POST", "channels/", body), 400, "malformed")


def test_a_body_that_is_no_json_by_its_own_word_is_refused(alice: Side, api: Api) -> None:
    answer = Client().post(
        f"/api/v1/organisations/{alice.organisation.number}/channels/",
        {"name": "X"},
        headers={"Authorization": f"Bearer {api.key}"},
    )
    problem(answer, 415, "unsupported_media_type")


def test_lists_come_in_pages(alice: Side, api: Api) -> None:
    for number in range(4):
        channel(alice.organisation, f"C{number}")
    names: list[str] = []
    where: str | None = f"/api/v1/organisations/{alice.organisation.number}/channels/?limit=2"
    pages = 0
    while where:
        answer = api("GET", "/api" + where.partition("/api")[2]).json()
        names += [one["name"] for one in answer["items"]]
        where, pages = answer["next"], pages + 1
    assert (names, pages) == (["Support", "C0", "C1", "C2", "C3"], 3)


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "after=-1", "kind=fax", "q=%00"])
def test_a_parameter_that_cannot_be_is_refused(api: Api, query: str) -> None:
    assert query.partition("=")[0] in problem(api("GET", f"channels/?{query}"), 400, "invalid")["fields"]


def test_channels_are_found_by_part_of_their_name_and_kind(alice: Side, api: Api) -> None:
    channel(alice.organisation, "Éventail", kind="live")
    assert [one["name"] for one in api("GET", "channels/?q=event").json()["items"]] == ["Éventail"]
    assert [one["name"] for one in api("GET", "channels/?kind=messaging").json()["items"]] == ["Support"]


@pytest.mark.parametrize("rows", [1, 30])
def test_a_list_takes_the_same_queries_for_any_number_of_rows(
    alice: Side, api: Api, rows: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(rows):
        channel(alice.organisation, f"C{number}")
    with django_assert_max_num_queries(14):
        assert len(api("GET", "channels/").json()["items"]) == rows + 1


# -- Sections -----------------------------------------------------------------------------------------------------------


def test_a_section_is_read_changed_and_published(alice: Side, api: Api) -> None:
    read = api("GET", at(alice.channel, CSS))
    section = read.json() | {"custom_css": ".b { color: blue }\n"}
    saved = api("PUT", at(alice.channel, CSS), section, If_Match=read["ETag"])
    assert (saved.status_code, saved.json(), saved["X-Release"]) == (200, section, "1")
    assert saved["ETag"] != read["ETag"]
    with tenant_scope(alice.organisation.pk):
        release = Release.objects.get()
        assert release.sections["channels_config"] == section
        assert release.author_label == "Ana · CI"
        assert Delivery.objects.get().wanted == 1


def test_a_change_made_in_between_is_not_overwritten(alice: Side, api: Api) -> None:
    read = api("GET", at(alice.channel, CSS))
    with tenant_scope(alice.organisation.pk):
        WebSettings.objects.filter(channel=alice.channel).update(custom_css=".c {}")
    problem(api("PUT", at(alice.channel, CSS), read.json(), If_Match=read["ETag"]), 412, "changed")
    assert api("GET", at(alice.channel, CSS)).json()["custom_css"] == ".c {}"
    assert api("GET", at(alice.channel, CSS), If_None_Match=read["ETag"]).status_code == 200


def test_what_one_has_already_is_not_sent_again(alice: Side, api: Api) -> None:
    tag = api("GET", at(alice.channel, CSS))["ETag"]
    again = api("GET", at(alice.channel, CSS), If_None_Match=f'W/"x", {tag}')
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)


def test_a_section_sent_back_as_it_is_makes_no_release(alice: Side, api: Api) -> None:
    for area in areas():
        where = at(alice.channel, f"sections/{area.name}/")
        read = api("GET", where)
        assert api("PUT", where, read.json()).json() == read.json()
    with tenant_scope(alice.organisation.pk):
        assert not Release.objects.exists()


def test_some_fields_change_by_a_merge_patch(alice: Side, api: Api) -> None:
    changed = api("PATCH", at(alice.channel, CSS), {"colors": {"text": "#112233"}, "redesigned_ui": False})
    assert changed.status_code == 200
    assert (changed.json()["colors"]["text"], changed.json()["colors"]["theme"]) == ("#112233", "#faac4b")


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [  # RFC 7396, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_its_rfc_says(target: Any, patch: Any, result: Any) -> None:
    assert merged(target, patch) == result


@pytest.mark.parametrize(
    "junk", [None, 7, "x", [], {}, {"format": 1}, {"format": "1"}, {"format": True}, [[{}]]]
)
def test_no_json_whatever_makes_an_area_stumble(alice: Side, api: Api, junk: Any) -> None:
    for area in areas():
        where = at(alice.channel, f"sections/{area.name}/")
        problem(api("PUT", where, junk), 400, "invalid")


def test_a_section_is_refused_by_the_rules_of_its_page(alice: Side, api: Api) -> None:
    body = problem(
        api("PATCH", at(alice.channel, CSS), {"allowed_domains": ["ftp://x"], "colors": {"text": "red"}}),
        400,
        "invalid",
    )
    assert {"allowed_domains.0", "colors.text"} == set(body["fields"])
    with tenant_scope(alice.organisation.pk):
        assert not Entry.objects.filter(action="draft.saved").exists()


def test_the_areas_are_listed_with_their_versions(alice: Side, api: Api) -> None:
    listed = api("GET", at(alice.channel, "sections/")).json()["items"]
    assert [one["area"] for one in listed] == [area.name for area in areas()]
    assert (
        next(one["etag"] for one in listed if one["area"] == "channels_config")
        == api("GET", at(alice.channel, CSS))["ETag"]
    )


# -- Releases, promotions, deliveries -----------------------------------------------------------------------------------


def saved(api: Api, one: Channel, text: str) -> None:
    assert api("PATCH", at(one, CSS), {"custom_css": text}).status_code == 200


def test_releases_are_listed_the_newest_first_and_read_whole(alice: Side, api: Api) -> None:
    for number in range(3):
        saved(api, alice.channel, f".r{number} {{}}")
    first = api("GET", at(alice.channel, "releases/?limit=2")).json()
    assert [one["number"] for one in first["items"]] == [3, 2]
    assert first["next"].endswith("after=2")
    whole = api("GET", at(alice.channel, "releases/2/"))
    assert whole.json()["sections"]["channels_config"]["custom_css"] == ".r1 {}"
    problem(api("GET", at(alice.channel, "releases/9/")), 404, "not_found")
    problem(api("GET", at(alice.channel, "releases/99999999999999999999/")), 404, "not_found")


def test_a_release_that_test_confirmed_goes_live(alice: Side, api: Api) -> None:
    saved(api, alice.channel, ".live {}")
    problem(api("POST", at(alice.channel, "promotions/"), {}), 409, "not_promotable")
    with tenant_scope(alice.organisation.pk):
        Delivery.objects.update(confirmed=1)
    put = api("POST", at(alice.channel, "promotions/"), {"release": 1})
    assert (put.status_code, put.json()["release"], put.json()["environment"]) == (201, 1, "live")
    found = api("GET", at(alice.channel, "deliveries/")).json()["items"]
    assert {one["environment"]: (one["state"], one["wanted"]) for one in found} == {
        "test": ("current", 1),
        "live": ("waiting", 1),
    }
    assert api("POST", at(alice.channel, "deliveries/retry/")).json() == {"environments": ["live"]}


@pytest.mark.parametrize(
    "body", [[], {"release": "1"}, {"release": 0}, {"release": True}, {"release": 2**40}, {"release": None}]
)
def test_a_promotion_of_no_number_is_refused(alice: Side, api: Api, body: Any) -> None:
    problem(api("POST", at(alice.channel, "promotions/"), body), 400, "invalid")


# -- Files --------------------------------------------------------------------------------------------------------------


def test_a_channel_s_file_is_read_looked_at_and_imported(alice: Side, api: Api) -> None:
    file = api("GET", at(alice.channel, "file/")).json()
    file["areas"]["channels_config"]["custom_css"] = ".file {}\n"
    look = api("PUT", at(alice.channel, "file/?dry_run=true"), file).json()
    assert (look["action"], look["applied"], [one["area"] for one in look["changes"]]) == (
        "update",
        False,
        ["channels_config"],
    )
    assert api("PUT", at(alice.channel, "file/"), file).json()["applied"] is True
    again = api("PUT", at(alice.channel, "file/"), file).json()
    assert (again["action"], again["applied"]) == ("same", False)
    problem(api("PUT", at(alice.channel, "file/"), {"chatadmin": "dragon"}), 400, "invalid")


# -- Sent again ---------------------------------------------------------------------------------------------------------


def test_a_request_sent_again_does_nothing_twice(alice: Side, api: Api) -> None:
    body = {"name": "Once", "kind": "live"}
    first = api("POST", "channels/", body, Idempotency_Key="k1")
    again = api("POST", "channels/", body, Idempotency_Key="k1")
    assert (again.status_code, again.json(), again["Location"]) == (201, first.json(), first["Location"])
    assert again["Idempotency-Replayed"] == "true"
    problem(api("POST", "channels/", body | {"name": "Other"}, Idempotency_Key="k1"), 422, "key_reused")
    with tenant_scope(alice.organisation.pk):
        assert Channel.objects.filter(name="Once").count() == 1


def test_a_refused_request_may_be_corrected_under_its_key(api: Api) -> None:
    assert api("POST", "channels/", {"name": "", "kind": "live"}, Idempotency_Key="k2").status_code == 400
    assert api("POST", "channels/", {"name": "Good", "kind": "live"}, Idempotency_Key="k2").status_code == 201


def test_keys_of_two_tokens_are_two_keys(alice: Side, api: Api) -> None:
    assert api("POST", "channels/", {"name": "A", "kind": "live"}, Idempotency_Key="k").status_code == 201
    assert (
        alice.api()("POST", "channels/", {"name": "B", "kind": "live"}, Idempotency_Key="k").status_code
        == 201
    )


# -- Limits -------------------------------------------------------------------------------------------------------------


def test_too_many_requests_are_told_when_to_come_again(alice: Side, api: Api, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 6
    statuses = [api("GET", "channels/") for _one in range(4)]
    assert [one.status_code for one in statuses] == [200, 200, 200, 429]
    assert [one["RateLimit-Remaining"] for one in statuses[:3]] == ["2", "1", "0"]
    refused = problem(statuses[3], 429, "too_many_requests")
    assert int(statuses[3]["Retry-After"]) in range(1, 11)
    assert refused["message"]
    assert alice.api()("GET", "channels/").status_code == 200


def test_limits_hold_while_redis_is_away(api: Api, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 4
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert [api("GET", "channels/").status_code for _one in range(3)] == [200, 200, 429]


def test_an_editor_cannot_make_tokens_that_do_more(alice: Side) -> None:
    editor = member(alice.organisation, Role.EDITOR)
    problem(alice.api(by=editor)("GET", "channels/"), 401, "not_authenticated")


# -- What is written about it -------------------------------------------------------------------------------------------


def test_the_schema_and_its_page_are_open_to_anybody_and_load_nothing_from_elsewhere(client: Client) -> None:
    schema = client.get("/api/v1/schema/?format=json").json()
    assert schema["openapi"].startswith("3.")
    assert {
        f"/api/v1/organisations/{{organisation}}/channels/{{channel_id}}/sections/{one.name}/"
        for one in areas()
    } < set(schema["paths"])
    page = client.get("/api/v1/docs/")
    assert page.status_code == 200
    for path in schema["paths"]:
        assert path in page.content.decode()
    assert "cdn" not in page.content.decode()
