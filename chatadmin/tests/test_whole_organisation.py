"""Everything an organisation says of its channels, out of one organisation and into an empty one: by folder, by file, by page."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from areas import registry
from audit.models import Entry
from channels_config.models import Channel
from channels_config.tests.factories import channel
from desk.models import Card, QuickReplies, Snippet
from files import imports
from files.documents import organisation_document
from files.formats import read
from files.models import Import
from guide.tests.factories import entry, guide, rule
from ipblocking.models import AddressList
from publishing.models import Release, Rules
from publishing.promotions import set_rules
from surveys.defaults import item
from surveys.models import ChannelSurvey, ConsentText, CustomField, SurveyForm
from surveys.section import new_item
from surveys.services import save_form
from surveys.tests.factories import asking, field, form
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person

pytestmark = pytest.mark.django_db

CARD = '{\n  "type": "AdaptiveCard",\n  "version": "1.6",\n  "body": [{"type": "TextBlock", "text": "Bonjour"}]\n}\n'


def run(*arguments: object) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out)
    return out.getvalue()


def changed(one: Channel, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    area = registry.area(name)
    section = json.loads(json.dumps(area.dump(one)))
    change(section)
    assert [problem for problem in area.check(section, {}) if problem.blocking] == [], name
    area.load(one, section)


@pytest.fixture
def full() -> Organisation:
    """An organisation in which every area says something of its own, and whose Guide comes first by name."""
    org = organisation(1009, "Banque")
    ana = member(org, Role.ADMIN)
    support = channel(
        org, "Support", draft={"custom_css": ".a { color: red }\n", "custom_js": "var a = 1;\n"}
    )
    ventes = channel(org, "Ventes", kind="live")
    with tenant_scope(org.pk):
        field("plan", ana, kind="list")
        field("unused", ana, label="Never asked")
        asked = form(ana, item("plan", required=True), new_item("consent.1", text="First"), name="Accueil")
        document = {
            **asked.document,
            "items": [asked.document["items"][0], new_item("consent.1", text="Second")],
        }
        asked = save_form(asked, name="Accueil", document=document, seen=None, by=ana)
        form(ana, name="Spare")
        asking(support, asked, ana)
        changed(
            support,
            "ipblocking",
            lambda one: one.update(
                entries=["1.2.3.4 # spam"], lists=[{"name": "Bots", "entries": ["192.0.2.0/24"]}]
            ),
        )
        AddressList.objects.create(name="Kept for later", lines="203.0.113.7", source="203.0.113.7\n", size=1)
        changed(
            support,
            "translations",
            lambda one: one.update(
                variants=[
                    {
                        "name": "Québec",
                        "locale": "fr_CA",
                        "fallback": None,
                        "phrases": {"customFields.plan": "Forfait"},
                    }
                ]
            ),
        )
        changed(
            support,
            "file_restrictions",
            lambda one: one.update(
                max_size_mb=7,
                allowed_types=[
                    {
                        "media_type": "application/vnd.banque.releve+json",
                        "description": "Relevé",
                        "max_size_mb": 3,
                    }
                ],
            ),
        )
        changed(support, "auth_config", lambda one: one.update(mode="cookie", epoch=2))
        changed(ventes, "live_chat", lambda one: one["hours"]["weekly"].update(sunday=[["09:30", "12:00"]]))
        set_rules(support, live_on_save=False, four_eyes=True, checklist=["Lu par deux personnes"], by=ana)
        set_rules(ventes, live_on_save=True, four_eyes=False, checklist=[], by=ana)
        Card.objects.create(name="Bonjour", source=CARD)
        for choices in (["Oui", "Non"], ["Oui", "Non", "Plus tard"]):
            QuickReplies.objects.create(question="Avez-vous votre numéro ?", choices=choices)
        Snippet.objects.create(shortcut="heures", text_fr="De 9 h à 17 h.\nÀ bientôt.")
    guide(
        org,
        "Accès",
        entry("Paiement", support.public_id, ventes.public_id, rules=[rule("starts", "/pay")]),
        entry("Partout", ventes.public_id),
        branding={"button": "#336699"},
        rank=7,
    )
    return org


def tree(org: Organisation) -> dict[str, Any]:
    """What the organisation's file says, ids of channels replaced by their names."""
    with tenant_scope(org.pk):
        document = organisation_document(org, Channel.every.all())
        names = dict(Channel.every.values_list("public_id", "name"))
    text = re.sub(
        r'"((?:chat|guide)_[0-9a-f-]{36})"', lambda found: json.dumps(names[found[1]]), json.dumps(document)
    )
    found: dict[str, Any] = json.loads(text)
    return {name: value for name, value in found.items() if name not in {"brand", "name", "time_zone"}}


def by_folder(source: Organisation, target: Organisation, folder: Path) -> None:
    run("export_channel", source.number, "--all", folder)
    assert sorted(path.name.split(".")[0] for path in folder.iterdir()) == [
        "acces",
        "organisation",
        "support",
        "ventes",
    ]
    with pytest.raises(SystemExit) as different:
        run("apply", folder, "--organisation", target.number, "--dry-run")
    assert different.value.code == 3
    said = run("apply", folder, "--organisation", target.number, "--note", "From Git")
    assert "3 of 3 channels changed." in said
    # Each of them is made once, and the Guide finds the channels that come with it.
    assert said.count("Makes the") == 0
    assert "no such channel" not in said
    assert "no channel “" not in said
    before = {path.name.split(".")[0]: path.read_bytes() for path in folder.iterdir()}
    again = run("apply", folder, "--organisation", target.number)
    assert "0 of 3 channels changed." in again
    assert run("apply", folder, "--organisation", target.number, "--dry-run").count("nothing changes") == 3
    run("export_channel", target.number, "--all", folder / "there")
    after = {path.name.split(".")[0]: path.read_bytes() for path in (folder / "there").iterdir()}
    assert set(after) == set(before)
    run("apply", folder / "there", "--organisation", target.number, "--dry-run")


def by_file(source: Organisation, target: Organisation, folder: Path) -> None:
    file = folder / "everything.yaml"
    run("export_organisation", source.number, "--output", file)
    with pytest.raises(SystemExit):
        run("import_channel", target.number, file, "--dry-run")
    assert "3 of 3 channels changed." in run("import_channel", target.number, file)
    assert "0 of 3 channels changed." in run("import_channel", target.number, file)


def by_page(source: Organisation, target: Organisation, folder: Path) -> None:
    with tenant_scope(source.pk):
        content = json.dumps(organisation_document(source, Channel.every.all())).encode()
    bea = member(target, Role.ADMIN, person(language="en", name="Bea"))
    with tenant_scope(target.pk):
        taken = imports.take_in(content, name="all.json", into=None, by=bea)
        looked = imports.look(taken)
        assert {one.action for one in looked.beside} == {"create"}
        assert [
            str(one.message) for step in looked.steps if step.file.kind == "guide" for one in step.warnings
        ] == []
        assert not CustomField.objects.exists()
        imports.start(taken, looked.steps, note="")
    imports.go_on(target.pk, taken.pk)
    with tenant_scope(target.pk):
        over = Import.objects.get()
        assert (over.state, {one["outcome"] for one in over.results}) == ("done", {"create"})
        assert [one["name"] for one in over.results if not one.get("beside")] == [
            "Support",
            "Ventes",
            "Accès",
        ]
        assert {str(one.actor_label) for one in Entry.objects.exclude(action__startswith="org")} >= {"Bea"}


@pytest.mark.parametrize("way", [by_folder, by_file, by_page])
def test_an_organisation_arrives_whole_in_an_empty_one(
    full: Organisation, tmp_path: Path, way: Callable[[Organisation, Organisation, Path], None]
) -> None:
    empty = organisation(1010, "Filiale")
    way(full, empty, tmp_path)
    assert tree(empty) == tree(full)
    with tenant_scope(empty.pk):
        support, ventes = Channel.objects.get(name="Support"), Channel.objects.get(name="Ventes")
        offers = registry.area("guide").dump(Channel.guides.get())["entries"][0]["channels"]
        assert [one["channel"] for one in offers] == [support.public_id, ventes.public_id]
        # The forms are tied to their channels, not copies left alone.
        assert ChannelSurvey.objects.filter(channel=support, detached=False, form__name="Accueil").exists()
        assert SurveyForm.objects.count() == 2
        assert {(one.ident, one.version) for one in ConsentText.objects.all()} == {("consent.1", 2)}
        # What goes live on every save did not go live by being imported.
        assert Rules.objects.filter(channel=ventes, live_on_save=True).exists()
        assert set(
            Release.objects.filter(channel=ventes).values_list("channel__deliveries__environment", flat=True)
        ) == {"test"}


def test_a_guide_alone_says_which_channels_it_misses_and_finds_them_later(
    full: Organisation, tmp_path: Path
) -> None:
    empty = organisation(1010)
    run("export_channel", full.number, "--all", tmp_path)
    alone = next(tmp_path.glob("acces.*"))
    said = run("import_channel", empty.number, alone)
    for name in ("Support", "Ventes"):
        assert f"Your organisation has no channel “{name}” yet" in said
    assert "0 of 1 channels changed." in run("import_channel", empty.number, alone)
    run("import_channel", empty.number, next(tmp_path.glob("support.*")))
    run("import_channel", empty.number, next(tmp_path.glob("ventes.*")))
    assert "1 of 1 channels changed." in run("import_channel", empty.number, alone)
    with tenant_scope(empty.pk):
        ids = set(Channel.objects.values_list("public_id", flat=True))
        entries = registry.area("guide").dump(Channel.guides.get())["entries"]
    assert {one["channel"] for each in entries for one in each["channels"]} == ids
    with tenant_scope(full.pk):
        assert [one["id"] for one in entries] == [
            one["id"] for one in registry.area("guide").dump(Channel.guides.get())["entries"]
        ]


def test_what_is_there_stays_and_what_is_wrong_beside_the_channels_is_named_by_its_place(
    full: Organisation, tmp_path: Path
) -> None:
    file = tmp_path / "organisation.json"
    run("export_organisation", full.number, "--format", "json", "--output", file)
    document = read(file.read_bytes())
    document["channels"] = []
    document["custom_fields"][1]["label"] = "Otherwise"
    document["canned_answers"].append({"shortcut": "bye", "text_fr": "", "text_en": "Bye."})
    file.write_text(json.dumps(document))
    said = run("import_channel", full.number, file)
    assert (
        f"Custom field {document['custom_fields'][1]['ident']}: says something else here, and stays" in said
    )
    assert "+ Canned answer bye: create" in said
    with tenant_scope(full.pk):
        assert Snippet.objects.get(shortcut="bye").text_en == "Bye."
        assert not CustomField.objects.filter(label="Otherwise").exists()
    for place, value in (
        ("custom_fields.0.kind", "fax"),
        ("forms.0.items.0.ident", "nobody"),
        ("address_lists.0.entries.0", "1.2.3"),
        ("cards.0.source", "{}"),
        ("canned_answers.0.shortcut", "Not One"),
        ("canned_answers.0.text_fr", 7),
        ("quick_replies.0.choices", ["x"] * 21),
        ("forms.0.name", " "),
        ("cards", {}),
    ):
        wrong = json.loads(json.dumps(document))
        at: Any = wrong
        *way, last = place.split(".")
        for part in way:
            at = at[int(part)] if part.isdigit() else at[part]
        at[int(last) if last.isdigit() else last] = value
        file.write_text(json.dumps(wrong))
        with pytest.raises(CommandError) as refused:
            run("import_channel", full.number, file)
        said_at = place.rpartition(".")[0] if place.startswith("quick") else place
        assert said_at in str(refused.value)
    other = tmp_path / "twice"
    other.mkdir()
    for name in ("a.json", "b.json"):
        (other / name).write_text(json.dumps(document))
    with pytest.raises(CommandError, match=r"custom_fields\.3\.ident: Another entry has this name"):
        run("apply", other, "--organisation", full.number)
