"""What must hold before a process of the console serves anybody."""

from __future__ import annotations

import sys
from typing import NoReturn

from django.core.checks import ERROR, run_checks
from django.db.utils import OperationalError


def check() -> None:
    """Run the system checks, the database's included; end the process with their sentences when one fails."""
    try:
        found = [
            message
            for message in run_checks(databases=["default"])
            if message.is_serious(ERROR) and not message.is_silenced()
        ]
    except OperationalError as error:
        _stop([f"The database does not answer: {(str(error).strip().splitlines() or ['?'])[0]}"])
    if found:
        _stop([f"{message.msg} {message.hint or ''}".strip() for message in found])


def _stop(sentences: list[str]) -> NoReturn:
    for sentence in sentences:
        sys.stderr.write(f"chatadmin does not start: {sentence}\n")
    sys.stderr.flush()
    raise SystemExit(1)
