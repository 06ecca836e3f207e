"""What must hold before a process of the console serves anybody."""

from __future__ import annotations

import sys

from django.core.management import call_command
from django.core.management.base import SystemCheckError


def check() -> None:
    """Run the system checks, the database's included; end the process with their sentence when one fails."""
    try:
        call_command("check", databases=["default"], fail_level="ERROR", verbosity=0)
    except SystemCheckError as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        raise SystemExit(1) from error
