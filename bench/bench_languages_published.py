"""How long after « Save » a changed phrase is read by visitors, on a channel with one language and on one with 200.

    python bench/bench_languages_published.py [--rounds N] [--json FILE]

Every phrase of every language is the organisation's own: the largest section there is. Both channels take turns on one stack. Also:
the list page of 200 languages, and the first request of each language after a publication.

Aim: with 200 languages visible within twice the time of one.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.bench_translations import make_section
from bench.support import median
from tests import stack as stacks
from tests.console_client import Console, signed_in
from translations import catalogue

BASE = "/o/1009/acd/digital/chat/"


def token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def post(console: Console, path: str, page: str, **more: Any) -> httpx.Response:
    data = {"csrfmiddlewaretoken": token(page), **more.pop("data", {})}
    return console.http.post(
        path, data=data, headers={"Referer": str(console.http.base_url), **more.pop("headers", {})}, **more
    )


def filled(console: Console, count: int) -> str:
    """A new channel with so many languages, brought in as a file."""
    channel = console.create_channel(f"Languages {count}")
    phrases = catalogue.phrases()
    texts = {
        one: f"{text}." for one, text in catalogue.texts("fr").items() if len(text) < phrases[one].max_length
    }
    variants = [
        {"locale": one["locale"], "name": one["name"], "phrases": texts}
        for one in make_section(count)["variants"]
    ]
    path = f"{BASE}{channel}/translations/import/"
    body = json.dumps({"format": 1, "variants": variants}).encode()
    address = post(console, path, console.http.get(path).text, files={"file": ("all.json", body)}).headers[
        "Location"
    ]
    while "/step/" in (page := console.http.get(address).text):
        post(console, f"{address}step/", page)
    post(console, f"{address}apply/", page)
    return channel


def save(console: Console, public: httpx.Client, url: str, channel: str, locale: str, text: str) -> float:
    """Change one phrase; seconds until the environment serves it."""
    path = f"{BASE}{channel}/translations/language/{locale}/"
    page = console.http.get(path).text
    hidden = {
        name: html.unescape(value)
        for name, value in re.findall(r'type="hidden" name="(seen|base)" value="([^"]*)"', page)
    }
    begun = time.perf_counter()
    answer = post(console, path, page, data={**hidden, "phrase.send": text}, headers={"HX-Request": "true"})
    assert answer.status_code == 200, answer.status_code
    while public.get(f"{url}?locale={locale}").json()["translations"]["send"] != text:
        time.sleep(0.004)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=12, help="saves on each channel (%(default)s)")
    parser.add_argument("--json", type=Path, help="write the result there as well")
    options = parser.parse_args()
    times: dict[int, list[float]] = {1: [], 200: []}
    with tempfile.TemporaryDirectory() as folder, httpx.Client(trust_env=False, timeout=30) as public:
        stack = stacks.start(Path(folder) / "stack")
        try:
            console = signed_in(stack.console, stack.password)
            channels = {count: filled(console, count) for count in times}
            locales = {count: [one["locale"] for one in make_section(count)["variants"]] for count in times}
            urls = {count: f"{stack.test}/chat/1.0/brand/1009/channel/{channels[count]}" for count in times}
            for number in range(options.rounds):
                for count, taken in times.items():
                    taken.append(
                        save(console, public, urls[count], channels[count], locales[count][0], f"Va {number}")
                    )
            page = console.http.get(f"{BASE}{channels[200]}/translations/").elapsed.total_seconds()
            first = []
            for locale in locales[200][1:]:
                begun = time.perf_counter()
                public.get(f"{urls[200]}?locale={locale}")
                first.append(time.perf_counter() - begun)
            console.http.close()
        finally:
            stack.stop()
    one, many = median(times[1]), median(times[200])
    print(
        f"visible, 1 language    {one * 1000:7.0f} ms\nvisible, 200 languages {many * 1000:7.0f} ms ({many / one:.1f} times)"
    )
    print(
        f"list page of 200       {page * 1000:7.0f} ms\nfirst request of one   {median(first) * 1000:7.1f} ms"
    )
    met = many <= 2 * one
    print(f"aim: within twice the time: {'met' if met else 'MISSED'}")
    figures = {"one": one, "many": many, "page": page, "first_request": median(first), "met": met}
    line = json.dumps({"bench": "languages_published", "seconds": figures})
    print(line)
    if options.json:
        options.json.write_text(line + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
