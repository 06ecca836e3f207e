"""Serves the built widget as the console and an environment do, for the browser tests: same headers, no logic of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BUILT = Path(__file__).resolve().parents[2] / "static" / "widget"
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".html": "text/html; charset=utf-8",
}
FRAME_POLICY = "sandbox allow-scripts allow-modals allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads"

#: What a path answers: content type, body, further headers.
Page = tuple[str, bytes, dict[str, str]]


def frame_document(base: str) -> str:
    """frame.html with its address filled in, as whoever serves it must do."""
    return (BUILT / "frame.html").read_text(encoding="utf-8").replace("{{base}}", base)


def built_file(path: str) -> Page | None:
    """A page for /static/widget/<name> and for the preview's frame."""
    if path == "/preview/frame/":
        headers = {"Content-Security-Policy": FRAME_POLICY}
        return TYPES[".html"], frame_document("/static/widget/").encode(), headers
    name = path.removeprefix("/static/widget/")
    file = BUILT / name
    if name == path or "/" in name or not file.is_file():
        return None
    # A sandboxed frame fetches its modules as the origin null.
    return TYPES[file.suffix], file.read_bytes(), {"Access-Control-Allow-Origin": "*"}


@contextmanager
def serving(pages: Callable[[str], Page | None], port: int = 0) -> Iterator[str]:
    """Answer GET requests by `pages(path)`, 404 where it says None; yields the base address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages(self.path.partition("?")[0])
            kind, body, headers = page or ("text/plain", b"not found", {})
            self.send_response(200 if page else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
