"""The examples of docs/api.md are true."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from accounts.models import User
from api import webhooks
from api.tests.conftest import Side, side
from chatadmin.run.ports import is_free, pick
from tests.stack import eventually

pytestmark = pytest.mark.django_db

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(
    r"^    (GET|POST|PUT|PATCH|DELETE) (\S+)\n((?:    [\w-]+: .*\n)*)(?:    (\{.*\})\n)?    (\d{3}) (\{.*\})$",
    re.MULTILINE,
)


def test_the_examples_do_what_they_say() -> None:
    made: Side = side("Example Inc.")
    User.objects.filter(pk=made.admin.pk).update(name="Ana")
    api = made.api()
    here = {"channel": ""}
    examples = EXAMPLE.findall(TEXT)
    assert len(examples) >= 9
    for method, path, headers, body, status, expected in examples:
        sent = dict(re.findall(r"    ([\w-]+): (.*)\n", headers))
        url = path.replace("1009", str(made.organisation.number)).replace("{channel}", here["channel"])
        answer = api(method, url, json.loads(body) if body else None, **sent)
        assert answer.status_code == int(status), (method, path, answer.content)
        fits(json.loads(expected), answer.json(), made)
        here["channel"] = here["channel"] or answer.json().get("id", "")


def fits(expected: Any, found: Any, made: Side) -> None:
    """Everything the example shows is there; "…" stands for any text, or for the rest of one."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            fits(value, found[name], made)
    elif isinstance(expected, list):
        assert len(expected) == len(found)
        for one, other in zip(expected, found, strict=True):
            fits(one, other, made)
    elif isinstance(expected, str) and expected.endswith("…"):
        assert found.startswith(expected[:-1])
    elif expected == 1009:
        assert found == made.organisation.number
    else:
        assert found == expected


def test_the_check_of_signatures_in_php_takes_ours_and_nothing_else(tmp_path: Path) -> None:
    [sample] = re.findall(r"^```php\n(.*?)^```$", TEXT, flags=re.M | re.S)
    assert "hash_equals" in sample
    php = shutil.which("php")
    if php is None:
        # Read above, run wherever there is one.
        return
    (tmp_path / "hook.php").write_text(sample)
    secrets = [f"whsec_{base64.b64encode(bytes([number]) * 24).decode()}" for number in (1, 2)]
    port = pick()
    running = subprocess.Popen(
        [php, "-S", f"127.0.0.1:{port}", str(tmp_path / "hook.php")],
        env={**os.environ, "WEBHOOK_SECRET": secrets[0]},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    body = '{"type":"release.visible","data":{"release":{"number":7},"note":"é"}}'.encode()
    now = int(time.time())
    try:
        eventually(lambda: not is_free(port), what="PHP listens")

        def told(known: list[str], at: int, content: bytes) -> int:
            sent = webhooks.headers(known, "msg_1", at, body)
            url = f"http://127.0.0.1:{port}/hook"
            return httpx.post(url, content=content, headers=sent, trust_env=False, timeout=30).status_code

        assert told([secrets[0]], now, body) == 204
        # Both signatures, while the secret is being changed.
        assert told(secrets[::-1], now, body) == 204
        assert told([secrets[1]], now, body) == 401
        assert told([secrets[0]], now - 3600, body) == 401
        assert told([secrets[0]], now, body + b" ") == 401
        assert httpx.post(f"http://127.0.0.1:{port}/", trust_env=False, timeout=30).status_code == 401
    finally:
        running.terminate()
        running.wait(10)
