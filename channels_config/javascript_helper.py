"""The process that has V8 read an admin's JavaScript; started and bounded by channels_config.javascript.

Reads requests from standard input and answers on standard output, each a four-byte length and JSON. It imports nothing of the
project. Code is compiled as a classic script and never run: its first statement, put there by the caller, throws.
"""

from __future__ import annotations

import json
import resource
import struct
import sys

from py_mini_racer import JSEvalException, JSParseException, MiniRacer


def main() -> None:
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    engine, checked = MiniRacer(), 0
    source, answer = sys.stdin.buffer, sys.stdout.buffer
    while len(head := source.read(4)) == 4:
        code = json.loads(source.read(struct.unpack("!I", head)[0]))
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime) + 1 + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        said = None
        try:
            engine.eval(code)
        except JSParseException as error:
            said = str(error)
        except JSEvalException:
            said = None
        body = json.dumps(said).encode()
        answer.write(struct.pack("!I", len(body)) + body)
        answer.flush()
        checked += 1
        if checked == 200:
            # Names that the code declares stay behind in the context.
            engine.close()
            engine, checked = MiniRacer(), 0


if __name__ == "__main__":
    main()
