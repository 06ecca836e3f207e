"""The organisation's shared lists of addresses, as its file holds them, whether or not a channel uses them."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from areas.belongings import Belonging, Entry, Kept, register
from audit.services import actor, record
from ipblocking import drafts, entries
from ipblocking.models import AddressList
from ipblocking.sentences import problem_sentence
from ipblocking.services import clean_list_name


def _lists() -> list[Entry]:
    return [
        {"name": one.name, "entries": one.kept}
        for one in AddressList.shared.order_by("name", "pk").only("name", "lines", "tenant_id")
    ]


def _check(given: list[Entry], beside: Kept) -> list[tuple[str, str | Promise]]:
    found: list[tuple[str, str | Promise]] = []
    for number, one in enumerate(given):
        for problem in entries.problems(entries.section() | {"lists": [one]}):
            place = problem.path.removeprefix("lists.0").strip(".")
            found.append((f"{number}.{place}".rstrip("."), problem_sentence(problem.code, problem.value)))
    return found


def _make(one: Entry) -> None:
    by = actor()
    made = AddressList(name=clean_list_name(one["name"]))
    source = "".join(f"{line}\n" for line in one["entries"])
    drafts.write(made, source, one["entries"], told={}, by=str(by) if by else "")
    record("addresses.list_created", by=by, list=made.name)


def ready() -> None:
    register(
        Belonging(
            name="address_lists",
            label=_("Shared list of addresses"),
            key="name",
            dump=_lists,
            check=_check,
            make=_make,
            order=30,
        )
    )
