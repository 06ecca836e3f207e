"""What a form asks, what a set of answers is worth, and what is wrong with a form: decisions over the section alone.

Pure; imports no Django; runs in the console, and in an environment for the first message of every conversation. A section is

    {"format": 1,
     "form": null | {"name", "title", "intro", "submit": text, "items": [item, in the order of the form]},
     "fields": [{"ident", "label": text, "kind": "text"|"email"|"list"|"tree", "level": "contact"|"customer",
                 "values": [{"name", "label": text, "parent": name | null}, parents first]}, sorted by ident]}

    item: {"ident", "type": "field"|"consent", "required": bool, "help", "pattern", "pattern_message", "default": text,
           "max_length": 1..1024, "autocomplete": text, "skip_known": bool,
           "show_if": null | {"match": "all"|"any", "when": [{"ident", "test", "value"}, …]},
           "text": text, "version": whole number (both of a consent; "" and 0 of a field)}

`fields` are all custom fields of the organisation, whether the form asks for them or not: what a page sets by a command has to be
one of them. Without a form nothing is asked and nothing is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, product
from typing import Any

from surveys.patterns import BadPattern as BadPattern
from surveys.patterns import Machine, Program, program

FORMAT = 1
KINDS = ("text", "email", "list", "tree")
LEVELS = ("contact", "customer")
TESTS = ("is", "is_not", "under", "answered", "not_answered")
#: Characters of an answer; the web client cuts there (wire contract 3.4).
LONGEST_ANSWER = 1024
LONGEST_EMAIL = 254
MOST_ITEMS = 60
MOST_FIELDS = 200
MOST_VALUES = 2_000
MOST_CLAUSES = 10
DEEPEST = 10
#: Instructions of all patterns of a form together.
MOST_INSTRUCTIONS = 2_000
#: Consents have an ident of their own kind: custom fields hold no full stop.
CONSENT = "consent."
#: One rule for e-mail addresses, in the language of patterns so that browser and environment agree.
EMAIL = r"[^\s@<>()\[\],;:\\\"]+@[^\s@.<>()\[\],;:\\\"]+(\.[^\s@.<>()\[\],;:\\\"]+)+"
EMAIL_PROGRAM: Program = program(EMAIL)

Section = Mapping[str, Any]
Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wrong:
    """An answer that does not do. Codes: required, too_long, email, option, pattern, consent."""

    ident: str
    code: str


@dataclass(frozen=True, slots=True)
class Consented:
    """A consent given: which text, in which version."""

    ident: str
    version: int
    text: str


@dataclass(slots=True)
class Verdict:
    """What remains of a set of answers (`values`, ident -> text), the consents among them, and what is wrong."""

    values: dict[str, str] = field(default_factory=dict)
    consents: list[Consented] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)


def consent_value(version: int) -> str:
    """The answer that gives a consent: it says to which version of the text."""
    return f"v{version}"


class Survey:
    """A section made ready: one for each release an environment serves."""

    def __init__(self, section: Section) -> None:
        form = section.get("form") or {}
        self.name: str = form.get("name", "")
        self.fields: dict[str, Mapping[str, Any]] = {one["ident"]: one for one in section.get("fields", ())}
        self.items: dict[str, Item] = {
            one["ident"]: one
            for one in form.get("items", ())
            if one["type"] == "consent" or one["ident"] in self.fields
        }
        self._email = Machine(EMAIL_PROGRAM)
        self._machines = {
            ident: Machine(program(one["pattern"])) for ident, one in self.items.items() if one["pattern"]
        }
        self._options = {
            ident: {value["name"]: value["parent"] for value in one["values"]}
            for ident, one in self.fields.items()
        }

    @property
    def asks(self) -> bool:
        return bool(self.items)

    def keep(self, given: Mapping[str, str]) -> dict[str, str]:
        """The answers to fields there are, as far as they can be answers to them; for values a page sets on its own."""
        if not self.asks:
            return dict(given)
        return {
            ident: value
            for ident, value in given.items()
            if len(value) <= LONGEST_ANSWER
            and ((ident in self.fields and not self._kind_fault(ident, value)) or ident in self.items)
        }

    def of_customer(self, values: Mapping[str, str]) -> dict[str, str]:
        """Those of the values that say something of the customer, not of this conversation."""
        return {
            ident: value
            for ident, value in values.items()
            if ident in self.fields and self.fields[ident]["level"] == "customer"
        }

    def judge(self, given: Mapping[str, str], known: Mapping[str, str]) -> Verdict:
        """Look at the answers to a whole form. `known` is what the environment knows of the customer already.

        It stands in where an item may be skipped then, or a field belongs to the customer. An answer to a question that the
        conditions hide is dropped, as is one to no question and no field.
        """
        verdict = Verdict()
        if not self.asks:
            verdict.values = dict(given)
            return verdict
        values = {
            ident: value for ident, value in given.items() if ident in self.fields or ident in self.items
        }
        for ident, item in self.items.items():
            if not values.get(ident, "").strip() and ident in known and self._stands_in(item, known[ident]):
                values[ident] = known[ident]
        shown = self.shown(values)
        for ident, value in values.items():
            stray = ident not in self.items and len(value) <= LONGEST_ANSWER
            if stray and not self._kind_fault(ident, value):
                verdict.values[ident] = value
        for ident, item in self.items.items():
            if ident not in shown:
                continue
            value = values.get(ident, "")
            fault = self.fault(item, value)
            if fault:
                verdict.wrong.append(Wrong(ident, fault))
            elif value.strip():
                verdict.values[ident] = value
                if item["type"] == "consent":
                    verdict.consents.append(Consented(ident, item["version"], item["text"]))
        return verdict

    def _stands_in(self, item: Item, value: str) -> bool:
        if item["type"] == "consent":
            return False
        return (item["skip_known"] or self.fields[item["ident"]]["level"] == "customer") and not self.fault(
            item, value
        )

    def fault(self, item: Item, value: str) -> str:
        """The code of what is wrong with one answer; "" when nothing is. A blank answer is none."""
        if not value.strip():
            return ("consent" if item["type"] == "consent" else "required") if item["required"] else ""
        if item["type"] == "consent":
            return "" if value == consent_value(item["version"]) else "consent"
        kind = self.fields[item["ident"]]["kind"]
        if len(value) > (item["max_length"] if kind in {"text", "email"} else LONGEST_ANSWER):
            return "too_long"
        found = self._kind_fault(item["ident"], value)
        if found:
            return found
        machine = self._machines.get(item["ident"])
        return "pattern" if machine is not None and not machine.matches(value) else ""

    def _kind_fault(self, ident: str, value: str) -> str:
        kind = self.fields[ident]["kind"]
        if not value:
            return ""
        if kind == "email":
            return "" if len(value) <= LONGEST_EMAIL and self._email.matches(value) else "email"
        if kind in {"list", "tree"}:
            return "" if value in self._options[ident] else "option"
        return ""

    def shown(self, values: Mapping[str, str]) -> set[str]:
        """The idents of the items that are asked, given these answers. A hidden question counts as not answered."""
        known: dict[str, bool] = {}

        def is_shown(ident: str) -> bool:
            if ident not in known:
                known[ident] = False  # A circle, which no form that was saved has: nothing in it shows.
                condition = self.items[ident]["show_if"]
                known[ident] = condition is None or (
                    all(map(holds, condition["when"]))
                    if condition["match"] == "all"
                    else any(map(holds, condition["when"]))
                )
            return known[ident]

        def holds(clause: Mapping[str, Any]) -> bool:
            ident = clause["ident"]
            value = values.get(ident, "") if ident in self.items and is_shown(ident) else ""
            return self.holds(clause, value)

        return {ident for ident in self.items if is_shown(ident)}

    def holds(self, clause: Mapping[str, Any], value: str) -> bool:
        """Whether one clause of a condition is true of an answer."""
        answered = bool(value.strip())
        match clause["test"]:
            case "answered":
                return answered
            case "not_answered":
                return not answered
            case "is":
                return bool(value == clause["value"])
            case "is_not":
                return bool(value != clause["value"])
            case _:
                parents = self._options.get(clause["ident"], {})
                at: str | None = value
                for _ in range(DEEPEST + 1):
                    if at == clause["value"]:
                        return True
                    at = parents.get(at) if at is not None else None
                return False

    def display(self, values: Mapping[str, str]) -> list[dict[str, str]]:
        """Answers as an agent reads them: [{"ident", "label", "value", "text"}], the form's questions first, in its order."""
        order = [*self.items, *(ident for ident in values if ident not in self.items)]
        return [
            {
                "ident": ident,
                "label": self.label(ident),
                "value": values[ident],
                "text": self.text(ident, values[ident]),
            }
            for ident in order
            if values.get(ident)
        ]

    def label(self, ident: str) -> str:
        if ident in self.fields:
            return str(self.fields[ident]["label"])
        item = self.items.get(ident)
        return str(item["text"]) if item is not None else ident

    def text(self, ident: str, value: str) -> str:
        """A value in words: an option's label, a place in a tree with what stands above it."""
        options = {one["name"]: one for one in self.fields.get(ident, {}).get("values", ())}
        words: list[str] = []
        at: str | None = value
        while at in options and len(words) <= DEEPEST:
            words.append(options[at]["label"])
            at = options[at]["parent"]
        return " › ".join(reversed(words)) or value


@lru_cache(maxsize=256)
def checked_program(pattern: str) -> tuple[int, str, int]:
    """(instructions, code of what is wrong, position); of a pattern as typed."""
    try:
        return len(program(pattern)), "", 0
    except BadPattern as bad:
        return 0, bad.code, bad.position


# -- what is wrong with a form ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a section that keeps it from being published. `path` is the place, "form.items.2.show_if"; `code` and
    `about` make the sentence (surveys.sentences)."""

    path: str
    code: str
    about: Mapping[str, Any] = field(default_factory=dict)


def findings(section: Section) -> list[Finding]:
    """Everything wrong with a section of the right shape, in the order of the form."""
    found: list[Finding] = []
    for number, one in enumerate(section["fields"]):
        found += [
            Finding(f"fields.{number}.{path}", code, {"ident": one["ident"], **about})
            for path, code, about in value_faults(one)
        ]
    if section["form"] is None:
        return found
    return found + form_findings(section["form"], {one["ident"]: one for one in section["fields"]})


def value_faults(one: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What is wrong with the options of one field."""
    seen: dict[str, int] = {}
    if one["kind"] in {"list", "tree"} and not one["values"]:
        yield "values", "no_options", {}
    for number, value in enumerate(one["values"]):
        if value["name"] in seen:
            yield f"values.{number}.name", "option_twice", {"option": value["name"]}
            continue
        parent = value["parent"]
        if parent is not None and (one["kind"] != "tree" or parent not in seen):
            yield f"values.{number}.parent", "option_parent", {"option": value["name"]}
        depth = seen.get(parent, 0) + 1 if parent is not None else 1
        if depth > DEEPEST:
            yield f"values.{number}.parent", "option_deep", {"option": value["name"], "most": DEEPEST}
        seen[value["name"]] = depth


def form_findings(form: Mapping[str, Any], fields: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    """Everything wrong with a form over these fields: items, patterns, conditions."""
    found: list[Finding] = []
    items: Sequence[Item] = form["items"]
    seen: set[str] = set()
    instructions = 0
    for number, item in enumerate(items):
        place = f"form.items.{number}"
        ident = item["ident"]
        if ident in seen:
            found.append(Finding(f"{place}.ident", "asked_twice"))
        seen.add(ident)
        if item["type"] == "consent":
            if not item["text"].strip():
                found.append(Finding(f"{place}.text", "no_text"))
            continue
        if ident not in fields:
            found.append(Finding(f"{place}.ident", "no_field", {"ident": ident}))
            continue
        if item["pattern"]:
            size, code, position = checked_program(item["pattern"])
            instructions += size
            if code:
                found.append(Finding(f"{place}.pattern", f"pattern_{code}", {"position": position + 1}))
            elif instructions > MOST_INSTRUCTIONS:
                found.append(Finding(f"{place}.pattern", "pattern_big"))
    if any(one.code in {"asked_twice", "no_field"} or one.code.startswith("pattern_") for one in found):
        return found
    survey = Survey({"form": form, "fields": list(fields.values())})
    for number, item in enumerate(items):
        if item["type"] == "field" and item["default"]:
            code = survey.fault({**item, "required": False}, item["default"])
            if code:
                found.append(Finding(f"form.items.{number}.default", f"default_{code}"))
    return found + _condition_findings(items, survey)


def _condition_findings(items: Sequence[Item], survey: Survey) -> list[Finding]:
    found: list[Finding] = []
    for number, item in enumerate(items):
        for at, clause in enumerate((item["show_if"] or {"when": ()})["when"]):
            place = f"form.items.{number}.show_if.{at}"
            if clause["ident"] not in survey.items:
                found.append(Finding(place, "condition_gone", {"ident": clause["ident"]}))
            elif clause["test"] == "under" and survey.fields.get(clause["ident"], {}).get("kind") != "tree":
                found.append(Finding(place, "condition_test"))
            elif clause["test"] in {"is", "is_not", "under"} and not clause["value"]:
                found.append(Finding(place, "condition_value"))
    if found:
        return found
    circle = _circle(survey)
    if circle:
        number = next(at for at, item in enumerate(items) if item["ident"] == circle[0])
        names = [survey.label(ident) for ident in [*circle, circle[0]]]
        return [Finding(f"form.items.{number}.show_if", "circle", {"names": names})]
    reach = _Reach(survey)
    return [
        Finding(f"form.items.{number}.show_if", "unreachable", {"name": survey.label(item["ident"])})
        for number, item in enumerate(items)
        if item["show_if"] is not None and not reach.possible(item["ident"])
    ]


def _circle(survey: Survey) -> list[str]:
    """The idents of a circle of conditions, in order; empty when there is none."""
    done: set[str] = set()

    def look(ident: str, path: list[str]) -> list[str]:
        if ident in path:
            return path[path.index(ident) :]
        if ident in done:
            return []
        condition = survey.items[ident]["show_if"]
        for clause in condition["when"] if condition else ():
            circle = look(clause["ident"], [*path, ident])
            if circle:
                return circle
        done.add(ident)
        return []

    return next((circle for ident in survey.items if (circle := look(ident, []))), [])


def _together(chosen: tuple[frozenset[tuple[str, str, str]], ...]) -> frozenset[tuple[str, str, str]]:
    return frozenset().union(*chosen)


class _Reach:
    """Whether there are answers with which an item shows.

    A condition is spread out into alternatives, each a set of clauses that have to hold at once, those of the questions they
    speak of included; an alternative is possible when each question has an answer that all its clauses agree to.
    """

    #: Alternatives of one question that are looked at; one with more is given the benefit of the doubt, and counts as always shown.
    MOST = 200

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._spread: dict[str, list[frozenset[tuple[str, str, str]]]] = {}

    def possible(self, ident: str) -> bool:
        return bool(self._alternatives(ident))

    def _alternatives(self, ident: str) -> list[frozenset[tuple[str, str, str]]]:
        if ident in self._spread:
            return self._spread[ident]
        condition = self._survey.items[ident]["show_if"]
        if condition is None:
            self._spread[ident] = [frozenset()]
            return self._spread[ident]
        each: list[list[frozenset[tuple[str, str, str]]]] = []
        for clause in condition["when"]:
            own = frozenset({(clause["ident"], clause["test"], clause["value"])})
            if clause["test"] in {"is_not", "not_answered"}:
                # True of a question that is hidden, too: that it shows need not be.
                each.append([own])
            else:
                each.append([own | one for one in self._alternatives(clause["ident"])])
        spread = chain.from_iterable(each) if condition["match"] == "any" else map(_together, product(*each))
        made: dict[frozenset[tuple[str, str, str]], None] = {}
        for looked_at, one in enumerate(spread):
            if looked_at >= self.MOST:
                made = {frozenset(): None}
                break
            if one not in made and self._agrees(one):
                made[one] = None
        self._spread[ident] = list(made)
        return self._spread[ident]

    def _agrees(self, clauses: frozenset[tuple[str, str, str]]) -> bool:
        by_question: dict[str, list[dict[str, str]]] = {}
        for ident, test, value in clauses:
            by_question.setdefault(ident, []).append({"ident": ident, "test": test, "value": value})
        return all(self._answerable(ident, about) for ident, about in by_question.items())

    def _answerable(self, ident: str, about: list[dict[str, str]]) -> bool:
        survey = self._survey
        item = survey.items[ident]
        candidates = [one["value"] for one in about if one["value"]]
        kind = "consent" if item["type"] == "consent" else survey.fields[ident]["kind"]
        always_answered = item["required"] and item["show_if"] is None
        if kind in {"list", "tree"}:
            candidates = [value["name"] for value in survey.fields[ident]["values"]]
        elif kind == "consent":
            candidates = [consent_value(item["version"])]
        elif any(one["test"] == "is" for one in about):
            candidates = [one for one in candidates if not survey.fault(item, one)]
        else:
            # Of a text there are always more answers than the ones excluded.
            candidates = []
            if not any(one["test"] == "not_answered" for one in about):
                return True
        if not always_answered:
            candidates = [*candidates, ""]
        return any(all(survey.holds(one, value) for one in about) for value in candidates)
