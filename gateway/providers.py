"""Sign-in providers, as the environment speaks with them: bounded in time, each kept apart from the others.

Providers belong to organisations, so one that is slow, down or talks rubbish must cost nobody else anything: a circuit and a
limit of calls at a time for each channel's provider, ten seconds for everything a visitor waits for.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import psycopg

from auth_config import rules
from gateway import auth, metrics, sessions, settings
from gateway.logs import logger
from gateway.published import Channel, registry
from kit import oauth
from kit.http import SafeClient
from kit.oauth import Circuit, Provider, ProviderFailed, Tokens
from kit.secrets import Unreadable

log = logger("gateway.providers")

#: Seconds a visitor waits for a provider at most, all calls together.
PATIENCE = 9.0
_AT_ONCE = 20
#: Seconds a session without a refresh token lasts at least: the page it was begun on is still open.
_SHORTEST_SESSION = 600
#: Seconds after which a session that is refreshed all the time asks for a new sign-in.
_LONGEST_SESSION = 30 * 24 * 3600
#: Access tokens kept in memory where the channel does not store them: (token, end). The newest of so many.
_MOST_REMEMBERED = 10_000

_T = TypeVar("_T")


class Providers:
    """This process's client, and the circuit of each channel's provider."""

    def __init__(self) -> None:
        self._client: SafeClient | None = None
        self._circuits: dict[tuple[str, str], tuple[Circuit, asyncio.Semaphore]] = {}
        self._remembered: dict[str, tuple[str, float]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def client(self) -> SafeClient:
        if self._client is None:
            self._client = SafeClient(loopback=settings.ALLOW_LOOPBACK_PROVIDERS, seconds=8.0)
        return self._client

    async def stop(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()

    def spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @asynccontextmanager
    async def _guarded(self, channel: Channel, given: Provider) -> AsyncIterator[None]:
        key = (channel.id, given.authorize_endpoint)
        circuit, at_once = self._circuits.setdefault(key, (Circuit(), asyncio.Semaphore(_AT_ONCE)))
        if at_once.locked() or not circuit.lets_through():
            raise ProviderFailed("token", "circuit_open")
        async with at_once:
            try:
                yield
            except ProviderFailed as failed:
                if failed.is_trouble:
                    circuit.failed()
                else:
                    circuit.succeeded()
                raise
            except BaseException:
                circuit.failed()
                raise
            circuit.succeeded()

    async def call(self, channel: Channel, given: Provider, act: Callable[[SafeClient], Awaitable[_T]]) -> _T:
        """The result of a conversation with the channel's provider. Raises ProviderFailed, within PATIENCE."""
        try:
            async with asyncio.timeout(PATIENCE), self._guarded(channel, given):
                return await act(self.client())
        except TimeoutError as error:
            raise ProviderFailed("token", "timeout") from error

    def remember(self, session: str, access: str, seconds: float) -> None:
        self._remembered.pop(session, None)
        self._remembered[session] = (access, time.monotonic() + seconds * 0.9)
        while len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.pop(next(iter(self._remembered)))

    def recall(self, session: str) -> str:
        access, until = self._remembered.get(session, ("", 0.0))
        return access if until > time.monotonic() else ""


providers = Providers()

#: What the page's developer reads of a failed sign-in; the details are for the console's tester.
_SENTENCES = {
    "invalid_grant": "The provider does not take the code: it has expired, was used before, or was made for another client.",
    "invalid_client": "The provider does not accept the channel's client id and secret.",
    "redirect_mismatch": "The channel's redirect URI is not the one the code was made for.",
    "denied": "The provider's UserInfo refuses the access token.",
}


async def sign_in(channel: Channel, code: str, *, verifier: str, former: str) -> auth.Grant:
    """The customer a code stands for: exchanged here, once. Raises AuthorizationRefused."""
    section = auth.section(channel)
    settings_ = section["oauth"]
    given = oauth.provider(settings_)
    if settings_["pkce"] and not verifier:
        raise auth.AuthorizationRefused("This channel asks for PKCE: send the code's code_verifier with it.")
    # By provider, not by channel: what one channel used is used for every other of the same client.
    ticket = rules.fingerprint(code, given.authorize_endpoint, given.client_id)
    if not await sessions.use_ticket(ticket):
        raise auth.AuthorizationRefused("This code was used before; a page needs a new one each time.")
    exchanged: list[Tokens] = []

    async def act(client: SafeClient) -> tuple[Tokens, dict[str, Any]]:
        exchanged.append(await oauth.exchange(client, given, code, verifier=verifier))
        return exchanged[0], await oauth.userinfo(client, given, exchanged[0].access_token)

    try:
        tokens, answer = await providers.call(channel, given, act)
    except ProviderFailed as failed:
        trouble = failed.is_trouble or failed.code == "circuit_open"
        if trouble and not exchanged:
            # Nobody heard of the code: it may come again.
            await sessions.give_ticket_back(ticket)
        raise _refusal(channel, failed) from None
    identity = auth.identity_of(rules.person(section["mapping"], answer), "provider's answer")
    session_id = str(uuid.uuid4())
    session, secret = await sessions.begin(
        channel,
        identity,
        mode=auth.ThirdParty.name,
        seconds=_LONGEST_SESSION if tokens.refresh_token else max(tokens.expires_in, _SHORTEST_SESSION),
        former=former,
        provider=_sealed(session_id, settings_, tokens),
        provider_seconds=tokens.expires_in,
        session_id=session_id,
    )
    providers.remember(session_id, tokens.access_token, tokens.expires_in)
    return auth.Grant(identity, session, secret)


def _sealed(session: str, settings_: Any, tokens: Tokens) -> str:
    kept = {"refresh": tokens.refresh_token}
    if settings_["store_access_token"]:
        kept["access"] = tokens.access_token
    return sessions.seal_tokens(session, kept) if any(kept.values()) else ""


def _refusal(channel: Channel, failed: ProviderFailed) -> auth.AuthorizationRefused:
    metrics.refusals.labels(f"provider_{failed.code}").inc()
    log.warning(
        "provider.failed", channel=channel.id, step=failed.step, code=failed.code, status=failed.status
    )
    if failed.is_trouble or failed.code == "circuit_open":
        return auth.AuthorizationRefused(
            "The sign-in provider does not answer as it should right now.", later=True
        )
    return auth.AuthorizationRefused(_SENTENCES.get(failed.code, "The provider refused the sign-in."))


async def keep_alive(channel: Channel, session: sessions.Session) -> None:
    """Refresh the provider's tokens when nine tenths of their life are over. Raises AuthorizationRefused when the session
    ends with them: the provider took the refresh token back, or they are over and it does not answer."""
    if not session.refresh_due or not session.provider:
        return
    try:
        await refresh(channel, session)
    except ProviderFailed as failed:
        if failed.code in {"invalid_grant", "unreadable"}:
            raise auth.AuthorizationRefused("The provider ended the session; sign in again.") from None
        if not session.provider_holds:
            raise _refusal(channel, failed) from None


async def refresh(channel: Channel, session: sessions.Session) -> str:
    """A new access token, "" when another process is at it or there is no refresh token. Raises ProviderFailed.

    A provider that takes the refresh token back ends the session; so does a refresh token under a key that was taken away, for
    nobody would hear of the provider's ending it.
    """
    settings_ = auth.section(channel)["oauth"]
    try:
        kept = sessions.open_tokens(session)
    except Unreadable as error:
        log.warning("provider.unreadable", channel=channel.id)
        await sessions.end(channel, session.customer, session.id)
        raise ProviderFailed("refresh", "unreadable") from error
    if not kept.get("refresh") or not await sessions.claim_refresh(session.id):
        return ""
    # Whoever had the claim before may have renewed it meanwhile.
    newer = await sessions.get(channel, session.id)
    if newer is not None and newer.provider != session.provider:
        kept = sessions.open_tokens(newer)
    given = oauth.provider(settings_)
    try:
        tokens = await providers.call(
            channel, given, lambda client: oauth.refresh(client, given, kept["refresh"])
        )
    except ProviderFailed as failed:
        log.warning("provider.not_refreshed", channel=channel.id, code=failed.code, status=failed.status)
        if failed.code == "invalid_grant":
            await sessions.end(channel, session.customer, session.id)
        raise
    await sessions.keep_tokens(session.id, _sealed(session.id, settings_, tokens), tokens.expires_in)
    providers.remember(session.id, tokens.access_token, tokens.expires_in)
    return tokens.access_token


def said(channel: Channel, session_id: str, *, opened: bool) -> None:
    """A customer wrote: ask UserInfo again behind the scenes, if it is time. The message does not wait for it."""
    if session_id and auth.mode_name(channel) == auth.ThirdParty.name:
        providers.spawn(_update(channel, session_id, opened=opened))


async def _update(channel: Channel, session_id: str, *, opened: bool) -> None:
    try:
        if not await sessions.claim_userinfo(session_id, opened=opened):
            return
        session = await sessions.get(channel, session_id)
        if session is None:
            return
        section = auth.section(channel)
        given = oauth.provider(section["oauth"])
        access = providers.recall(session_id)
        if not access and session.provider and not session.refresh_due:
            access = str(sessions.open_tokens(session).get("access", ""))
        access = access or await refresh(channel, session)
        if not access:
            return
        answer = await providers.call(channel, given, lambda client: oauth.userinfo(client, given, access))
        person = rules.person(section["mapping"], answer)
        # Another customer under the same token would be the provider's mistake: nobody's values are mixed.
        if person.customer == session.customer:
            await sessions.take_values(session, auth.identity_of(person, "provider's answer"))
    except ProviderFailed as failed:
        log.warning("userinfo.failed", channel=channel.id, code=failed.code, status=failed.status)
    except (psycopg.Error, OSError, Unreadable) as trouble:
        log.warning("userinfo.failed", channel=channel.id, error=type(trouble).__name__)


async def keep_fresh(open_sessions: Callable[[], dict[str, str]]) -> None:
    """For ever: refresh what is due of the sessions that have a socket here (session -> channel), unseen by their visitors."""
    while True:
        await asyncio.sleep(settings.GATEWAY_REFRESH_SECONDS)
        try:
            wanted = open_sessions()
            for session_id in await sessions.due(list(wanted)) if wanted else ():
                channel = registry.channels.get(wanted[session_id])
                session = await sessions.get(channel, session_id) if channel is not None else None
                if channel is not None and session is not None:
                    providers.spawn(_refresh_quietly(channel, session))
        except (psycopg.Error, OSError, TimeoutError) as trouble:
            log.warning("refresh.failed", error=type(trouble).__name__)


async def _refresh_quietly(channel: Channel, session: sessions.Session) -> None:
    try:
        await refresh(channel, session)
    except (ProviderFailed, psycopg.Error, OSError, Unreadable):
        return
