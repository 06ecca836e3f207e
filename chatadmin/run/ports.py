"""Ports on the loopback interface: is one free, and which."""

from __future__ import annotations

import errno
import socket

from chatadmin.run.errors import RunError

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now; a connection that is winding down does not count as use."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES, errno.EPERM}:
                return False
            raise
    return True


def pick(preferred: int = 0) -> int:
    """A free port: the preferred one if it is free (so that a restarted server keeps its address), else any."""
    if preferred and is_free(preferred):
        return preferred
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def claim(port: int, variable: str) -> None:
    """Raises RunError, naming the port and the variable that moves it, when something else listens there."""
    if not is_free(port):
        example = port + 100 if port + 100 < 65536 else port - 100
        raise RunError(
            f"port {port} is in use by another program: free it, or choose another with {variable} "
            f"(for example {variable}={example} make run)."
        )
