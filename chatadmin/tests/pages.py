"""Every address of the console, found by walking the URLconf, and who may open it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tenants.roles import Role


@dataclass(frozen=True)
class Address:
    """A route: `name` as `reverse` takes it; `door` and `role` as its view is marked (None: not marked at all)."""

    route: str
    name: str
    parameters: tuple[str, ...]
    door: str | None
    role: Role | None
    view: Callable[..., HttpResponse]

    def __str__(self) -> str:
        return self.name or self.route

    def path(self, values: Mapping[str, Any]) -> str:
        missing = [name for name in self.parameters if name not in values]
        assert not missing, (
            f"say in chatadmin/tests/test_isolation.py what stands for {missing} in {self.route}"
        )
        # A Guide's own addresses take a Guide's id where others take a channel's.
        guide = {"channel": values.get("guide")} if "<guide:channel>" in self.route else {}
        return reverse(self.name, kwargs={name: values[name] for name in self.parameters} | guide)


def addresses() -> list[Address]:
    return list(_walk(get_resolver().url_patterns, "", ""))


def _walk(patterns: list[Any], route: str, namespace: str) -> Iterator[Address]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern.url_patterns, route + str(pattern.pattern), inner)
        elif isinstance(pattern, URLPattern):
            full = route + str(pattern.pattern)
            role = getattr(pattern.callback, "required_role", None)
            yield Address(
                route=full,
                name=f"{namespace}{pattern.name}" if pattern.name else "",
                parameters=tuple(_parameters(full)),
                door=getattr(pattern.callback, "door", None),
                role=None if role is None else Role(role),
                view=pattern.callback,
            )


def _parameters(route: str) -> Iterator[str]:
    for piece in route.split("<")[1:]:
        yield piece.partition(">")[0].rpartition(":")[2]


class Inline(HTMLParser):
    """What of a page a policy without `unsafe-inline` would block; collected in `found`."""

    def __init__(self, nonce: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._nonce = nonce

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" and given.get("nonce") != self._nonce:
            self.found.append("<style>")
        is_code = given.get("type") not in {"application/json", "text/plain"}
        if tag == "script" and is_code and "src" not in given and given.get("nonce") != self._nonce:
            self.found.append("<script>")
        self.found += [f"{name} of <{tag}>" for name in given if name == "style" or name.startswith("on")]
        for name in ("href", "src", "action", "formaction"):
            if (given.get(name) or "").strip().lower().startswith(("javascript:", "data:text")):
                self.found.append(f"{name} of <{tag}>")


def policy(response: HttpResponseBase) -> dict[str, list[str]]:
    """The Content-Security-Policy, directive -> sources."""
    header = response.headers.get("Content-Security-Policy", "")
    parts = (directive.split() for directive in header.split(";") if directive.strip())
    return {name: sources for name, *sources in parts}
