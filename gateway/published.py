"""The channels this process serves: snapshots from the database, ready in memory, switched when a newer one arrives.

`Channel` is one release, made ready to be served; `Registry` holds the newest of each and keeps itself true by PostgreSQL's
LISTEN/NOTIFY, by a reload whenever that connection had to be made anew, and by a poll as the net.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import brotli
import psycopg

from gateway import channel_json, database, hours, metrics, settings, surveys
from gateway.encodings import accepts
from gateway.guides import Guide
from gateway.logs import logger
from ipblocking import rules as address_rules
from kit import origins
from publishing.snapshot import Snapshot, SnapshotRefused, unseal

log = logger("gateway.published")

NOTIFY_CHANNEL = "snapshot"

#: Ways of asking for a language that a channel remembers the answer to.
_MOST_WORDINGS = 1024


@dataclass(frozen=True, slots=True)
class Body:
    """One representation: bytes, and the response headers that go with them."""

    content: bytes
    encoding: bytes | None
    etag: bytes


class Page:
    """The channel JSON in one locale, in each encoding; packed on first use, and before that for locales known to be asked for."""

    __slots__ = ("_brotli", "_gzip", "etags", "identity", "memo", "shelved", "used")

    def __init__(self, plain: bytes, release: int) -> None:
        tag = f"{release}-{hashlib.sha256(plain).hexdigest()[:24]}"
        self.identity = Body(plain, None, f'"{tag}"'.encode())
        self._brotli: Body | None = None
        self._gzip: Body | None = None
        self.etags = frozenset(f'"{tag}{ending}"'.encode() for ending in ("", "-br", "-gz"))
        #: Finished answers by what of a request decides them (gateway.hot).
        self.memo: dict[Any, Any] = {}
        #: Asked for since the shelf last looked.
        self.used = True
        #: On the shelf: what it weighs counts there.
        self.shelved = False

    def ready(self, accept_encoding: bytes) -> bool:
        """Whether `best` answers at once. A large document is packed on another thread (`gateway.hot`)."""
        if len(self.identity.content) < _PACKED_AT_ONCE:
            return True
        if accepts(accept_encoding, b"br"):
            return self._brotli is not None
        return self._gzip is not None or not accepts(accept_encoding, b"gzip")

    def best(self, accept_encoding: bytes) -> Body:
        if accepts(accept_encoding, b"br"):
            return self.brotli
        if accepts(accept_encoding, b"gzip"):
            return self.gzip
        return self.identity

    @property
    def brotli(self) -> Body:
        if self._brotli is None:
            # Level 5: a tenth of the time of 11 for bytes a few per cent more; a push is to be seen at once.
            packed = brotli.compress(self.identity.content, quality=5)
            self._brotli = Body(packed, b"br", self.identity.etag[:-1] + b'-br"')
        return self._brotli

    @property
    def gzip(self) -> Body:
        if self._gzip is None:
            self._gzip = Body(_gzip(self.identity.content), b"gzip", self.identity.etag[:-1] + b'-gz"')
        return self._gzip

    @property
    def weight(self) -> int:
        """Bytes it may come to hold: itself, and what it packs to."""
        return 2 * len(self.identity.content) + _OBJECTS


#: A document of fewer bytes is packed in about a millisecond: sooner than a thread is found for it.
_PACKED_AT_ONCE = 32 * 1024
#: What a page weighs beside its bytes, about.
_OBJECTS = 2_000
#: What one finished answer weighs, about.
ANSWER_WEIGHT = 1_500


class Shelf:
    """All pages of all channels in other locales than the channel's own; together they weigh at most `most` bytes.

    When it is full, pages go that nobody asked for since it was looked through last (second chance, oldest first).
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.weight = 0
        self._pages: deque[tuple[dict[str, Page], str, Page, int]] = deque()
        self._lock = threading.Lock()

    def put(self, pages: dict[str, Page], locale: str, page: Page) -> Page:
        """Keep a page in its channel's `pages`; whoever made the same one at the same time gets the first."""
        with self._lock:
            there = pages.setdefault(locale, page)
            if there is page:
                page.shelved = True
                self._pages.append((pages, locale, page, page.weight))
                self.weight += page.weight
                self._make_room()
        return there

    def remember(self, page: Page, key: Any, answer: Any, most: int) -> None:
        """A page keeps one finished answer more, and at most `most` of them."""
        with self._lock:
            if len(page.memo) >= most:
                if page.shelved:
                    self.weight -= len(page.memo) * ANSWER_WEIGHT
                page.memo.clear()
            if page.shelved and key not in page.memo:
                self.weight += ANSWER_WEIGHT
            page.memo[key] = answer
            self._make_room()

    def drop(self, channel_pages: dict[str, Page]) -> None:
        """Another release took over: its pages go at once."""
        with self._lock:
            kept = deque[tuple[dict[str, Page], str, Page, int]]()
            for entry in self._pages:
                if entry[0] is channel_pages:
                    self._take_off(entry[2], entry[3])
                else:
                    kept.append(entry)
            self._pages = kept

    def _make_room(self) -> None:
        spared = 0
        while self.weight > self.most and self._pages:
            pages, locale, page, weight = self._pages.popleft()
            if page.used and spared < len(self._pages):
                page.used = False
                spared += 1
                self._pages.append((pages, locale, page, weight))
                continue
            pages.pop(locale, None)
            self._take_off(page, weight)

    def _take_off(self, page: Page, weight: int) -> None:
        self.weight -= weight + len(page.memo) * ANSWER_WEIGHT
        page.shelved = False
        page.memo.clear()


shelf = Shelf(settings.GATEWAY_LOCALE_PAGES_MB * 1024 * 1024)


class Channel:
    """One release of a channel, made ready: its JSON per locale and encoding, its private sections, its origin rule."""

    __slots__ = (
        "_frame",
        "_offline_texts",
        "_raw_locales",
        "addresses",
        "availability",
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
        "revision",
        "rule",
        "survey",
        "translations",
    )

    def __init__(self, snapshot: Snapshot, *, packed: bool = True) -> None:
        """`packed`: its own page is made ready in every encoding at once, instead of when it is first asked for."""
        self.id = snapshot.channel
        self.brand = snapshot.brand
        self.name = snapshot.name
        self.release = snapshot.release
        self.revision = snapshot.revision
        #: Whom the channel does not let in; None when it has no such rule, so that asking costs nothing.
        self.addresses = _addresses(snapshot)
        # The lines of 160,000 entries are ten times as large as what was made of them.
        self.private = {name: section for name, section in snapshot.private.items() if name != "ipblocking"}
        self.live = snapshot.kind == "live"
        document = {
            "name": snapshot.name,
            "channelIdOnExternalPlatform": snapshot.channel.removeprefix("chat_"),
            **surveys.with_channel(snapshot.document, snapshot.channel),
            "isLiveChat": self.live,
        }
        #: When it is online, by its hours and its agents; None: always.
        self.rule = hours.ready(snapshot.private.get("live_chat"))
        self.availability = hours.initial(self.rule, snapshot.channel)
        self.document = channel_json.complete(document, availability=self.availability)
        self._offline_texts = channel_json.take_offline_texts(self.document)
        self.translations = channel_json.languages(snapshot.private.get("translations"))
        self.default_locale = self.translations.resolve(None).locale
        self.document |= channel_json.phrases(self.translations, self.default_locale, self.document)
        self.survey = surveys.ready(snapshot.private.get("surveys"))
        self._frame = channel_json.split(self.document)
        self._raw_locales: dict[str, str] = {}
        own = self._made(self.default_locale)
        if packed:
            # Everybody who names no language gets this one; what makes a channel runs on a thread of its own.
            own.brotli, own.gzip  # noqa: B018
        self.pages = {self.default_locale: own}
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
    def settings(self) -> Mapping[str, Any]:
        settings: Mapping[str, Any] = self.document["settings"]
        return settings

    @property
    def several_threads(self) -> bool:
        return not self.live and self.settings["hasMultipleThreadsPerEndUser"] is True

    def page(self, wanted: str) -> Page:
        """The channel JSON for a wanted locale (`fr_CA`, or a browser's list as in Accept-Language), or in the channel's own."""
        locale = self._raw_locales.get(wanted)
        if locale is None:
            locale = channel_json.resolved(self.translations, wanted) if wanted else self.default_locale
            # What visitors write is theirs to choose, so there must be an end.
            if len(self._raw_locales) >= _MOST_WORDINGS:
                self._raw_locales.clear()
            self._raw_locales[wanted] = locale
        page = self.pages.get(locale)
        if page is None:
            page = shelf.put(self.pages, locale, self._made(locale))
        page.used = True
        return page

    def locale(self, wanted: str) -> str:
        """The language a visitor gets who asks for `wanted`."""
        return channel_json.resolved(self.translations, wanted) if wanted else self.default_locale

    def phrases(self, wanted: str) -> Mapping[str, str]:
        """The visitor's phrases, by id, for a wanted locale."""
        return self.translations.table(self.locale(wanted))

    def _made(self, locale: str) -> Page:
        return self._made_of(self._frame, locale)

    def _made_of(self, frame: tuple[bytes, bytes], locale: str) -> Page:
        text = channel_json.offline_text(self._offline_texts, self.translations, locale)
        if text is not None:
            # Not kept for the next one: a document may be large, and pages are what the shelf weighs.
            frame = channel_json.split(channel_json.with_offline_text(self.document, text))
        phrases = channel_json.phrases(self.translations, locale, self.document)
        return Page(channel_json.joined(frame, phrases), self.release)

    async def turn(self, status: str) -> None:
        """Serve "online" or "offline" from now on: other bytes, another ETag, in every language. The hours' clock calls it."""
        self.availability = status
        self.document["availability"] = {"status": status}
        frame = channel_json.split(self.document)

        def made() -> Page:
            page = self._made_of(frame, self.default_locale)
            page.brotli, page.gzip  # noqa: B018
            return page

        page = await asyncio.to_thread(made)
        if self.availability != status:
            return
        # First what pages are made of, then where they stand: no page of before gets into the new ones.
        self._frame = frame
        before, self.pages = self.pages, {self.default_locale: page}
        shelf.drop(before)
        await asyncio.to_thread(self.warm, [one for one in before if one != self.default_locale])

    def warm(self, locales: Iterable[str]) -> None:
        """Make pages ready before somebody asks, as long as the shelf has room; runs on a thread."""
        for locale in locales:
            if shelf.weight > shelf.most * 3 // 4:
                return
            page = self.page(locale)
            page.brotli, page.gzip  # noqa: B018

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
        #: Published Guides, by id.
        self.guides: dict[str, Guide] = {}
        #: Every number seen (release, revision), tombstones included: nothing goes back.
        self.releases: dict[str, tuple[int, int]] = {}
        #: Numbers that a push to this very process brings: nobody need fetch them.
        self.coming: dict[str, tuple[int, int]] = {}
        #: Channels whose stored snapshot this environment could not open.
        self.unreadable: set[str] = set()
        self.loaded = False
        self.listening = False
        self._tasks: list[asyncio.Task[None]] = []
        self._warming: set[asyncio.Task[None]] = set()

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
        await self.refresh({channel: (release, revision) for channel, release, revision in rows})
        self.loaded = True

    async def refresh(self, told: Mapping[str, tuple[int, int] | None]) -> None:
        """Fetch these channels, as far as they have another number than what is here or on its way (None: it is not known)."""
        wanted = [
            channel
            for channel, number in told.items()
            if number is None
            or number > max(self.releases.get(channel, _NONE), self.coming.get(channel, _NONE))
        ]
        for begin in range(0, len(wanted), _FETCHED_AT_ONCE):
            part = wanted[begin : begin + _FETCHED_AT_ONCE]
            async with database.connection() as connection:
                rows = await (await connection.execute(_THESE, (part,))).fetchall()
            newer = [row for row in rows if tuple(row[1:3]) > self.releases.get(row[0], _NONE)]
            opened = await asyncio.to_thread(_opened, newer)
            for (channel, release, *_), one in zip(newer, opened, strict=True):
                # Keys were taken away, or the row was altered. What is being served stays; the operator is told.
                if isinstance(one, SnapshotRefused) and channel not in self.unreadable:
                    log.warning("channel.unreadable", channel=channel, release=release, code=one.code)
                if isinstance(one, SnapshotRefused):
                    self.unreadable.add(channel)
            await self.take([one for one in opened if isinstance(one, Snapshot)])

    @contextlib.contextmanager
    def expecting(self, snapshots: Sequence[Snapshot]) -> Iterator[None]:
        """While this process stores these and begins to serve them, what it hears of them itself is no news."""
        numbers = {one.channel: (one.release, one.revision) for one in snapshots}
        self.coming |= numbers
        try:
            yield
        finally:
            for channel, number in numbers.items():
                if self.coming.get(channel) == number:
                    del self.coming[channel]

    async def take(self, snapshots: Sequence[Snapshot]) -> set[str]:
        """Serve these releases from now on, each unless a newer one is already served; returns channels it cannot serve."""
        # Compressing half a megabyte would hold up every open conversation. Of many at once nobody waits for a certain one,
        # so each is packed when it is first asked for.
        packed = len(snapshots) <= _PACKED_BEFOREHAND
        made = await asyncio.to_thread(lambda: [_made(one, packed=packed) for one in snapshots])
        broken = set[str]()
        for snapshot, ready in zip(snapshots, made, strict=True):
            if not isinstance(ready, Exception):
                self._switch(snapshot, ready)
                continue
            broken.add(snapshot.channel)
            if snapshot.channel not in self.unreadable:
                log.error(
                    "channel.unservable",
                    channel=snapshot.channel,
                    release=snapshot.release,
                    error=f"{type(ready).__name__}: {ready}"[:200],
                )
            self.unreadable.add(snapshot.channel)
        if len(snapshots) == 1:
            one = snapshots[0]
            log.info("channel.switched", channel=one.channel, release=one.release, removed=one.removed)
        elif snapshots:
            log.info("channels.switched", channels=len(snapshots) - len(broken))
        return broken

    def _switch(self, snapshot: Snapshot, ready: Channel | Guide | None) -> None:
        number = (snapshot.release, snapshot.revision)
        if number <= self.releases.get(snapshot.channel, _NONE):
            return
        self.releases[snapshot.channel] = number
        self.unreadable.discard(snapshot.channel)
        if snapshot.kind == "guide":
            self.guides.pop(snapshot.channel, None)
            if isinstance(ready, Guide):
                self.guides[ready.id] = ready
        old = self.channels.pop(snapshot.channel, None)
        if old is not None:
            self.by_path.pop(path_of(old.brand, old.id), None)
        if isinstance(ready, Channel):
            self.channels[ready.id] = ready
            self.by_path[path_of(ready.brand, ready.id)] = ready
            if old is not None and len(old.pages) > 1:
                self._warm(ready, list(old.pages))
        if old is not None:
            shelf.drop(old.pages)
        for hear in _listeners:
            hear(snapshot.channel)
        metrics.switches.inc()

    def _warm(self, channel: Channel, asked_for: list[str]) -> None:
        """The languages that were asked for under the release before are made ready again, beside the visitors' requests."""
        known = set(channel.translations.locales())
        task = asyncio.create_task(
            asyncio.to_thread(channel.warm, [one for one in asked_for if one in known])
        )
        self._warming.add(task)
        task.add_done_callback(self._warming.discard)

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
                        environment, _, told = notice.payload.partition(":")
                        if environment == settings.GATEWAY_ENVIRONMENT:
                            await self.refresh(dict(map(_told, told.split())))
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


_NUMBERS = "SELECT channel, release, revision FROM gateway_publishedchannel"
_THESE = "SELECT channel, release, revision, sealed FROM gateway_publishedchannel WHERE channel = ANY(%s)"
_LISTEN = "LISTEN snapshot"
#: The number of a channel that was never here.
_NONE = (0, 0)
#: Rows of one query: a row has up to 16 MB.
_FETCHED_AT_ONCE = 25
#: So many releases that come at once are packed before they are served.
_PACKED_BEFOREHAND = 4


def _told(word: str) -> tuple[str, tuple[int, int] | None]:
    """A word of a notice: `chat_…=12.0`, release and revision. A channel alone comes from a process of the version before."""
    channel, known, number = word.partition("=")
    release, _, revision = number.partition(".")
    return channel, (int(release), int(revision)) if known else None


def _opened(rows: Iterable[tuple[str, int, int, bytes]]) -> list[Snapshot | SnapshotRefused]:
    """Rows of the table as snapshots; a long piece of work, for a thread."""
    found = list[Snapshot | SnapshotRefused]()
    for _channel, _release, _revision, sealed in rows:
        try:
            found.append(
                unseal(
                    bytes(sealed),
                    settings.GATEWAY_PUBLISHER_KEYS,
                    settings.GATEWAY_DECRYPTION_KEYS,
                    environment=settings.GATEWAY_ENVIRONMENT,
                )
            )
        except SnapshotRefused as refusal:
            found.append(refusal)
    return found


def _made(snapshot: Snapshot, *, packed: bool) -> Channel | Guide | Exception | None:
    try:
        if snapshot.removed:
            return None
        return Guide(snapshot) if snapshot.kind == "guide" else Channel(snapshot, packed=packed)
    except Exception as error:  # noqa: BLE001 - one that cannot be made must not keep the others from being served
        return error


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


def _addresses(snapshot: Snapshot) -> address_rules.Blocklist | None:
    """Made in the thread that makes the channel. Rules this process cannot read let nobody in: that is seen, and harmless."""
    section = snapshot.private.get("ipblocking")
    if section is None:
        return None
    try:
        return address_rules.compile(section) or None
    except ValueError as error:
        log.error(  # noqa: TRY400 - the place is in the message
            "addresses.unreadable", channel=snapshot.channel, release=snapshot.release, error=str(error)[:200]
        )
        return address_rules.NOBODY


def _entry(text: object) -> origins.Entry | None:
    try:
        return origins.parse(text) if isinstance(text, str) else None
    except origins.BadEntry:
        return None


def _gzip(plain: bytes) -> bytes:
    # mtime 0: every node makes the same bytes.
    return gzip.compress(plain, compresslevel=6, mtime=0)


registry = Registry()
