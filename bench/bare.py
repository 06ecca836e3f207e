"""The least an ASGI function can do: one answer, read once from the file in BENCH_ANSWER, for every request."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

_ANSWER = json.loads(Path(os.environ["BENCH_ANSWER"]).read_text())
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(name.encode(), value.encode()) for name, value in _ANSWER["headers"]],
}
_BODY = {"type": "http.response.body", "body": base64.b64decode(_ANSWER["body"])}

Message = MutableMapping[str, Any]


async def application(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """For Granian, without lifespan."""
    if scope["type"] != "http":
        raise ValueError(scope["type"])
    await send(_START)
    await send(_BODY)
