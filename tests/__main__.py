"""`make test`: every room's tests. Arguments go to pytest as they are: `make test ARGS="ipblocking -k ranges"`.

With `COVERAGE=1` the branches the tests took are counted and shown; what runs in processes of its own is not.
"""

from __future__ import annotations

import os
import subprocess
import sys

from chatadmin.run.plan import ROOT


def main(arguments: list[str]) -> int:
    counted = os.environ.get("COVERAGE", "0") not in {"", "0"}
    runner = ["-m", "coverage", "run", "-m", "pytest"] if counted else ["-m", "pytest"]
    status = subprocess.run([sys.executable, *runner, *arguments], cwd=ROOT, check=False).returncode
    if counted:
        for command in (["combine", "--quiet"], ["report"]):
            subprocess.run([sys.executable, "-m", "coverage", *command], cwd=ROOT, check=False)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
