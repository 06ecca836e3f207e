"""Whether JavaScript can be read, by the engine of the browsers themselves; it is compiled, never run.

V8 reads in a child process with limits of its own: a few kilobytes of certain regular expressions make it work for minutes and
take gigabytes (docs/adr/0004-javascript-is-read-in-a-child-process.md).
"""

from __future__ import annotations

import atexit
import json
import os
import re
import select
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

#: Seconds of processor time for one text; 256 KB of ordinary code take some 20 ms.
CPU_SECONDS = 2
#: Seconds that an answer may take by the clock, start of the child included; and that one waits for one's turn.
PATIENCE = 15.0
#: Bytes of private memory of the child.
MEMORY = 768 * 1024 * 1024

_HELPER = Path(__file__).with_name("javascript_helper.py")
_LINE_ENDS = re.compile("\r\n|[\n\r\u2028\u2029]")
_PLACE = re.compile(r"<anonymous>:(\d+): (?:SyntaxError: )?")
#: "use strict" among the string statements at the very beginning of a script, comments and space aside.
_STRICT = re.compile(
    r"""(?:\s|//[^\n\r]*+|/\*(?:[^*]|\*(?!/))*+\*/|(?:'(?!use\ strict')[^'\\\n\r]*+'|"(?!use\ strict")[^"\\\n\r]*+")\s*+;)*+
        (?:'use\ strict'|"use\ strict")[ \t]*+(?:;|\}|$|[\n\r](?!\s*+[-+.,*/%\[(`?=<>&|^]))""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Fault:
    """Where the code cannot be read. `line` and `column` count from 1, in UTF-16 units as editors do; `message` is V8's."""

    line: int
    column: int
    message: str


class Unreadable(Exception):
    """The text was given up: `reason` is "nested" (deeper than the engine goes), "heavy" (too much work) or "away" (no engine)."""

    def __init__(self, reason: Literal["nested", "heavy", "away"]) -> None:
        super().__init__(reason)
        self.reason = reason


def fault(code: str) -> Fault | None:
    """The first syntax error of `code` as a classic script; None when there is none. Raises Unreadable.

    `code` holds no NUL and no lone surrogate. Safe to call from any thread.
    """
    if code.startswith("#!"):
        code = "//" + code[2:]
    directive = "'use strict';" if _STRICT.match(code) else ""
    prefix = f"{directive}throw 0;"
    said = _engine.ask(prefix + code)
    if said is None:
        return None
    if "RangeError: Maximum call stack" in said:
        raise Unreadable("nested")
    return _read(said, code, prefix)


def _read(said: str, code: str, prefix: str) -> Fault:
    """V8 says `<anonymous>:LINE: SyntaxError: message`, the line, and carets below the place."""
    place = _PLACE.match(said)
    message = said.rstrip("\n").rpartition("\n")[2].removeprefix("SyntaxError: ")
    if place is None:
        return Fault(1, 1, message)
    starts = [0, *(end.end() for end in _LINE_ENDS.finditer(code))]
    number = min(max(int(place[1]), 1), len(starts))
    shown = prefix if number == 1 else ""
    indent = _caret(said)
    offset = starts[number - 1] + max(0, _code_points(code, starts[number - 1], indent - len(shown)))
    before = code[: min(offset, len(code))]
    # Lines as an editor counts them: U+2028 and U+2029 end none.
    lines = re.split("\r\n|[\n\r]", before)
    return Fault(len(lines), len(lines[-1].encode("utf-16-le")) // 2 + 1, message)


def _caret(said: str) -> int:
    for line in said.split("\n")[::-1]:
        if line.strip() and not line.strip().strip("^"):
            return len(line) - len(line.lstrip())
    return 0


def _code_points(code: str, start: int, units: int) -> int:
    """How many characters of `code` from `start` make up so many UTF-16 units."""
    count = 0
    for character in code[start : start + max(0, units)]:
        if units <= 0:
            break
        units -= 2 if ord(character) > 0xFFFF else 1
        count += 1
    return count


class _Engine:
    """One child per process, started when first needed, replaced when it died or took too long; one question at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def ask(self, code: str) -> str | None:
        """What V8 says of `code`; None when it reads. Raises Unreadable."""
        if not self._lock.acquire(timeout=PATIENCE):
            raise Unreadable("away")
        try:
            child = self._running()
            body = json.dumps(code).encode()
            try:
                _send(child.stdin, body)
                answer = _frame(child.stdout, time.monotonic() + PATIENCE)
            except (OSError, EOFError, TimeoutError):
                self._end()
                raise Unreadable("heavy") from None
            said = json.loads(answer)
            return said if isinstance(said, str) else None
        finally:
            self._lock.release()

    def _running(self) -> subprocess.Popen[bytes]:
        child = self._child
        if child is not None and self._owner == os.getpid() and child.poll() is None:
            return child
        self._end()
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-I", str(_HELPER), str(MEMORY), str(CPU_SECONDS)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
            )
        except OSError:
            raise Unreadable("away") from None
        self._owner = os.getpid()
        atexit.register(self._end)
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None or self._owner != os.getpid():
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue
        child.wait()
        atexit.unregister(self._end)


def _send(stream: IO[bytes] | None, body: bytes) -> None:
    if stream is None:
        raise EOFError
    stream.write(struct.pack("!I", len(body)) + body)
    stream.flush()


def _frame(stream: IO[bytes] | None, until: float) -> bytes:
    """One answer: four bytes of length, then the body. Raises EOFError, TimeoutError."""
    if stream is None:
        raise EOFError
    length = struct.unpack("!I", _exactly(stream, 4, until))[0]
    return _exactly(stream, length, until)


def _exactly(stream: IO[bytes], length: int, until: float) -> bytes:
    received = b""
    while len(received) < length:
        ready, _, _ = select.select([stream], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            raise TimeoutError
        part = os.read(stream.fileno(), length - len(received))
        if not part:
            raise EOFError
        received += part
    return received


_engine = _Engine()
