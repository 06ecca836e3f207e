"""Message catalogues without the gettext programs: `extract`, `compile`, `check`, each for every room or the rooms named.

English is the language of the sources; French stands in `<room>/locale/fr/LC_MESSAGES/django.po`, the shared templates' in
`locale/`. A room is a top-level folder. `compile` needs Babel only, as it also runs where an installation is prepared.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.extract import extract as babel_extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

if TYPE_CHECKING:
    import polib

ROOT = Path(__file__).resolve().parent.parent
LANGUAGE = "fr"
CATALOGUE = Path("locale") / LANGUAGE / "LC_MESSAGES" / "django.po"
#: Folders with no words for the people who use the product.
NOT_ROOMS = {
    "bench",
    "bin",
    "docs",
    "node_modules",
    "static",
    "staticfiles",
    "tests",
    "tools",
    "widget",
    "htmlcov",
}
#: The room of what all rooms share; its catalogue is `locale/`.
SHARED = "templates"

KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
HEADER = {
    "Project-Id-Version": "chatadmin",
    "Language": LANGUAGE,
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=2; plural=(n > 1);",
}

#: %(name)s, %s, %d, and {name}; %% is none.
PLACEHOLDER = re.compile(r"%\(\w+\)[#0\- +]*[\d.]*[a-zA-Z]|%[a-zA-Z]|\{\w+\}")
TAG = re.compile(r"</?[a-z][^>]*>")
#: French puts a no-break space before these and inside « ».
LOOSE_SPACE = re.compile(r" [:;!?»]|« |(?<=\d) (?=\d{3}(?!\d))")
NO_SPACE = re.compile(r"[^\W_][;!?](?=\s|$)|«(?=\w)|(?<=\w)»")


#: Its tables say in the third column what French does not say here, a comma between two.
GLOSSARY = Path("docs/glossaire.md")


@dataclass(frozen=True, order=True)
class Key:
    """What makes a message itself. `plural` is empty for one without a plural."""

    context: str
    singular: str
    plural: str = ""

    def __str__(self) -> str:
        return f"{self.singular!r}" + (f" ({self.context})" if self.context else "")


@dataclass
class Found:
    """Where a message stands, and what its author tells translators."""

    files: set[str] = field(default_factory=set)
    comments: list[str] = field(default_factory=list)


def rooms(root: Path = ROOT) -> list[str]:
    """Top-level folders that may hold words, by name."""
    return sorted(
        folder.name
        for folder in root.iterdir()
        if folder.is_dir()
        and folder.name not in NOT_ROOMS
        and not folder.name.startswith((".", "_"))
        and (folder.name == SHARED or (folder / "__init__.py").exists())
    )


def catalogue_path(room: str, root: Path = ROOT) -> Path:
    return root / CATALOGUE if room == SHARED else root / room / CATALOGUE


def sources(room: str, root: Path = ROOT) -> Iterator[Path]:
    """Python and template files of a room; tests and migrations show nobody anything."""
    for path in sorted((root / room).rglob("*")):
        if {"tests", "migrations", "node_modules"} & set(path.relative_to(root).parts):
            continue
        if path.suffix == ".py" or (
            path.suffix in {".html", ".txt"} and SHARED in path.relative_to(root).parts
        ):
            yield path


def extract_room(room: str, root: Path = ROOT) -> dict[Key, Found]:
    """Every message of a room. Raises ValueError naming the file that cannot be read."""
    found: dict[Key, Found] = defaultdict(Found)
    for path in sources(room, root):
        name = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        try:
            messages = list(_messages(text if path.suffix == ".py" else _as_python(text, name)))
        except Exception as error:
            raise ValueError(f"{name}: {error}") from error
        for key, comments in messages:
            entry = found[key]
            entry.files.add(name)
            entry.comments.extend(comment for comment in comments if comment not in entry.comments)
    return dict(found)


def _messages(code: str) -> Iterator[tuple[Key, list[str]]]:
    # Babel's tokenizer reads bytes and looks for a coding line; ours are UTF-8 throughout.
    file = io.BytesIO(b"# -*- coding: utf-8 -*-\n" + code.encode())
    for _line, message, comments, context in babel_extract("python", file, KEYWORDS, ["Translators:"]):
        singular, plural = (message[0], message[1]) if isinstance(message, tuple) else (message, "")
        if singular:
            yield Key(context or "", singular, plural or ""), list(comments)


def _as_python(template: str, name: str) -> str:
    """A template's messages as Python calls. In parentheses, so that no line's indentation means anything."""
    from django.conf import settings  # noqa: PLC0415 - compiling works without Django
    from django.utils.translation import templatize  # noqa: PLC0415

    if not settings.configured:
        settings.configure()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return f"(\n{templatize(template, origin=name)}\n)"


def read(path: Path) -> polib.POFile:
    """A catalogue, an empty one when there is none."""
    import polib  # noqa: PLC0415 - compiling works without it

    if path.exists():
        catalogue = polib.pofile(str(path), encoding="utf-8", wrapwidth=110)
    else:
        catalogue = polib.POFile(wrapwidth=110, encoding="utf-8")
    catalogue.metadata = dict(HEADER)
    return catalogue


def key_of(entry: polib.POEntry) -> Key:
    return Key(entry.msgctxt or "", entry.msgid, entry.msgid_plural or "")


def update(room: str, root: Path = ROOT, elsewhere: dict[Key, polib.POEntry] | None = None) -> str:
    """Bring a room's catalogue up to its sources: new messages in, stale ones out, translations kept.

    A new message already translated in another room is taken from there. Returns a sentence on what changed, or "".
    """
    import polib  # noqa: PLC0415

    path = catalogue_path(room, root)
    found = extract_room(room, root)
    before = {key_of(entry): entry for entry in read(path)}
    if not found and not before:
        return ""
    catalogue = polib.POFile(wrapwidth=110, encoding="utf-8")
    catalogue.metadata = dict(HEADER)
    for key in sorted(found, key=lambda one: (min(found[one].files), one)):
        known = before.get(key)
        if known is None or not _translated(known):
            known = (elsewhere or {}).get(key, known)
        entry = polib.POEntry(
            msgctxt=key.context or None,
            msgid=key.singular,
            msgid_plural=key.plural,
            msgstr=known.msgstr if known and not key.plural else "",
            msgstr_plural=(dict(known.msgstr_plural) if known else {0: "", 1: ""}) if key.plural else {},
            occurrences=[(file, "") for file in sorted(found[key].files)],
            comment="\n".join(found[key].comments),
            flags=["python-format"] if "%(" in key.singular or re.search(r"%[sd]", key.singular) else [],
        )
        if key in before and before[key].fuzzy:
            entry.flags.append("fuzzy")
        catalogue.append(entry)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = str(catalogue).rstrip("\n") + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    fresh, stale = set(found) - set(before), set(before) - set(found)
    untranslated = sum(not _translated(entry) for entry in catalogue)
    if not (fresh or stale or untranslated):
        return ""
    return f"{room}: {len(fresh)} new, {len(stale)} gone, {untranslated} to translate"


def _translated(entry: polib.POEntry) -> bool:
    texts = entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]
    return bool(list(texts)) and all(text.strip() for text in texts)


def compile_room(room: str, root: Path = ROOT) -> Path | None:
    """Write a room's .mo beside its .po; None when it has none."""
    path = catalogue_path(room, root)
    if not path.exists():
        return None
    with path.open("rb") as source:
        catalogue = read_po(source, locale=LANGUAGE, domain="django")
    compiled = path.with_suffix(".mo")
    out = io.BytesIO()
    write_mo(out, catalogue)
    compiled.write_bytes(out.getvalue())
    return compiled


def refused_words(root: Path = ROOT) -> dict[str, str]:
    """What the glossary refuses -> what it says instead; nothing where a project has no glossary."""
    path = root / GLOSSARY
    words: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        if line.startswith("| "):
            _english, french, refused = (cell.strip() for cell in line.strip("|").split("|"))
            words.update({word.strip().lower(): french for word in refused.split(",") if word.strip()})
    words.pop("on n’écrit pas", None)
    return words


def check_room(room: str, root: Path = ROOT) -> list[str]:
    """What is not whole in a room's catalogue, a sentence each."""
    refused = refused_words(root)
    path = catalogue_path(room, root)
    found = extract_room(room, root)
    entries = list(read(path)) if path.exists() else []
    name = path.relative_to(root)
    known: dict[Key, polib.POEntry] = {}
    problems = []
    for entry in entries:
        key = key_of(entry)
        if entry.obsolete or key not in found:
            problems.append(f"{name}: stale: {key} is in no source")
            continue
        if key in known:
            problems.append(f"{name}: twice: {key}")
        known[key] = entry
        problems.extend(f"{name}: {problem}: {key}" for problem in _faults(entry, refused))
    missing = [key for key in found if key not in known]
    problems.extend(f"{name}: missing: {key} of {min(found[key].files)}" for key in sorted(missing))
    return problems


def _faults(entry: polib.POEntry, refused: dict[str, str]) -> list[str]:
    if entry.fuzzy:
        return ["fuzzy"]
    if not _translated(entry):
        return ["not translated"]
    faults = []
    texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
    if entry.msgid_plural and sorted(entry.msgstr_plural) != [0, 1]:
        faults.append("needs two plural forms")
    wanted = _placeholders(entry.msgid_plural or entry.msgid)
    # One thing may be counted in words: "One channel" for "%(count)s channels".
    singular = {tuple(_placeholders(entry.msgid)), tuple(wanted)}
    for number, text in enumerate(texts):
        have = _placeholders(text)
        if have != wanted and not (entry.msgid_plural and number == 0 and tuple(have) in singular):
            faults.append(
                f"placeholders differ ({', '.join(have) or 'none'} for {', '.join(wanted) or 'none'})"
            )
        if sorted(TAG.findall(text)) != sorted(TAG.findall(entry.msgid)):
            faults.append("tags differ")
        if LOOSE_SPACE.search(text):
            faults.append("a space that may break before : ; ! ? », after « or in a number")
        if NO_SPACE.search(TAG.sub("", text)):
            faults.append("no space before ; ! ? » or after «")
        faults.extend(
            f"says “{word}”; the glossary says “{french}”"
            for word, french in refused.items()
            if re.search(rf"(?<![\w<-]){re.escape(word)}(?![\w>-])", PLACEHOLDER.sub("", text), re.IGNORECASE)
        )
        if [text.startswith(" "), text.endswith(" ")] != [
            entry.msgid.startswith(" "),
            entry.msgid.endswith(" "),
        ]:
            faults.append("begins or ends with another space")
    return faults


def _placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text.replace("%%", "")))


def conflicts(names: Iterable[str], root: Path = ROOT) -> list[str]:
    """Messages two rooms translate differently: Django merges all catalogues, and one would win by chance."""
    said: dict[Key, dict[str, str]] = defaultdict(dict)
    for room in names:
        path = catalogue_path(room, root)
        if path.exists():
            for entry in filter(_translated, read(path)):
                said[key_of(entry)].setdefault(entry.msgstr or str(sorted(entry.msgstr_plural.items())), room)
    return [
        f"{' and '.join(sorted(ways.values()))} translate {key} differently: {' / '.join(ways)}"
        for key, ways in sorted(said.items())
        if len(ways) > 1
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["extract", "compile", "check"])
    parser.add_argument("rooms", nargs="*", help="all when none is named")
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.rooms) - set(rooms())
    if unknown:
        parser.error(f"no such room: {', '.join(sorted(unknown))}")
    names = chosen.rooms or rooms()
    if chosen.command == "extract":
        translated = {
            key_of(entry): entry
            for room in rooms()
            for entry in read(catalogue_path(room))
            if _translated(entry) and not entry.fuzzy
        }
        for room in names:
            if says := update(room, elsewhere=translated):
                print(says)
        return 0
    if chosen.command == "compile":
        for room in names:
            compile_room(room)
        return 0
    problems = [problem for room in names for problem in check_room(room)] + conflicts(names)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
