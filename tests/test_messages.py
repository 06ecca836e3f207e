"""The message catalogues' tool, on a small project of its own; and the project's own catalogues."""

from __future__ import annotations

import gettext
from pathlib import Path

import polib
import pytest

from tools import messages

PYTHON = """
from django.utils.translation import gettext as _, ngettext, pgettext
# Translators: on a button
SAVE = _("Save")
LONG = _("One sentence "
         "over two lines")
def say(count):
    return ngettext("%(count)s channel", "%(count)s channels", count) % {"count": count}
KEY = pgettext("key", "Esc")
NOT = gettext_none("never shown")
"""
TEMPLATE = """{% load i18n %}
<p title="{% translate 'Copy' %}">
   {% blocktranslate with name=channel.name %}Delete “{{ name }}”, 100% of it?{% endblocktranslate %}
 {% translate "open" context "palette" %}
{# an aside: unbalanced ) ( quotes ' " and {% comment %}
{% comment %}{% translate "in a comment" %}{% endcomment %}
<button onclick="x(">{% blocktranslate count count=n trimmed %}
  one
{% plural %}
  {{ count }} many
{% endblocktranslate %}</button>
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A room `shop`, whose tests hold a message as well, and shared templates."""
    shop = tmp_path / "shop"
    (shop / "templates" / "shop").mkdir(parents=True)
    (shop / "tests").mkdir()
    (shop / "__init__.py").touch()
    (shop / "words.py").write_text(PYTHON)
    (shop / "templates" / "shop" / "page.html").write_text(TEMPLATE)
    (shop / "tests" / "test_words.py").write_text('_("only in a test")')
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "base.html").write_text('{% load i18n %}{% translate "Skip" %}')
    (tmp_path / "notes").mkdir()
    return tmp_path


def catalogue(project: Path) -> polib.POFile:
    return polib.pofile(str(messages.catalogue_path("shop", project)))


def translate(project: Path, **changes: str) -> None:
    """Every message by "fr " and itself; those in `changes` by what they say."""
    found = catalogue(project)
    for entry in found:
        if entry.msgid_plural:
            entry.msgstr_plural = {0: f"fr {entry.msgid}", 1: f"fr {entry.msgid_plural}"}
        else:
            # French has a no-break space there, and the check holds translations to it.
            entry.msgstr = changes.get(entry.msgid, f"fr {entry.msgid}".replace("?", "\u00a0?"))
    found.save(str(messages.catalogue_path("shop", project)))


def test_a_room_is_a_package_or_the_shared_templates(project: Path) -> None:
    assert messages.rooms(project) == ["shop", "templates"]


def test_python_and_templates_are_read_and_tests_are_not(project: Path) -> None:
    found = messages.extract_room("shop", project)
    assert {(key.context, key.singular, key.plural) for key in found} == {
        ("", "Save", ""),
        ("", "One sentence over two lines", ""),
        ("", "%(count)s channel", "%(count)s channels"),
        ("key", "Esc", ""),
        ("", "Copy", ""),
        ("", "Delete “%(name)s”, 100%% of it?", ""),
        ("palette", "open", ""),
        ("", "one", "%(count)s many"),
    }
    assert found[messages.Key("", "Save")].comments == ["Translators: on a button"]


def test_an_unreadable_template_is_named(project: Path) -> None:
    (project / "shop" / "templates" / "bad.html").write_text(
        "{% blocktranslate %}{% if x %}{% endblocktranslate %}"
    )
    with pytest.raises(ValueError, match=r"shop/templates/bad\.html"):
        messages.extract_room("shop", project)


def test_the_shared_templates_have_their_catalogue_at_the_root(project: Path) -> None:
    messages.update("templates", project)
    assert [entry.msgid for entry in polib.pofile(str(project / messages.CATALOGUE))] == ["Skip"]


def test_updating_brings_in_what_is_new_and_keeps_what_is_translated(project: Path) -> None:
    assert messages.update("shop", project) == "shop: 8 new, 0 gone, 8 to translate"
    translate(project, Save="Enregistrer")
    (project / "shop" / "words.py").write_text('_("Save")\n_("Rename")\n')
    assert messages.update("shop", project) == "shop: 1 new, 3 gone, 1 to translate"
    assert {
        entry.msgid: entry.msgstr for entry in catalogue(project) if entry.msgid in {"Save", "Rename"}
    } == {
        "Save": "Enregistrer",
        "Rename": "",
    }


def test_updating_twice_changes_nothing(project: Path) -> None:
    messages.update("shop", project)
    translate(project)
    messages.update("shop", project)
    before = messages.catalogue_path("shop", project).read_bytes()
    assert messages.update("shop", project) == ""
    assert messages.catalogue_path("shop", project).read_bytes() == before


def test_a_sentence_translated_in_another_room_is_taken_from_there(project: Path) -> None:
    known = polib.POEntry(msgid="Save", msgstr="Enregistrer")
    messages.update("shop", project, elsewhere={messages.key_of(known): known})
    assert next(entry for entry in catalogue(project) if entry.msgid == "Save").msgstr == "Enregistrer"


def test_what_is_compiled_is_what_gettext_reads(project: Path) -> None:
    messages.update("shop", project)
    translate(project, Save="Enregistrer")
    compiled = messages.compile_room("shop", project)
    assert compiled is not None
    with compiled.open("rb") as file:
        french = gettext.GNUTranslations(file)
    assert french.gettext("Save") == "Enregistrer"
    assert french.pgettext("key", "Esc") == "fr Esc"
    # In French nothing at all is singular.
    assert french.ngettext("%(count)s channel", "%(count)s channels", 0) == "fr %(count)s channel"
    assert french.ngettext("%(count)s channel", "%(count)s channels", 2) == "fr %(count)s channels"


def test_a_room_without_a_catalogue_compiles_to_nothing(project: Path) -> None:
    assert messages.compile_room("shop", project) is None


def test_a_whole_catalogue_passes(project: Path) -> None:
    messages.update("shop", project)
    translate(project)
    assert messages.check_room("shop", project) == []


@pytest.mark.parametrize(
    ("msgid", "says", "problem"),
    [
        ("Save", "", "not translated"),
        ("Save", "   ", "not translated"),
        ("Delete “%(name)s”, 100%% of it?", "Supprimer\u00a0?", "placeholders differ (none for %(name)s)"),
        ("Delete “%(name)s”, 100%% of it?", "%(nom)s", "placeholders differ (%(nom)s for %(name)s)"),
        ("Copy", "Copier : ici", "a space that may break"),
        ("Copy", "« Copier\u00a0»", "a space that may break"),
        ("Copy", "Copier; ici", "no space before"),
        ("Copy", "«Copier»", "no space before"),
        ("Copy", "2 000 copies", "or in a number"),
        ("Copy", "Copier le Tchat", "says “tchat”; the glossary says “clavardage”"),
        ("Copy", "<b>Copier</b>", "tags differ"),
        ("Copy", " Copier", "begins or ends with another space"),
    ],
)
def test_what_is_not_whole_fails_the_check(project: Path, msgid: str, says: str, problem: str) -> None:
    (project / "docs").mkdir()
    (project / messages.GLOSSARY).write_text(
        "| Anglais | Français | On n’écrit pas |\n|---|---|---|\n| **Canaux** | | |\n| chat | clavardage | le chat, tchat |\n"
    )
    messages.update("shop", project)
    translate(project, **{msgid: says})
    found = messages.check_room("shop", project)
    assert len(found) == 1
    assert problem in found[0]
    assert repr(msgid) in found[0]


def test_a_placeholder_may_be_named_by_a_word_french_does_not_say(project: Path) -> None:
    (project / "docs").mkdir()
    (project / messages.GLOSSARY).write_text("| name | nom | name |\n")
    assert messages.refused_words(project) == {"name": "nom"}
    messages.update("shop", project)
    translate(project, **{"Delete “%(name)s”, 100%% of it?": "Supprimer %(name)s, 100 %% ?"})
    assert messages.check_room("shop", project) == []


def test_a_fuzzy_entry_fails_the_check(project: Path) -> None:
    messages.update("shop", project)
    translate(project)
    fuzzy = catalogue(project)
    fuzzy[0].flags.append("fuzzy")
    fuzzy.save(str(messages.catalogue_path("shop", project)))
    assert [problem.split(": ")[1] for problem in messages.check_room("shop", project)] == ["fuzzy"]


def test_a_missing_and_a_stale_entry_fail_the_check(project: Path) -> None:
    messages.update("shop", project)
    translate(project)
    (project / "shop" / "words.py").write_text('_("Rename")')
    assert sorted(problem.split(": ")[1] for problem in messages.check_room("shop", project)) == [
        "missing",
        "stale",
        "stale",
        "stale",
        "stale",
    ]


def test_two_rooms_that_translate_one_sentence_differently_are_told(project: Path) -> None:
    (project / "templates" / "base.html").write_text('{% load i18n %}{% translate "Save" %}')
    for room, french in (("shop", "Enregistrer"), ("templates", "Sauvegarder")):
        messages.update(room, project)
        path = messages.catalogue_path(room, project)
        found = polib.pofile(str(path))
        next(entry for entry in found if entry.msgid == "Save").msgstr = french
        found.save(str(path))
    told = messages.conflicts(["shop", "templates"], project)
    assert told == ["shop and templates translate 'Save' differently: Enregistrer / Sauvegarder"]


def test_an_unknown_room_is_a_mistake_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        messages.main(["check", "nowhere"])
    assert "no such room: nowhere" in capsys.readouterr().err
