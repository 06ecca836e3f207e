"""What a person sees of a run: numbered-down steps, warnings and prefixed lines of the processes; colours on a terminal only."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_RESET = "\033[0m"
_BOLD = "1"
_RED = "31"
_DIM = "2"
#: One colour per process, in order of their start.
_CYCLE = ("36", "33", "35", "32", "34", "96", "93", "95")


def coloured(text: str, code: str) -> str:
    """The text in the given ANSI colour, if standard output is a terminal and NO_COLOR is not set."""
    if not code or os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    return f"\033[{code}m{text}{_RESET}"


def bold(text: str) -> str:
    return coloured(text, _BOLD)


def dim(text: str) -> str:
    return coloured(text, _DIM)


def red(text: str) -> str:
    return coloured(text, _RED)


def colour_of(index: int) -> str:
    return _CYCLE[index % len(_CYCLE)]


def say(text: str = "") -> None:
    """One line for the person; a closed pipe or terminal is no reason to leave servers behind."""
    try:
        print(text, flush=True)
    except OSError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for the rest of the process


def complain(text: str) -> None:
    try:
        print(f"chatadmin: {text}", file=sys.stderr, flush=True)
    except OSError:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for the rest of the process


@contextmanager
def step(title: str) -> Iterator[None]:
    """A line when a piece of work is done, with the seconds it took."""
    started = time.monotonic()
    try:
        yield
    except BaseException:
        say(f"  {red('FAIL')} {title} ({time.monotonic() - started:.1f} s)")
        raise
    say(f"  ok   {title} {dim(f'({time.monotonic() - started:.1f} s)')}")
