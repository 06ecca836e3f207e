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
from areas.contract import Problem
from areas.registry import areas, areas_of
from audit.models import Entry
from channels_config.models import Channel, WebSettings
from channels_config.tests.factories import channel
from publishing import promotions
from publishing.models import Delivery, Promotion, Release
from publishing.promotions import carry_out_due, set_rules
from publishing.services import retire, wanted_in
from tenants.models import Membership
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, person

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
        ("POST", "releases/1/rollback/", "sections"),
        ("POST", "promotions/", "promote"),
        ("POST", "promotions/1/approve/", "promote"),
        ("POST", "promotions/1/cancel/", "promote"),
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
    for area in areas_of(alice.channel.kind):
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
    for area in areas_of(alice.channel.kind):
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
    assert [one["area"] for one in listed] == [area.name for area in areas_of(alice.channel.kind)]
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


def test_deliveries_are_those_of_the_places_there_are(alice: Side, api: Api, settings: Any) -> None:
    saved(api, alice.channel, ".a {}")
    test, live = settings.ENVIRONMENTS
    regions = [{"name": name, "push_url": f"http://{name}.invalid"} for name in ("eu", "ca")]
    settings.ENVIRONMENTS = [{**test, "regions": regions}, live]
    saved(api, alice.channel, ".b {}")
    found = api("GET", at(alice.channel, "deliveries/")).json()["items"]
    assert [(one["region"], one["wanted"]) for one in found] == [("eu", 2), ("ca", 2)]


@pytest.mark.parametrize(
    "body",
    [
        [],
        *({"release": one} for one in ("1", 0, True, 2**40, None)),
        *({"at": one} for one in (1, "tomorrow", "2030-01-01T10:00:00", "2030-13-01T10:00:00Z")),
        *({"time_zone": one} for one in ("", "Mars/Olympus", "../etc/passwd", 5)),
        *({"note": one} for one in (None, "x" * 501)),
        *({"checklist": one} for one in ("x", [1])),
        {"warnings_seen": "yes"},
    ],
)
def test_a_promotion_of_what_cannot_be_is_refused_at_its_field(alice: Side, api: Api, body: Any) -> None:
    fields = problem(api("POST", at(alice.channel, "promotions/"), body), 400, "invalid")["fields"]
    assert set(fields) == (set(body) or {""})


def confirmed(side: Side, *, four_eyes: bool = False, checklist: list[str] | None = None) -> None:
    """As if test had what was saved; and how the channel's releases go live."""
    with tenant_scope(side.organisation.pk):
        for one in Delivery.objects.filter(environment="test"):
            Delivery.objects.filter(pk=one.pk).update(confirmed=one.wanted)
        set_rules(
            side.channel, live_on_save=False, four_eyes=four_eyes, checklist=checklist or [], by=side.admin
        )


def second(side: Side) -> Api:
    """A token of another admin."""
    return side.api(by=member(side.organisation, Role.ADMIN, person(name="Ben")))


def wanted_live(side: Side) -> int:
    with tenant_scope(side.organisation.pk):
        return wanted_in(side.channel, "live")


def test_what_one_person_asked_for_another_approves_with_a_token_of_their_own(alice: Side, api: Api) -> None:
    saved(api, alice.channel, ".a {}")
    confirmed(alice, four_eyes=True, checklist=["Seen on a phone"])
    where = at(alice.channel, "promotions/")
    problem(api("POST", where, {"release": 1, "checklist": ["Another"]}), 409, "not_promotable")
    asked = api("POST", where, {"release": 1, "checklist": ["Seen on a phone"], "note": " Summer  sale "})
    one = asked.json()
    assert (asked.status_code, one["state"], one["note"], one["asked_by"], one["checklist"]) == (
        201,
        "waiting",
        "Summer sale",
        "Ana · CI",
        ["Seen on a phone"],
    )
    assert wanted_live(alice) == 0
    approve = at(alice.channel, f"promotions/{one['id']}/approve/")
    problem(api("POST", approve), 409, "not_promotable")
    ben = second(alice)
    problem(ben("POST", approve, If_Match='"older"'), 412, "changed")
    done = ben("POST", approve, If_Match=asked["ETag"], Idempotency_Key="yes")
    assert (done.status_code, done.json()["state"], done.json()["approved_by"]) == (200, "done", "Ben · CI")
    again = ben("POST", approve, If_Match=asked["ETag"], Idempotency_Key="yes")
    assert (again.json(), again["Idempotency-Replayed"]) == (done.json(), "true")
    problem(ben("POST", approve), 409, "not_promotable")
    assert wanted_live(alice) == 1
    read = api("GET", asked["Location"].partition("/api/v1")[2].join(["/api/v1", ""]))
    assert (read.json(), read["ETag"]) == (done.json(), done["ETag"])
    with tenant_scope(alice.organisation.pk):
        acts = list(Entry.objects.filter(action__startswith="promotion.").values_list("action", flat=True))
    assert sorted(acts) == ["promotion.approved", "promotion.requested"]


def test_what_is_planned_is_called_off_and_goes_nowhere(alice: Side, api: Api) -> None:
    saved(api, alice.channel, ".a {}")
    confirmed(alice)
    where = at(alice.channel, "promotions/")
    problem(api("POST", where, {"at": "2001-01-01T00:00:00Z"}), 409, "not_promotable")
    moment = (timezone.now() + timedelta(hours=1)).isoformat()
    planned = api("POST", where, {"at": moment, "time_zone": "America/Toronto"})
    one = planned.json()
    assert (one["state"], one["at"], one["time_zone"]) == (
        "scheduled",
        moment.replace("+00:00", "Z"),
        "America/Toronto",
    )
    problem(api("POST", where, {"at": moment}), 409, "not_promotable")
    cancel = at(alice.channel, f"promotions/{one['id']}/cancel/")
    off = api("POST", cancel, If_Match=planned["ETag"])
    assert (off.status_code, off.json()["state"]) == (200, "cancelled")
    problem(api("POST", cancel), 409, "not_promotable")
    with tenant_scope(alice.organisation.pk):
        Promotion.objects.update(at=timezone.now() - timedelta(hours=1))
    assert carry_out_due() == 0
    assert wanted_live(alice) == 0


def test_promotions_are_listed_the_newest_first_by_state_and_only_their_channel_s(
    alice: Side, bob: Side, api: Api
) -> None:
    where = at(alice.channel, "promotions/")
    for number in range(3):
        saved(api, alice.channel, f".r{number} {{}}")
        confirmed(alice)
        assert api("POST", where, {"release": number + 1}).json()["state"] == "done"
    first = api("GET", f"{where}?limit=2").json()
    assert [one["release"] for one in first["items"]] == [3, 2]
    rest = api("GET", "/api" + first["next"].partition("/api")[2]).json()
    assert [one["release"] for one in rest["items"]] == [1]
    assert api("GET", f"{where}?state=scheduled").json()["items"] == []
    problem(api("GET", f"{where}?state=odd"), 400, "invalid")
    other = channel(alice.organisation, "Other")
    one = first["items"][0]["id"]
    for path in (f"promotions/{one}/", "promotions/99999999999999999999/"):
        problem(api("GET", at(other, path)), 404, "not_found")
    for act in ("approve", "cancel"):
        problem(api("POST", at(other, f"promotions/{one}/{act}/")), 404, "not_found")
        problem(bob.api()("POST", at(alice.channel, f"promotions/{one}/{act}/")), 404, "not_found")


def test_warnings_have_to_be_seen_before_a_release_goes_live(
    alice: Side, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(api, alice.channel, ".a {}")
    confirmed(alice)
    monkeypatch.setattr(
        promotions,
        "problems",
        lambda found: [Problem("channels_config", "custom_css", "Odd.", blocking=False)],
    )
    where = at(alice.channel, "promotions/")
    asked = problem(api("POST", where, {}), 409, "warnings_unseen")
    assert asked["fields"] == {"channels_config.custom_css": ["Odd."]}
    assert api("POST", where, {"warnings_seen": True}).status_code == 201


# -- Going back ---------------------------------------------------------------------------------------------------------


def test_a_release_or_one_area_of_it_is_brought_back_as_a_new_one(alice: Side, api: Api) -> None:
    saved(api, alice.channel, ".one {}")
    saved(api, alice.channel, ".two {}")
    where = at(alice.channel, "releases/1/rollback/")
    tag = api("GET", at(alice.channel, "sections/"))["ETag"]
    saved(api, alice.channel, ".three {}")
    problem(api("POST", where, {}, If_Match=tag), 412, "changed")
    tag = api("GET", at(alice.channel, "sections/"))["ETag"]
    back = api("POST", where, {"note": "it broke"}, If_Match=tag, Idempotency_Key="b")
    assert (back.status_code, back.json()["number"], back.json()["restored"]) == (201, 4, 1)
    assert back.json()["note"].endswith("it broke")
    assert "Ana · CI" in back.json()["author"]
    assert api("GET", at(alice.channel, CSS)).json()["custom_css"] == ".one {}"
    assert api("POST", where, {"note": "it broke"}, If_Match=tag, Idempotency_Key="b").json() == back.json()
    still = api("POST", where, {})
    assert (still.status_code, still.json()["number"]) == (200, 4)
    area = {"area": "channels_config"}
    section = api("GET", at(alice.channel, CSS))
    one = api("POST", at(alice.channel, "releases/2/rollback/"), area, If_Match=section["ETag"])
    assert (one.status_code, one.json()["number"], one.json()["areas"]) == (201, 5, ["channels_config"])
    assert api("GET", back["Location"].partition("/api/v1")[2].join(["/api/v1", ""])).json()["restored"] == 1


def test_what_cannot_be_brought_back_is_refused(alice: Side, bob: Side, api: Api) -> None:
    saved(api, alice.channel, ".one {}")
    where = at(alice.channel, "releases/1/rollback/")
    for body in ({"area": "dragons"}, {"area": 7}, {"note": "x" * 501}):
        assert set(body) == set(problem(api("POST", where, body), 400, "invalid")["fields"])
    problem(api("POST", where, []), 400, "invalid")
    problem(api("POST", at(alice.channel, "releases/2/rollback/"), {}), 404, "not_found")
    problem(bob.api()("POST", where, {}), 404, "not_found")
    with tenant_scope(alice.organisation.pk):
        retire(alice.channel, by=alice.admin)
    problem(api("POST", at(alice.channel, "releases/2/rollback/"), {}), 409, "not_restorable")
    with tenant_scope(alice.organisation.pk):
        assert Release.objects.count() == 2


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


def test_how_releases_go_live_is_in_a_file_and_takes_the_scope_of_going_live(alice: Side, api: Api) -> None:
    file = api("GET", at(alice.channel, "file/")).json()
    assert file["going_live"] == {"checklist": [], "four_eyes": False, "live_on_save": False}
    file["going_live"] |= {"four_eyes": True, "checklist": ["Read it"]}
    editor = alice.api("read", "sections")
    problem(editor("PUT", at(alice.channel, "file/?dry_run=true"), file), 403, "missing_scope")
    assert api("PUT", at(alice.channel, "file/"), file).json()["changes"] == [
        {"area": "going_live", "fields": ["A second person approves", "Checklist"]}
    ]
    with tenant_scope(alice.organisation.pk):
        assert promotions.rules_of(alice.channel).checklist == ["Read it"]
    del file["going_live"]
    assert api("PUT", at(alice.channel, "file/"), file).json()["action"] == "same"
    for wrong, place in (
        ({"live_on_save": True, "four_eyes": True, "checklist": []}, "going_live.live_on_save"),
        ({"live_on_save": 1, "four_eyes": False, "checklist": []}, "going_live.live_on_save"),
        ({"live_on_save": False, "four_eyes": False, "checklist": [" x"]}, "going_live.checklist"),
        ({"live_on_save": False}, "going_live"),
        ([], "going_live"),
    ):
        refused = problem(
            api("PUT", at(alice.channel, "file/"), file | {"going_live": wrong}), 400, "invalid"
        )
        assert place in refused["fields"], wrong


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
