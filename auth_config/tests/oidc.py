"""The OpenID Provider of npm (`oidc-provider`), in a process of its own for as long as a test needs it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET = "a secret of the certified provider"


def node() -> str:
    """Node as the build uses it: on the path, or from its wheel beside this Python."""
    return shutil.which("node") or str(Path(sys.executable).parent / "node")


@contextmanager
def openid_provider(redirect_uri: str) -> Iterator[str]:
    """The issuer's address; client "chat" with SECRET. Anybody signs in there under any name."""
    process = subprocess.Popen(
        [
            node(),
            str(ROOT / "auth_config" / "tests" / "oidc_provider.mjs"),
            json.dumps({"redirectUris": [redirect_uri], "secret": SECRET}),
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        issuer = process.stdout.readline().strip()
        assert issuer, "oidc-provider did not start: npm ci"
        yield issuer
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()
