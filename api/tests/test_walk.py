"""The programs of docs/api.md are run as they stand there, against a whole installation: what they print is what happened."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from chatadmin.run.plan import ROOT
from chatadmin.run.ports import is_free, pick
from tests.console_client import signed_in
from tests.stack import Stack, eventually

PROGRAMS = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs" / "api.md").read_text(), flags=re.M | re.S)


def test_the_walk_changes_a_channel_puts_it_live_and_the_webhook_tells(stack: Stack, tmp_path: Path) -> None:
    walk, receiver = PROGRAMS
    console = signed_in(stack.console, stack.password)
    public_id = console.create_channel("Promenade")
    console.save_css(public_id, ".ac-pushButton { color: red }")
    below = f"/o/{console.brand}/integrations"
    made = console._send(
        f"{below}/tokens/", {"name": "Walk", "scopes": ["sections", "promote"], "lasts": "90"}
    )
    token = re.findall(r"cha_[\w-]{43}", made.text)[0]
    port = pick()
    made = console._send(
        f"{below}/webhooks/", {"url": f"http://127.0.0.1:{port}/hook", "events": ["release.visible"]}
    )
    secret = re.findall(r"whsec_[A-Za-z0-9+/=]+", made.text)[0]
    webhook = re.findall(rf"{below}/webhooks/(\d+)/", console.http.get(f"{below}/webhooks/").text)[0]
    told = tmp_path / "told"
    with received(receiver, told, PORT=str(port), WEBHOOK_SECRET=secret):
        eventually(lambda: not is_free(port), what="the receiver listens")
        forged = httpx.post(
            f"http://127.0.0.1:{port}/hook",
            content=b"{}",
            headers={"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,AA=="},
            trust_env=False,
        )
        assert forged.status_code == 401

        walked = program(walk, "Promenade", CHATADMIN_URL=stack.console, CHATADMIN_TOKEN=token)
        said = walked.stdout.splitlines()
        assert walked.returncode == 0, walked.stdout + walked.stderr
        release = int(re.findall(r"release (\d+) is live", said[-1])[0])
        assert f"release {release} is in test, after " in walked.stdout
        served = httpx.get(
            f"{stack.live}/chat/1.0/brand/{console.brand}/channel/{public_id}", trust_env=False
        )
        assert served.headers["X-Release"] == str(release)
        assert "color: #1a73e8" in served.json()["customCss"]
        eventually(
            lambda: (
                {f"release.visible {one} {release}" for one in ("test", "live")}
                <= set(told.read_text().splitlines())
            ),
            what="the webhook told of both",
        )
        again = program(walk, "Promenade", CHATADMIN_URL=stack.console, CHATADMIN_TOKEN=token)
        assert "Nothing to change" in again.stderr
        refused = program(walk, "Promenade", CHATADMIN_URL=stack.console, CHATADMIN_TOKEN="cha_no")
        assert "401 not_authenticated" in refused.stderr
    # Nobody listens there any more.
    console._send(
        f"{below}/webhooks/{webhook}/", {"url": f"http://127.0.0.1:{port}/hook", "events": "release.visible"}
    )
    console.http.close()


def program(text: str, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", text, *arguments],
        env={**os.environ, "NO_PROXY": "*", **settings},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextmanager
def received(text: str, told: Path, **settings: str) -> Iterator[None]:
    """The receiver while it runs, what it prints in a file."""
    with told.open("w") as out:
        running = subprocess.Popen(
            [sys.executable, "-c", text],
            env={**os.environ, **settings},
            stdout=out,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            running.terminate()
            running.wait(10)
