"""`make test`: every room's tests. Console and environments have settings of their own, so pytest runs once for each plane.

Arguments go to pytest as they are: `make test ARGS="ipblocking -k ranges"`.
"""

from __future__ import annotations

import os
import subprocess
import sys

from chatadmin.run.plan import ROOT

#: A path argument below this folder is a test of an environment.
_GATEWAY = "gateway"


def main(arguments: list[str]) -> int:
    paths = [one for one in arguments if not one.startswith("-") and (ROOT / one.partition("::")[0]).exists()]
    gateway = [one for one in paths if one.split("/")[0] == _GATEWAY]
    console = [one for one in paths if one not in gateway]
    options = [one for one in arguments if one not in paths]
    runs = []
    if console or not paths:
        runs.append([*options, *console, "--ignore=gateway"])
    if gateway or not paths:
        runs.append([*options, "--ds=gateway.settings", *(gateway or [_GATEWAY])])
    statuses = [_pytest(run) for run in runs]
    # "No tests collected" (5) is a failure only when no run had any.
    met = [status for status in statuses if status != pytest_no_tests()]
    return max(met) if met else pytest_no_tests()


def pytest_no_tests() -> int:
    return 5


def _pytest(arguments: list[str]) -> int:
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments], cwd=ROOT, env=os.environ, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
