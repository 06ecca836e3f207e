"""`make test`: every room's tests. Arguments go to pytest as they are: `make test ARGS="ipblocking -k ranges"`.

The whole suite is shared out to two workers, a file at a time; `TEST_WORKERS` says otherwise (0: none). With `COVERAGE=1` the
branches the tests took are counted and shown; what runs in processes of its own is not.
"""

from __future__ import annotations

import os
import subprocess
import sys

from chatadmin.run.plan import ROOT


def main(arguments: list[str]) -> int:
    variables = dict(os.environ)
    workers = variables.pop("TEST_WORKERS", "0" if arguments else "2")
    options: list[str] = []
    if workers not in {"", "0"}:
        options += ["-n", workers, "--dist", "loadfile"]
        variables["TEST_WORKERS"] = workers
    if os.environ.get("COVERAGE", "0") not in {"", "0"}:
        options += ["--cov", "--cov-report", "term:skip-covered"]
    command = [sys.executable, "-m", "pytest", *options, *arguments]
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
