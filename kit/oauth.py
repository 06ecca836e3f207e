"""An OAuth 2.0 client for providers that organisations name: a code for tokens, a refresh, UserInfo.

The protocol's parameters are authlib's; the calls go through `kit.http`. The console's tester and the environments use the
same functions, so what is shown is what happens.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, quote_plus

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from kit.http import Answer, CallFailed, SafeClient

Step = Literal["discovery", "authorize", "token", "refresh", "userinfo"]

#: Seconds an access token is taken to live when its provider does not say.
DEFAULT_LIFE = 1800
_SHORTEST_LIFE, _LONGEST_LIFE = 30, 30 * 24 * 3600
#: Answers that mean the provider is in trouble, not the customer: they open its circuit.
TROUBLE = frozenset(
    {"unresolvable", "unreachable", "tls", "timeout", "too_large", "redirected", "rubbish", "server_error"}
)


class ProviderFailed(Exception):
    """A step that failed.

    `code` is one of kit.http's, or: server_error (5xx), invalid_client, invalid_grant, redirect_mismatch, body_format,
    unsupported_grant, invalid_scope, denied (401/403), refused (another 4xx), no_token. `status` 0: there was no answer.
    """

    def __init__(self, step: Step, code: str, status: int = 0, detail: str = "") -> None:
        super().__init__(f"{step}: {code}")
        self.step: Step = step
        self.code = code
        self.status = status
        self.detail = detail

    @property
    def is_trouble(self) -> bool:
        return self.code in TROUBLE


@dataclass(frozen=True)
class Provider:
    """A provider as a channel's section describes it. `secrets`: the newest first; an older one is tried when that is refused."""

    authorize_endpoint: str
    refresh_endpoint: str
    userinfo_endpoint: str
    client_id: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    redirect_uri: str = ""
    json_body: bool = False
    client_authentication: str = "basic"
    scopes: str = ""


@dataclass(frozen=True, repr=False)
class Tokens:
    """What a provider gave. `expires_in`: seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    id_token: str = ""
    scope: str = ""


@dataclass
class Call:
    """One call for people who look on; filled in as far as it came. The secrets in it are the caller's to mask."""

    method: str
    url: str
    headers: dict[str, str]
    body: str
    answer: Answer | None = None


Trace = list[Call]


def provider(oauth: Mapping[str, Any]) -> Provider:
    """A provider of a section's `oauth`, with its secrets in `secrets`."""
    return Provider(
        authorize_endpoint=oauth["authorize_endpoint"],
        refresh_endpoint=oauth["refresh_endpoint"] or oauth["authorize_endpoint"],
        userinfo_endpoint=oauth["userinfo_endpoint"],
        client_id=oauth["client_id"],
        secrets=tuple(oauth.get("secrets", ())),
        redirect_uri=oauth["redirect_uri"],
        json_body=oauth["body_format"] == "json",
        client_authentication=oauth["client_authentication"],
        scopes=oauth["scopes"],
    )


def sign_in_url(endpoint: str, given: Provider, *, state: str, nonce: str, verifier: str) -> str:
    """The address at which a customer signs in; the code comes back to the redirect URI."""
    extra = {"nonce": nonce}
    if verifier:
        extra |= {"code_challenge": create_s256_code_challenge(verifier), "code_challenge_method": "S256"}
    return str(
        prepare_grant_uri(
            endpoint,
            given.client_id,
            "code",
            redirect_uri=given.redirect_uri or None,
            scope=given.scopes or None,
            state=state,
            **extra,
        )
    )


async def exchange(
    client: SafeClient, given: Provider, code: str, *, verifier: str = "", trace: Trace | None = None
) -> Tokens:
    """Tokens for a code. Raises ProviderFailed."""
    more = {"code": code}
    if given.redirect_uri:
        more["redirect_uri"] = given.redirect_uri
    if verifier:
        more["code_verifier"] = verifier
    body = prepare_token_request("authorization_code", **more)
    return await _token_request(client, given, "token", given.authorize_endpoint, body, trace)


async def refresh(
    client: SafeClient, given: Provider, refresh_token: str, *, trace: Trace | None = None
) -> Tokens:
    """New tokens for a refresh token; a provider that gives no new one means the old one. Raises ProviderFailed."""
    body = prepare_token_request("refresh_token", refresh_token=refresh_token)
    tokens = await _token_request(client, given, "refresh", given.refresh_endpoint, body, trace)
    if tokens.refresh_token:
        return tokens
    return Tokens(tokens.access_token, refresh_token, tokens.expires_in, tokens.id_token, tokens.scope)


async def userinfo(
    client: SafeClient, given: Provider, access_token: str, *, trace: Trace | None = None
) -> dict[str, Any]:
    """The provider's answer about the customer. Raises ProviderFailed."""
    headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
    answer = await _send(client, "userinfo", "GET", given.userinfo_endpoint, headers, "", trace)
    if answer.status in {401, 403}:
        raise ProviderFailed("userinfo", "denied", answer.status, _detail(answer))
    return _object("userinfo", answer)


async def _token_request(
    client: SafeClient, given: Provider, step: Step, url: str, body: str, trace: Trace | None
) -> Tokens:
    refused: ProviderFailed | None = None
    for secret in given.secrets or ("",):
        try:
            return await _ask_for_tokens(client, given, step, url, body, secret, trace)
        except ProviderFailed as failure:
            if failure.code != "invalid_client":
                raise
            # During a change of secrets either side may be first.
            refused = refused or failure
    raise refused or ProviderFailed(step, "invalid_client")


async def _ask_for_tokens(
    client: SafeClient, given: Provider, step: Step, url: str, body: str, secret: str, trace: Trace | None
) -> Tokens:
    method = {"basic": _basic, "post": "client_secret_post", "none": "none"}[given.client_authentication]
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    auth = ClientAuth(given.client_id, secret, method)
    url, headers, body = auth.prepare("POST", url, headers, body)
    if given.json_body:
        headers["Content-Type"] = "application/json"
        body = json.dumps(dict(parse_qsl(body, keep_blank_values=True)))
    answer = await _send(client, step, "POST", url, headers, body, trace)
    if answer.status >= 400:
        raise _refusal(step, answer)
    data = _object(step, answer)
    if isinstance(data.get("error"), str):
        raise _refusal(step, answer)
    access = data.get("access_token")
    if not isinstance(access, str) or not access:
        raise ProviderFailed(step, "no_token", answer.status)
    refreshed = data.get("refresh_token")
    return Tokens(
        access,
        refreshed if isinstance(refreshed, str) else "",
        _life(data.get("expires_in")),
        data["id_token"] if isinstance(data.get("id_token"), str) else "",
        data["scope"] if isinstance(data.get("scope"), str) else "",
    )


def _basic(
    auth: ClientAuth, method: str, uri: str, headers: dict[str, str], body: str
) -> tuple[str, dict[str, str], str]:
    """RFC 6749 2.3.1: both parts form-encoded first, which authlib's own leaves out."""
    pair = f"{quote_plus(auth.client_id)}:{quote_plus(auth.client_secret or '')}"
    headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return uri, headers, body


async def _send(
    client: SafeClient,
    step: Step,
    method: str,
    url: str,
    headers: dict[str, str],
    body: str,
    trace: Trace | None,
) -> Answer:
    call = Call(method, url, headers, body)
    if trace is not None:
        trace.append(call)
    try:
        call.answer = await client.send(method, url, headers=headers, content=body.encode())
    except CallFailed as failure:
        raise ProviderFailed(step, failure.code) from failure
    if call.answer.status >= 500:
        raise ProviderFailed(step, "server_error", call.answer.status, _detail(call.answer))
    return call.answer


def _refusal(step: Step, answer: Answer) -> ProviderFailed:
    """What a provider's error answer (RFC 6749 5.2) means."""
    data = parsed(answer)
    error = data.get("error") if isinstance(data, dict) else None
    words = f"{error} {_detail(answer)}".lower()
    code = "refused"
    if "redirect" in words and "uri" in words:
        code = "redirect_mismatch"
    elif error in {"invalid_client", "unauthorized_client"} or (
        answer.status == 401 and error != "invalid_grant"
    ):
        code = "invalid_client"
    elif error == "invalid_grant":
        code = "invalid_grant"
    elif answer.status == 415 or (error == "invalid_request" and ("content" in words or "missing" in words)):
        code = "body_format"
    elif error == "unsupported_grant_type":
        # What a server says that found no grant_type, because it read the body in the other format.
        code = "body_format" if not data else "unsupported_grant"
    elif error == "invalid_scope":
        code = "invalid_scope"
    return ProviderFailed(step, code, answer.status, _detail(answer))


def parsed(answer: Answer) -> Any:
    """The JSON of an answer, or the form some older providers answer with; None when it is neither."""
    try:
        text = answer.body.decode()
        if answer.media_type == "application/x-www-form-urlencoded":
            return dict(parse_qsl(text))
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _object(step: Step, answer: Answer) -> dict[str, Any]:
    data = parsed(answer)
    if not isinstance(data, dict):
        raise ProviderFailed(step, "rubbish" if answer.status < 400 else "refused", answer.status)
    if answer.status >= 400:
        raise ProviderFailed(step, "refused", answer.status, _detail(answer))
    return data


def _detail(answer: Answer) -> str:
    """The provider's own words about an error, short."""
    data = parsed(answer)
    if not isinstance(data, dict):
        return ""
    words = [
        str(data[name])
        for name in ("error", "error_description", "message")
        if isinstance(data.get(name), str)
    ]
    return ": ".join(words)[:300]


def _life(value: object) -> int:
    try:
        seconds = int(float(value)) if isinstance(value, str | int | float) else DEFAULT_LIFE
    except (ValueError, OverflowError):
        seconds = DEFAULT_LIFE
    return min(max(seconds, _SHORTEST_LIFE), _LONGEST_LIFE)


@dataclass
class Circuit:
    """Keeps calls from a provider that is in trouble: open after `most` failures in a row, for `pause` seconds."""

    most: int = 3
    pause: float = 20.0
    _failures: int = 0
    _open_until: float = 0.0
    _probing: bool = False

    def lets_through(self) -> bool:
        """Whether a call may go; after the pause one at a time, until one succeeds."""
        if self._failures < self.most:
            return True
        if time.monotonic() < self._open_until or self._probing:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        self._failures, self._probing = 0, False

    def failed(self) -> None:
        self._failures += 1
        self._probing = False
        if self._failures >= self.most:
            self._open_until = time.monotonic() + self.pause

    @property
    def is_open(self) -> bool:
        return self._failures >= self.most and time.monotonic() < self._open_until
