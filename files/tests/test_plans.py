"""What importing a file would do, and doing it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.utils import translation

from areas import registry
from areas.contract import SECRET_PLACEHOLDER, Area, Section
from audit.models import Entry
from channels_config.models import Channel, WebSettings
from channels_config.tests.factories import channel
from files import formats, plans
from files.documents import NotAChannelFile, channel_document, organisation_document, read_channels
from publishing.models import Delivery, Release
from tenants.models import Organisation
from tenants.scope import tenant_scope
from tenants.tests.factories import organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def org() -> Organisation:
    return organisation(1009)


@pytest.fixture(autouse=True)
def scope(org: Organisation) -> Iterator[None]:
    with translation.override("en"), tenant_scope(org.pk):
        yield


@pytest.fixture
def support(org: Organisation) -> Channel:
    return channel(org, "Support", draft={"custom_css": ".a { color: red }\n"})


def edited(of: Channel, **changes: Any) -> list[Any]:
    document = channel_document(of)
    document["areas"]["channels_config"] |= changes
    return read_channels(document)


def test_a_channel_s_own_file_changes_nothing(support: Channel) -> None:
    [step] = plans.plan(read_channels(channel_document(support)))
    assert step.action == "same"
    assert plans.apply(step, by=None) == support
    assert not Release.objects.exists()


def test_the_same_drafts_give_the_same_bytes(support: Channel) -> None:
    before = formats.write(channel_document(support), "yaml")
    registry.area("channels_config").load(support, registry.area("channels_config").dump(support))
    assert formats.write(channel_document(support), "yaml") == before
    assert "\n      .a { color: red }\n" in before


def test_a_dry_run_shows_what_differs_and_changes_nothing(support: Channel) -> None:
    [step] = plans.plan(edited(support, custom_css=".b { color: blue }\n"))
    assert step.action == "update"
    assert [one.area.name for one in step.areas] == ["channels_config"]
    assert [
        line.text for change in step.areas[0].changes for line in change.lines if line.kind == "after"
    ] or [change.after for change in step.areas[0].changes]
    assert WebSettings.objects.get(channel=support).custom_css == ".a { color: red }\n"
    assert not Release.objects.exists()


def test_applying_publishes_one_release_and_records_who_and_from_where(support: Channel) -> None:
    [step] = plans.plan(edited(support, custom_css=".b { color: blue }\n"))
    plans.apply(step, by=None, source="support.yaml", note="From Git")
    release = Release.objects.get()
    assert release.sections["channels_config"]["custom_css"] == ".b { color: blue }\n"
    assert (release.note, release.areas) == ("From Git", ["channels_config"])
    assert Delivery.objects.get(environment="test").wanted == 1
    entry = Entry.objects.get(action="channel.imported")
    assert "“Customise CSS and JS” into the channel “Support” from support.yaml" in str(entry)
    [again] = plans.plan(edited(support, custom_css=".b { color: blue }\n"))
    assert again.action == "same"


def test_a_file_that_says_something_wrong_is_refused_with_the_pages_own_sentence(support: Channel) -> None:
    [step] = plans.plan(edited(support, allowed_domains=["ftp://x"], custom_css=".a { color"))
    assert step.action == "refused"
    assert {one.path for one in step.problems} == {"allowed_domains.0"} | (
        {"custom_css"} & {one.path for one in step.problems}
    )
    with pytest.raises(plans.Refused):
        plans.apply(step, by=None)


@pytest.mark.parametrize(
    "junk", [None, 1, "x", [], {}, {"format": 1}, {"format": "1", "custom_css": 3}, [[{}]]]
)
def test_any_json_in_an_area_is_refused_in_a_sentence(support: Channel, junk: Any) -> None:
    for area in registry.areas():
        document = channel_document(support)
        document["areas"] = {area.name: junk}
        [step] = plans.plan(read_channels(document))
        assert step.action == "refused", area.name
        assert step.problems, area.name


def test_an_area_this_installation_does_not_have_is_refused(support: Channel) -> None:
    document = channel_document(support)
    document["areas"]["horoscope"] = {}
    [step] = plans.plan(read_channels(document))
    assert [(one.area, one.blocking) for one in step.problems] == [("horoscope", True)]


def test_only_the_areas_a_file_speaks_of_are_touched(support: Channel) -> None:
    document = channel_document(support) | {"areas": {}}
    assert plans.plan(read_channels(document))[0].action == "same"


def test_a_channel_is_found_by_its_id_and_renamed(support: Channel) -> None:
    document = channel_document(support) | {"name": "Help desk"}
    [step] = plans.plan(read_channels(document))
    assert (step.action, step.new_name) == ("update", "Help desk")
    plans.apply(step, by=None)
    assert Channel.objects.get().name == "Help desk"


def test_a_channel_of_another_installation_is_found_by_its_name_the_next_time(org: Organisation) -> None:
    elsewhere = "chat_00000000-0000-4000-8000-000000000001"
    source = channel(org, "Source")
    document = channel_document(source) | {"id": elsewhere, "name": "Ventes"}
    document["areas"]["channels_config"]["custom_css"] = ".v { color: green }\n"
    [step] = plans.plan(read_channels(document))
    assert step.action == "create"
    made = plans.apply(step, by=None)
    assert made is not None
    assert made.public_id not in {elsewhere, source.public_id}
    assert WebSettings.objects.get(channel=made).custom_css == ".v { color: green }\n"
    [again] = plans.plan(read_channels(document))
    assert (again.action, again.channel) == ("same", made)


def test_planning_a_new_channel_leaves_none_behind(org: Organisation) -> None:
    document = channel_document(channel(org, "Source")) | {"id": "", "name": "New"}
    plans.plan(read_channels(document))
    assert Channel.objects.count() == 1
    assert not Entry.objects.filter(action="channel.created").exists()


def test_two_files_for_one_channel_are_refused(support: Channel) -> None:
    files = read_channels(channel_document(support)) * 2
    assert [step.action for step in plans.plan(files)] == ["same", "refused"]


def test_two_channels_cannot_end_up_with_one_name(org: Organisation, support: Channel) -> None:
    channel(org, "Ventes")
    document = channel_document(support) | {"name": "ventes"}
    [step] = plans.plan(read_channels(document))
    assert step.action == "refused"
    assert "has a channel of this name already" in str(step.problems[0].message)


def test_a_save_between_looking_and_applying_is_noticed(support: Channel) -> None:
    [step] = plans.plan(edited(support, custom_css=".b {}"))
    WebSettings.objects.filter(channel=support).update(custom_css=".c {}")
    with pytest.raises(plans.ChangedSince):
        plans.apply(step, by=None, unchanged_since=step.seen)


def test_an_organisation_s_file_holds_every_channel_by_name(org: Organisation, support: Channel) -> None:
    channel(org, "Éventail")
    document = organisation_document(org, Channel.objects.all())
    assert [one["name"] for one in document["channels"]] == ["Éventail", "Support"]
    assert [step.action for step in plans.plan(read_channels(document))] == ["same", "same"]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ([], ""),
        ({"chatadmin": "dragon"}, ""),
        ({"chatadmin": "channel", "format": 2, "name": "x", "kind": "live"}, "format"),
        ({"chatadmin": "channel", "format": 1, "name": "", "kind": "live"}, "name"),
        ({"chatadmin": "channel", "format": 1, "name": "x", "kind": "fax"}, "kind"),
        ({"chatadmin": "channel", "format": 1, "name": "x", "kind": "live", "colour": 1}, "colour"),
        ({"chatadmin": "channel", "format": 1, "name": "x", "kind": "live", "areas": []}, "areas"),
        ({"chatadmin": "organisation", "format": 1, "channels": {}}, "channels"),
        ({"chatadmin": "organisation", "format": 1, "channels": [{"name": "x"}]}, "channels.0.kind"),
    ],
)
def test_what_is_no_file_of_ours_is_refused_at_its_place(value: Any, path: str) -> None:
    with pytest.raises(NotAChannelFile) as refused:
        read_channels(value)
    assert path in [one for one, _sentence in refused.value.faults]


# -- Secrets ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_secret(monkeypatch: pytest.MonkeyPatch) -> Area:
    """The area as if its CSS were a secret, through the contract's own hooks."""
    area = registry.area("channels_config")

    def redact(section: Section) -> Section:
        return section | {"custom_css": SECRET_PLACEHOLDER if section["custom_css"] else ""}

    def restore(section: Section, current: Section) -> Section:
        if section["custom_css"] == SECRET_PLACEHOLDER:
            return section | {"custom_css": current["custom_css"]}
        return section

    secretive = replace(area, redact=redact, restore=restore)
    monkeypatch.setattr("areas.registry.areas", lambda: (secretive,))
    return secretive


@pytest.mark.usefixtures("with_secret")
def test_a_secret_leaves_as_a_placeholder_and_comes_back_as_itself(support: Channel) -> None:
    document = channel_document(support)
    assert document["areas"]["channels_config"]["custom_css"] == SECRET_PLACEHOLDER
    document["areas"]["channels_config"]["redesigned_ui"] = False
    [step] = plans.plan(read_channels(document))
    plans.apply(step, by=None)
    draft = WebSettings.objects.get(channel=support)
    assert (draft.custom_css, draft.redesigned_ui) == (".a { color: red }\n", False)


@pytest.mark.usefixtures("with_secret")
def test_a_new_secret_is_taken_and_never_shown(support: Channel) -> None:
    [step] = plans.plan(edited(support, custom_css=".new {}"))
    assert step.areas[0].secret_only
    assert ".new" not in repr([change for one in step.areas for change in one.changes])
    plans.apply(step, by=None)
    assert WebSettings.objects.get(channel=support).custom_css == ".new {}"
