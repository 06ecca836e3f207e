"""Runs the measurements one after the other: all of them, or those that are named.

make bench                          all
make bench ARGS="channel_json"      one; its own options follow its name after --, as in  "sockets -- --seconds 5"
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.support import RESULTS, ROOT

HERE = Path(__file__).resolve().parent


def names() -> list[str]:
    """Every bench_*.py of this folder, without the bench_."""
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def main(arguments: list[str]) -> int:
    chosen, options = arguments, list[str]()
    if "--" in arguments:
        place = arguments.index("--")
        chosen, options = arguments[:place], arguments[place + 1 :]
    known = names()
    unknown = [name for name in chosen if name not in known]
    if unknown or (options and len(chosen) != 1):
        print(
            f"usage: python -m bench [NAME … | NAME -- OPTION …]\nnames: {', '.join(known)}", file=sys.stderr
        )
        return 2
    RESULTS.mkdir(exist_ok=True)
    failed = []
    for name in chosen or known:
        print(f"\n=== {name}", flush=True)
        command: list[str | Path] = [
            sys.executable,
            HERE / f"bench_{name}.py",
            "--json",
            RESULTS / f"{name}.json",
            *options,
        ]
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            failed.append(name)
    if failed:
        print(f"\nnot measured: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
