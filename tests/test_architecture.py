"""The import map of docs/architecture.md: a room imports only rooms below it, and rooms on one line never import each other."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent

#: From top to bottom, as the architecture's list of rooms has it.
LINES = (
    {"chatadmin"},
    {"gateway"},
    {"api"},
    {"files", "desk"},
    {"publishing"},
    {"guide"},
    {"surveys", "translations", "file_restrictions", "ipblocking", "auth_config", "live_chat"},
    {"channels_config"},
    {"areas"},
    {"audit"},
    {"tenants"},
    {"accounts"},
    {"kit"},
)
#: What an environment may take from the rooms below: pure modules that touch no draft table.
GATEWAY_MAY_IMPORT = {"publishing.snapshot"}
#: `chatadmin.run` starts processes; were Django imported, a broken setting would keep the command from saying so.
RUN_MAY_IMPORT = {"chatadmin", "kit", "publishing"}
OUTSIDE_RUN = {"psycopg", "redis", "joserfc", "cryptography"}

TESTS = ".tests"


@cache
def graph() -> grimp.ImportGraph:
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    rooms = sorted(room for line in LINES for room in line if (ROOT / room / "__init__.py").exists())
    return grimp.build_graph(*rooms, include_external_packages=True, cache_dir=None)


def _imports() -> list[tuple[str, str]]:
    """Every import between modules of rooms, tests of rooms left out: they may put rooms together."""
    inside = {room for line in LINES for room in line}
    return [
        (importer, imported)
        for importer in sorted(graph().modules)
        if importer.partition(".")[0] in inside and not _is_test(importer)
        for imported in sorted(graph().find_modules_directly_imported_by(importer))
        if imported.partition(".")[0] in inside
    ]


def _is_test(module: str) -> bool:
    return TESTS in module or module.endswith("conftest")


def _line(room: str) -> int:
    return next(number for number, line in enumerate(LINES) if room in line)


def test_a_room_imports_only_rooms_below_it() -> None:
    wrong = [
        f"{importer} -> {imported}"
        for importer, imported in _imports()
        if (room := importer.partition(".")[0]) != (other := imported.partition(".")[0])
        and _line(other) <= _line(room)
    ]
    assert wrong == []


def test_an_environment_imports_only_pure_modules_of_the_rooms_below() -> None:
    wrong = [
        f"{importer} -> {imported}"
        for importer, imported in _imports()
        if importer.partition(".")[0] == "gateway"
        and imported.partition(".")[0] not in {"gateway", "kit"}
        and imported not in GATEWAY_MAY_IMPORT
        and not imported.endswith(".rules")
    ]
    assert wrong == []


def test_what_an_environment_takes_from_the_console_is_free_of_django() -> None:
    pure = {module for module in graph().modules if module in GATEWAY_MAY_IMPORT or module.endswith(".rules")}
    reached = {
        f"{module} -> {upstream}"
        for module in sorted(pure)
        for upstream in {module} | graph().find_upstream_modules(module)
        for external in graph().find_modules_directly_imported_by(upstream)
        if external.partition(".")[0] == "django"
    }
    assert reached == set()


def test_the_run_command_never_imports_django() -> None:
    modules = {module for module in graph().modules if module.startswith("chatadmin.run")}
    reached = modules.union(*(graph().find_upstream_modules(module) for module in modules))
    external = (
        {module.partition(".")[0] for module in reached} - RUN_MAY_IMPORT - set(sys.stdlib_module_names)
    )
    assert external == OUTSIDE_RUN


def test_an_area_is_reached_by_its_area_module_its_rules_and_its_models_only() -> None:
    """Rooms above put areas together through the registry; only the channel's own models are common ground."""
    areas = next(line for line in LINES if "surveys" in line) | {"guide"}
    wrong = [
        f"{importer} -> {imported}"
        for importer, imported in _imports()
        if (area := imported.partition(".")[0]) in areas
        and importer.partition(".")[0] != area
        and not imported.endswith((".rules", ".area"))
        and imported != area
    ]
    assert wrong == []


def test_every_room_of_the_map_is_in_the_architecture_and_the_other_way_round() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    missing = [room for line in LINES for room in sorted(line) if f"{room}/" not in text]
    assert missing == []
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench", "tools"}
    assert packages <= {room for line in LINES for room in line}


if __name__ == "__main__":
    # Without pytest, and so without any server: part of `make check`.
    for name, check in sorted(vars().copy().items()):
        if name.startswith("test_"):
            check()
