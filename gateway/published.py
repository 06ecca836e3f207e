"""The channels this process serves: snapshots from the database, ready in memory, switched when a newer one arrives.

`Channel` is one release, made ready to be served; `Registry` holds the newest of each and keeps itself true by PostgreSQL's
LISTEN/NOTIFY, by a reload whenever that connection had to be made anew, and by a poll as the net.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import brotli
import psycopg

from gateway import channel_json, database, metrics, settings
from gateway.encodings import accepts
from gateway.logs import logger
from kit import origins
from publishing.snapshot import Snapshot, SnapshotRefused, unseal

log = logger("gateway.published")

NOTIFY_CHANNEL = "snapshot"


@dataclass(frozen=True, slots=True)
class Body:
    """One representation: bytes, and the response headers that go with them."""

    content: bytes
    encoding: bytes | None
    etag: bytes


class Page:
    """The channel JSON in one locale, in each encoding."""

    __slots__ = ("brotli", "etags", "gzip", "identity", "memo")

    def __init__(self, document: Mapping[str, Any], release: int) -> None:
        plain = json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        tag = f"{release}-{hashlib.sha256(plain).hexdigest()[:24]}"
        self.identity = Body(plain, None, f'"{tag}"'.encode())
        # Level 5: a tenth of the time of 11 for bytes a few per cent more; a push is to be seen at once.
        self.brotli = Body(brotli.compress(plain, quality=5), b"br", f'"{tag}-br"'.encode())
        self.gzip = Body(_gzip(plain), b"gzip", f'"{tag}-gz"'.encode())
        self.etags = frozenset((self.identity.etag, self.brotli.etag, self.gzip.etag))
        #: Finished answers by what of a request decides them (gateway.hot).
        self.memo: dict[Any, Any] = {}

    def best(self, accept_encoding: bytes) -> Body:
        if accepts(accept_encoding, b"br"):
            return self.brotli
        if accepts(accept_encoding, b"gzip"):
            return self.gzip
        return self.identity


class Channel:
    """One release of a channel, made ready: its JSON per locale and encoding, its private sections, its origin rule."""

    __slots__ = (
        "brand",
        "default_locale",
        "document",
        "domains",
        "id",
        "live",
        "name",
        "pages",
        "private",
        "release",
        "restricted",
    )

    def __init__(self, snapshot: Snapshot) -> None:
        self.id = snapshot.channel
        self.brand = snapshot.brand
        self.name = snapshot.name
        self.release = snapshot.release
        self.private = snapshot.private
        self.live = snapshot.kind == "live"
        document = {
            "name": snapshot.name,
            "channelIdOnExternalPlatform": snapshot.channel.removeprefix("chat_"),
            **snapshot.document,
            "isLiveChat": self.live,
        }
        self.document = channel_json.complete(document, availability=self.availability)
        locale = self.document["translationsLocale"]
        self.default_locale: str = locale if isinstance(locale, str) else ""
        self.pages = {self.default_locale: Page(self.document, self.release)}
        section = snapshot.private.get("channels_config")
        section = section if isinstance(section, Mapping) else {"domains_restricted": True}
        self.restricted = section.get("domains_restricted") is not False
        listed = section.get("allowed_domains")
        self.domains = tuple(
            entry
            for text in (listed if isinstance(listed, list) else ())
            if (entry := _entry(text)) is not None
        )

    @property
    def availability(self) -> str:
        """A published channel is in service; opening hours are no part of a snapshot's format 1."""
        return "online"

    @property
    def settings(self) -> Mapping[str, Any]:
        settings: Mapping[str, Any] = self.document["settings"]
        return settings

    @property
    def several_threads(self) -> bool:
        return not self.live and self.settings["hasMultipleThreadsPerEndUser"] is True

    def page(self, locale: str) -> Page:
        """The channel JSON for a wanted locale, or in the channel's own."""
        best = channel_json.best_locale(locale, self.pages) if locale else None
        return self.pages[self.default_locale if best is None else best]

    def allows(self, origin: str) -> bool:
        """Whether a page of this origin may show the channel; the environment's own pages and the console always may."""
        parts = origins.split(origin)
        if parts is None:
            return False
        if parts in OWN_ORIGINS or not self.restricted:
            return True
        return any(entry.matches(*parts) for entry in self.domains)

    def frame_ancestors(self) -> str:
        """The same rule as sources of `frame-ancestors`."""
        own = [origin for origin in (settings.GATEWAY_PUBLIC_URL, settings.GATEWAY_CONSOLE_URL) if origin]
        pages = [source for entry in self.domains for source in entry.csp_sources()]
        return " ".join(["'self'", *own, *(pages if self.restricted else ("http:", "https:"))])


class Registry:
    """The newest release of every channel, by brand and id. One per process."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {}
        #: Paths of the hot path, so that it needs one look-up.
        self.by_path: dict[str, Channel] = {}
        #: Every number seen, tombstones included: nothing goes back.
        self.releases: dict[str, int] = {}
        #: Channels whose stored snapshot this environment could not open.
        self.unreadable: set[str] = set()
        self.loaded = False
        self.listening = False
        self._tasks: list[asyncio.Task[None]] = []

    def get(self, brand: object, channel: str | None) -> Channel | None:
        """The channel, if it is published and belongs to this brand."""
        found = self.channels.get(channel or "")
        return found if found is not None and str(found.brand) == str(brand) else None

    async def start(self) -> None:
        """Load what is there if the database answers now; keep trying behind the scenes if it does not."""
        with contextlib.suppress(psycopg.Error, OSError, asyncio.TimeoutError):
            await asyncio.wait_for(self.reload(), 10)
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._poll())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def reload(self) -> None:
        """Compare every number with the database, fetch what is newer. Also the poll."""
        async with database.connection() as connection:
            rows = await (await connection.execute(_NUMBERS)).fetchall()
            newer = [channel for channel, release in rows if release > self.releases.get(channel, 0)]
            for channel in newer:
                row = await (await connection.execute(_ONE, (channel,))).fetchone()
                if row is not None:
                    await self._take_row(channel, *row)
        self.loaded = True

    async def refresh(self, channel: str) -> None:
        """Fetch one channel."""
        async with database.connection() as connection:
            row = await (await connection.execute(_ONE, (channel,))).fetchone()
        if row is not None:
            await self._take_row(channel, *row)

    async def take(self, snapshot: Snapshot) -> None:
        """Serve this release from now on, unless a newer one is already served."""
        # Compressing half a megabyte would hold up every open conversation.
        ready = None if snapshot.removed else await asyncio.to_thread(Channel, snapshot)
        if snapshot.release <= self.releases.get(snapshot.channel, 0):
            return
        self.releases[snapshot.channel] = snapshot.release
        self.unreadable.discard(snapshot.channel)
        old = self.channels.pop(snapshot.channel, None)
        if old is not None:
            self.by_path.pop(path_of(old.brand, old.id), None)
        if ready is not None:
            self.channels[ready.id] = ready
            self.by_path[path_of(ready.brand, ready.id)] = ready
        for hear in _listeners:
            hear(snapshot.channel)
        metrics.switches.inc()
        log.info(
            "channel.switched", channel=snapshot.channel, release=snapshot.release, removed=snapshot.removed
        )

    async def _take_row(self, channel: str, release: int, sealed: bytes) -> None:
        if release <= self.releases.get(channel, 0):
            return
        try:
            snapshot = await asyncio.to_thread(
                unseal,
                bytes(sealed),
                settings.GATEWAY_PUBLISHER_KEYS,
                settings.GATEWAY_DECRYPTION_KEYS,
                environment=settings.GATEWAY_ENVIRONMENT,
            )
        except SnapshotRefused as refusal:
            # Keys were taken away, or the row was altered. What is being served stays; the operator is told.
            if channel not in self.unreadable:
                log.warning("channel.unreadable", channel=channel, release=release, code=refusal.code)
            self.unreadable.add(channel)
            return
        await self.take(snapshot)

    async def _listen(self) -> None:
        wait = 0.2
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    database.conninfo(), autocommit=True, connect_timeout=5
                ) as connection:
                    await connection.execute(_LISTEN)
                    # What came while nobody listened.
                    await self.reload()
                    self.listening, wait = True, 0.2
                    log.info("snapshots.listening")
                    async for notice in connection.notifies():
                        environment, _, channel = notice.payload.partition(":")
                        if environment == settings.GATEWAY_ENVIRONMENT:
                            await self.refresh(channel)
            except (TimeoutError, psycopg.Error, OSError) as error:
                log.warning("snapshots.not_listening", error=type(error).__name__, again_in=wait)
            finally:
                self.listening = False
            await asyncio.sleep(wait)
            wait = min(wait * 2, 5.0)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(settings.GATEWAY_POLL_SECONDS)
            started = time.monotonic()
            try:
                await self.reload()
            except (TimeoutError, psycopg.Error, OSError) as error:
                log.warning(
                    "snapshots.poll_failed", error=type(error).__name__, after=time.monotonic() - started
                )


_NUMBERS = "SELECT channel, release FROM gateway_publishedchannel"
_ONE = "SELECT release, sealed FROM gateway_publishedchannel WHERE channel = %s"
_LISTEN = "LISTEN snapshot"

OWN_ORIGINS = frozenset(
    parts
    for url in (settings.GATEWAY_PUBLIC_URL, settings.GATEWAY_CONSOLE_URL)
    if url and (parts := origins.split("/".join(url.split("/", 3)[:3]))) is not None
)


_listeners: list[Callable[[str], None]] = []


def on_switch(hear: Callable[[str], None]) -> None:
    """Call with a channel's id whenever this process begins to serve a release of it, or stops serving it."""
    _listeners.append(hear)


def path_of(brand: int, channel: str) -> str:
    """Where the channel JSON of a channel is."""
    return f"/chat/1.0/brand/{brand}/channel/{channel}"


def _entry(text: object) -> origins.Entry | None:
    try:
        return origins.parse(text) if isinstance(text, str) else None
    except origins.BadEntry:
        return None


def _gzip(plain: bytes) -> bytes:
    # mtime 0: every node makes the same bytes.
    return gzip.compress(plain, compresslevel=6, mtime=0)


registry = Registry()
