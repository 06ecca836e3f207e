"""Why a run cannot go on, in a sentence for the person at the terminal."""

from __future__ import annotations


class RunError(Exception):
    """Ends the command with this message and exit status 1; never a traceback."""
