"""The examples of docs/api.md are true."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from api.tests.conftest import Side, side

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
