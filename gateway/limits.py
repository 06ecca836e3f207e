"""How fast a socket may speak, and what a frame may be. Pure."""

from __future__ import annotations

import time

#: Characters; a longer frame is told so.
LONGEST_FRAME = 128 * 1024
LONGEST_TEXT = 10_000
LONGEST_ID = 255
LONGEST_FIELD = 4_096
MOST_FIELDS = 100
MOST_ATTACHMENTS = 25

#: Clients hold themselves to 100 requests in 5 seconds (contract 3.4): half as many more are let through.
BURST = 150.0
PER_SECOND = 30.0
#: Frames refused before the socket is closed: nobody reads that many errors. It starts anew after a calm.
PATIENCE = 300


class Bucket:
    """A token bucket: full at first, refilled with time."""

    __slots__ = ("_at", "_tokens", "refused")

    def __init__(self) -> None:
        self._tokens = BURST
        self._at = time.monotonic()
        self.refused = 0

    def take(self) -> bool:
        now = time.monotonic()
        self._tokens = min(BURST, self._tokens + (now - self._at) * PER_SECOND)
        self._at = now
        if self._tokens < 1:
            self.refused += 1
            return False
        self._tokens -= 1
        if self._tokens > BURST / 2:
            # Calm again; a single token trickling in during a flood is not.
            self.refused = 0
        return True
