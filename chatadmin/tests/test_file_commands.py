"""export_channel, import_channel and apply, as an operator runs them."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from areas import registry
from channels_config.models import Channel, WebSettings
from channels_config.services import delete_channel
from channels_config.tests.factories import channel
from files.formats import read
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def org() -> Organisation:
    made = organisation()
    channel(made, "Support", draft={"custom_css": ".a { color: red }\n"})
    channel(made, "Été / Ventes", kind="live")
    return made


def run(*arguments: object) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out)
    return out.getvalue()


def css(org: Organisation, name: str = "Support") -> str:
    with tenant_scope(org.pk):
        return WebSettings.objects.get(channel__name=name).custom_css


def test_a_channel_goes_to_standard_output_and_back(org: Organisation, tmp_path: Path) -> None:
    text = run("export_channel", org.number, "support")
    assert read(text.encode())["name"] == "Support"
    file = tmp_path / "support.yaml"
    file.write_text(text.replace(".a { color: red }", ".b { color: blue }"), encoding="utf-8")
    with pytest.raises(SystemExit) as different:
        run("import_channel", org.number, file, "--dry-run")
    assert different.value.code == 3
    document = read(text.encode())
    document["areas"]["channels_config"] |= {
        "custom_css": ".a { color: red }\n" + "".join(f".b{number} {{}}\n" for number in range(90)),
        "allowed_domains": ["x.example", "y.example"],
    }
    (tmp_path / "long.json").write_text(json.dumps(document))
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("import_channel", str(org.number), str(tmp_path / "long.json"), "--dry-run", stdout=out)
    said = out.getvalue().splitlines()
    assert "        + .b0 {}" in said
    assert "        + .b89 {}" not in said
    assert any(re.fullmatch(r"          … and 3\d more", line) for line in said)
    assert "        + y.example" in said
    assert css(org) == ".a { color: red }\n"
    assert "1 of 1 channels changed." in run("import_channel", org.number, file)
    assert css(org) == ".b { color: blue }\n"
    assert "0 of 1 channels changed." in run("import_channel", org.number, file)
    assert "nothing changes" in run("import_channel", org.number, file, "--dry-run")


def test_a_folder_is_written_and_applied_and_the_second_time_nothing_changes(
    org: Organisation, tmp_path: Path
) -> None:
    run("export_channel", org.number, "--all", tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert [name.split(".")[0] for name in names] == ["ete-ventes", "organisation", "support"]
    before = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    run("export_channel", org.number, "--all", tmp_path)
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == before
    support = next(tmp_path.glob("support.*"))
    support.write_text(support.read_text().replace("name: Support", "name: Help desk"), encoding="utf-8")
    assert "name: Support -> Help desk" in run("apply", tmp_path, "--organisation", org.number)
    assert "0 of 2 channels changed." in run("apply", tmp_path, "--organisation", org.number)
    run("export_channel", org.number, "--all", tmp_path)
    assert sorted(path.name.split(".")[0] for path in tmp_path.iterdir()) == [
        "ete-ventes",
        "help-desk",
        "organisation",
    ]


def test_an_organisation_is_one_file_and_back(org: Organisation, tmp_path: Path) -> None:
    file = tmp_path / "organisation.json"
    run("export_organisation", org.number, "--format", "json", "--output", file)
    document = read(file.read_bytes())
    assert [one["name"] for one in document["channels"]] == ["Été / Ventes", "Support"]
    assert read(run("export_organisation", org.number).encode()) == document
    document["channels"][1]["areas"]["channels_config"]["custom_css"] = ".all {}\n"
    file.write_text(json.dumps(document))
    assert "1 of 2 channels changed." in run("import_channel", org.number, file)
    assert css(org) == ".all {}\n"
    assert "0 of 2 channels changed." in run("import_channel", org.number, file)


def test_a_secret_typed_into_a_file_is_taken_once_and_leaves_as_a_placeholder(
    org: Organisation, tmp_path: Path
) -> None:
    file = tmp_path / "new.json"
    document = read(run("export_channel", org.number, "Support", "--format", "json").encode())
    document |= {"id": "", "name": "New", "areas": {"auth_config": document["areas"]["auth_config"]}}
    document["areas"]["auth_config"] |= {"mode": "jwt"}
    document["areas"]["auth_config"]["jwt"] |= {"secret": "<secret>"}
    file.write_text(json.dumps(document))
    with pytest.raises(CommandError, match="Nothing was changed"):
        run("import_channel", org.number, file)
    secret = "a-secret-of-more-than-thirty-two-characters"
    file.write_text(file.read_text().replace("<secret>", secret))
    with pytest.raises(SystemExit):
        run("import_channel", org.number, file, "--dry-run")
    said = run("import_channel", org.number, file)
    assert "1 of 1 channels changed." in said
    assert secret not in said
    with tenant_scope(org.pk):
        area = registry.area("auth_config")
        assert secret in str(area.private(area.dump(Channel.objects.get(name="New"))))
    # Neither the file again nor an export of it changes anything.
    assert "0 of 1 channels changed." in run("import_channel", org.number, file)
    exported = run("export_channel", org.number, "New")
    assert secret not in exported
    file.write_text(exported)
    assert "0 of 1 channels changed." in run("import_channel", org.number, file)


def test_a_deleted_channel_s_file_is_named_and_taken_away_when_asked(
    org: Organisation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("export_channel", org.number, "--all", tmp_path)
    (tmp_path / "notes.yaml").write_text("mine: true\n")
    (tmp_path / "broken.01234567.yaml").write_text("a: [")
    admin = member(org, Role.ADMIN)
    with tenant_scope(org.pk):
        found = Channel.objects.get(name="Support")
        delete_channel(found, typed_name="Support", by=admin)
    with pytest.raises(CommandError, match="goes with --all"):
        run("export_channel", org.number, found.public_id, "--prune")
    run("export_channel", org.number, "--all", tmp_path)
    assert "apply would make it anew" in capsys.readouterr().err
    assert len(list(tmp_path.glob("support.*"))) == 1
    assert "its channel was deleted" in run("export_channel", org.number, "--all", tmp_path, "--prune")
    assert sorted(path.name.split(".")[0] for path in tmp_path.iterdir()) == [
        "broken",
        "ete-ventes",
        "notes",
        "organisation",
    ]


def test_one_wrong_file_keeps_everything_as_it_was(org: Organisation, tmp_path: Path) -> None:
    run("export_channel", org.number, "--all", tmp_path, "--format", "json")
    for path in tmp_path.iterdir():
        document = json.loads(path.read_text())
        if document["chatadmin"] == "organisation":
            continue
        document["areas"]["channels_config"]["custom_css"] = ".new {}\n"
        if document["name"] != "Support":
            document["areas"]["channels_config"]["allowed_domains"] = ["ftp://x"]
        path.write_text(json.dumps(document))
    with pytest.raises(CommandError, match="Nothing was changed"):
        run("apply", tmp_path, "--organisation", org.number)
    assert css(org) == ".a { color: red }\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export_channel", "{org}", "Nobody"), "no channel “Nobody”"),
        (("export_channel", "{org}"), "one channel, or --all"),
        (("export_channel", "99999", "Support"), "no organisation with the brand number 99999"),
        (("import_channel", "{org}", "{tmp}/none.yaml"), "No such file"),
        (("apply", "{tmp}/none", "--organisation", "{org}"), "There is no folder"),
        (("apply", "{tmp}", "--organisation", "{org}"), "There is no .yaml"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    org: Organisation, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        run(*(one.replace("{org}", str(org.number)).replace("{tmp}", str(tmp_path)) for one in arguments))


def test_a_file_that_cannot_be_read_is_named_with_its_line(org: Organisation, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("a: 1\na: 2\n")
    with pytest.raises(CommandError, match=r"bad\.yaml: Line 2: The field “a” stands there twice"):
        run("apply", tmp_path, "--organisation", org.number)


def test_a_channel_json_of_cxone_is_imported_into_a_channel(org: Organisation, tmp_path: Path) -> None:
    file = tmp_path / "channel.json"
    file.write_text(
        json.dumps({"name": "X", "isLiveChat": False, "customCss": ".x {}", "settings": {"odd": 1}})
    )
    said = run("import_channel", org.number, file, "--channel", "Support")
    assert "unknown  settings.odd" in said
    assert css(org) == ".x {}"
    with tenant_scope(org.pk):
        assert Channel.objects.filter(name="Support").exists()
