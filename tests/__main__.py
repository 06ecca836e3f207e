"""`make test`: every room's tests. Arguments go to pytest as they are: `make test ARGS="ipblocking -k ranges"`.

The whole suite is shared out to two workers, a file at a time; `TEST_WORKERS` says otherwise (0: none). With `COVERAGE=1` the
branches the tests took are counted and shown; what runs in processes of its own is not.

Two workers, each with servers, environments and a browser of its own, can starve each other on a small machine. Of the whole
suite a handful of failures are therefore run once more by themselves, and named: what fails again, fails the suite; what
passed only alone is a test to mend.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from chatadmin.run.plan import ROOT

#: More failures than these are no matter of a busy machine.
FEW = 5


def main(arguments: list[str]) -> int:
    variables = dict(os.environ)
    workers = variables.pop("TEST_WORKERS", "0" if arguments else "2")
    shared_out = workers not in {"", "0"}
    options: list[str] = []
    if shared_out:
        options += ["-n", workers, "--dist", "loadfile"]
    if os.environ.get("COVERAGE", "0") not in {"", "0"}:
        options += ["--cov", "--cov-report", "term:skip-covered"]
    status = _pytest([*options, *arguments], variables | ({"TEST_WORKERS": workers} if shared_out else {}))
    if status != 1 or not shared_out or arguments:
        return status
    failed = _failed()
    if not 0 < len(failed) <= FEW:
        return status
    print("\nOnce more, by themselves:", *failed, sep="\n  ", flush=True)
    status = _pytest(["--last-failed", "--last-failed-no-failures", "none"], variables)
    if status == 0:
        print(f"\n{len(failed)} passed only by themselves; to be mended:", *failed, sep="\n  ", flush=True)
    return status


def _pytest(options: list[str], variables: dict[str, str]) -> int:
    command = [sys.executable, "-m", "pytest", *options]
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode


def _failed() -> list[str]:
    """Node ids, as pytest keeps them for `--last-failed`."""
    try:
        return sorted(json.loads((ROOT / ".pytest_cache/v/cache/lastfailed").read_text()))
    except (OSError, ValueError):
        return []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
