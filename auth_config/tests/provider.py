"""A sign-in provider for tests: authlib's authorization server (RFC 6749) behind a plain HTTP server on loopback.

It can be told to misbehave, and remembers what it was asked.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from joserfc.jwk import ECKey, KeySet


class _Payload(OAuth2Payload):  # type: ignore[misc]  # authlib has no types
    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    @property
    def data(self) -> dict[str, str]:
        return self._values

    @property
    def datalist(self) -> dict[str, list[str]]:
        return {name: [value] for name, value in self._values.items()}


class _Request(OAuth2Request):  # type: ignore[misc]
    def __init__(self, method: str, url: str, headers: Mapping[str, str], values: Mapping[str, str]) -> None:
        super().__init__(method, url, headers=headers)
        self.payload = _Payload(values)
        self._values = dict(values)

    @property
    def form(self) -> dict[str, str]:
        return self._values

    @property
    def args(self) -> dict[str, str]:
        return {}


@dataclass
class _Client(ClientMixin):  # type: ignore[misc]
    server: Provider

    def get_client_id(self) -> str:
        return self.server.client_id

    def get_default_redirect_uri(self) -> str:
        return self.server.redirect_uri

    def get_allowed_scope(self, scope: str) -> str:
        return scope or ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.server.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret in self.server.secrets

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in {"client_secret_basic", "client_secret_post"}

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in {"authorization_code", "refresh_token"}


@dataclass
class _Code:
    code: str
    user: str
    redirect_uri: str
    code_challenge: str = ""
    code_challenge_method: str = ""
    scope: str = "openid offline_access"
    nonce: str = ""

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        """Not said."""

    def get_amr(self) -> None:
        """Not said."""

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


@dataclass
class _Token:
    user: str
    scope: str = ""

    def get_scope(self) -> str:
        return self.scope

    def check_client(self, client: object) -> bool:
        return True


@dataclass
class Provider:
    """`users`: id -> UserInfo answer. `mood`: "", "slow", "down" (500), "rubbish", "hangs_up"."""

    client_id: str = "chat & co"
    secrets: list[str] = field(default_factory=lambda: ["secret of the provider +/%:"])
    redirect_uri: str = "https://www.example.com/callback"
    json_body: bool = False
    life: int = 3600
    with_refresh: bool = True
    mood: str = ""
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    issued: list[str] = field(default_factory=list)
    url: str = ""
    #: What its id_tokens say beside, or instead of, what is true; a claim that is None is left out.
    claims: dict[str, Any] = field(default_factory=dict)
    with_id_token: bool = True
    #: What it signs id_tokens with, and what of it is public; what its own document says instead of what is true.
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "first"}))
    jwks: dict[str, Any] | None = None
    document: dict[str, Any] = field(default_factory=dict)
    _codes: dict[str, _Code] = field(default_factory=dict)
    _access: dict[str, str] = field(default_factory=dict)
    _refresh: dict[str, str] = field(default_factory=dict)
    released: threading.Event = field(default_factory=threading.Event)

    def code(self, user: str, **more: str) -> str:
        """A code as the provider gives one to a customer who has signed in."""
        made = secrets.token_urlsafe(24)
        self._codes[made] = _Code(made, user, self.redirect_uri, **more)
        self.issued.append(made)
        return made

    def forget_refresh_tokens(self) -> None:
        self._refresh.clear()

    def count(self, what: str) -> int:
        return self.asked.count(what)

    def oauth(self, secret: str = "", **changes: Any) -> dict[str, Any]:
        """The section's `oauth`, as an environment gets it."""
        return {
            "allow_unsecured": False,
            "sign_in_endpoint": f"{self.url}/authorize",
            "authorize_endpoint": f"{self.url}/token",
            "refresh_endpoint": "",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "client_id": self.client_id,
            "secrets": [secret or self.secrets[0]],
            "redirect_uri": self.redirect_uri,
            "body_format": "json" if self.json_body else "form",
            "client_authentication": "basic",
            "scopes": "openid offline_access",
            "pkce": False,
            "store_access_token": False,
            **changes,
        }


class _CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    def query_authorization_code(self, code: str, client: _Client) -> _Code | None:
        return client.server._codes.get(code)

    def delete_authorization_code(self, authorization_code: _Code) -> None:
        self.request.client.server._codes.pop(authorization_code.code, None)

    def authenticate_user(self, authorization_code: _Code) -> str:
        return authorization_code.user


class _OpenID(OpenIDCode):  # type: ignore[misc]
    def __init__(self, provider: Provider) -> None:
        super().__init__(require_nonce=False)
        self.provider = provider

    def exists_nonce(self, nonce: str, request: _Request) -> bool:
        return False

    def get_client_algorithm(self, client: _Client) -> str:
        return "ES256"

    def get_encode_header(self, client: _Client) -> dict[str, str]:
        return {"alg": "ES256", "kid": str(self.provider.key.kid)}

    def resolve_client_private_key(self, client: _Client) -> ECKey:
        return self.provider.key

    def get_client_claims(self, client: _Client) -> dict[str, Any]:
        return {"iss": self.provider.url, "aud": client.get_client_id()}

    def get_compatible_claims(self, request: _Request) -> dict[str, Any]:
        now = int(time.time())
        return {"iss": self.provider.url, "aud": [self.provider.client_id], "iat": now, "exp": now + 600}

    def generate_user_info(self, user: str, scope: str) -> UserInfo:
        return UserInfo(sub=user)

    def get_authorization_code_claims(self, authorization_code: _Code) -> dict[str, Any]:
        return dict(super().get_authorization_code_claims(authorization_code))

    def encode_id_token(self, token: dict[str, Any], request: _Request) -> str:
        made = str(super().encode_id_token(token, request))
        if self.provider.claims:
            from joserfc import jwt

            claims = jwt.decode(made, self.provider.key, algorithms=["ES256"]).claims | self.provider.claims
            now = {name: value() if callable(value) else value for name, value in claims.items()}
            kept = {name: value for name, value in now.items() if value is not None}
            made = jwt.encode(self.get_encode_header(request.client), kept, self.provider.key, ["ES256"])
        self.provider.issued.append(made)
        return made


class _RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> _Token | None:
        user = self.request.client.server._refresh.pop(refresh_token, None)
        return None if user is None else _Token(user)

    def authenticate_user(self, refresh_token: _Token) -> str:
        return refresh_token.user

    def revoke_old_credential(self, refresh_token: _Token) -> None:
        """It was taken when it was read: a refresh token works once."""


class _Server(AuthorizationServer):  # type: ignore[misc]
    def __init__(self, provider: Provider) -> None:
        super().__init__(scopes_supported=None)
        self.provider = provider
        generator = BearerTokenGenerator(
            lambda **_: secrets.token_urlsafe(24),
            (lambda **_: secrets.token_urlsafe(24)) if provider.with_refresh else None,
            lambda client, grant: provider.life,
        )
        self.register_token_generator("default", generator)
        extensions = [CodeChallenge(required=False)]
        if provider.with_id_token:
            extensions.append(_OpenID(provider))
        self.register_grant(_CodeGrant, extensions)
        self.register_grant(_RefreshGrant)

    def query_client(self, client_id: str) -> _Client | None:
        return _Client(self.provider) if client_id == self.provider.client_id else None

    def save_token(self, token: dict[str, Any], request: _Request) -> None:
        self.provider._access[token["access_token"]] = request.user
        if "refresh_token" in token:
            self.provider._refresh[token["refresh_token"]] = request.user
            self.provider.issued.append(token["refresh_token"])
        self.provider.issued.append(token["access_token"])

    def create_oauth2_request(self, request: _Request) -> _Request:
        return request

    def create_json_request(self, request: _Request) -> _Request:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> tuple[int, Any, Any]:
        return status, body, headers

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def _answer(self, body: bytes) -> None:
            path = urlsplit(self.path).path
            provider.asked.append(path)
            if provider.mood == "slow":
                provider.released.wait(30)
            if provider.mood == "hangs_up":
                self.close_connection = True
                return
            if provider.mood == "down":
                self._send(500, b"<h1>Oops</h1>", "text/html")
            elif provider.mood == "rubbish":
                self._send(200, b"<h1>Welcome</h1>", "text/html")
            elif path == "/token":
                self._token(body)
            elif path == "/userinfo":
                user = provider._access.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
                if user is None:
                    self._json(401, {"error": "invalid_token"})
                else:
                    self._json(200, provider.users.get(user, {"sub": user, "user": {"id": user}}))
            elif path == "/.well-known/openid-configuration":
                self._json(
                    200,
                    {
                        "issuer": provider.url,
                        "authorization_endpoint": f"{provider.url}/authorize",
                        "token_endpoint": f"{provider.url}/token",
                        "userinfo_endpoint": f"{provider.url}/userinfo",
                        "token_endpoint_auth_methods_supported": ["client_secret_post"],
                        "jwks_uri": f"{provider.url}/jwks",
                        **provider.document,
                    },
                )
            elif path == "/jwks":
                public = KeySet([provider.key]).as_dict(private=False)
                self._json(200, public if provider.jwks is None else provider.jwks)
            elif path == "/authorize":
                query = dict(parse_qsl(urlsplit(self.path).query))
                right = query.get("redirect_uri") == provider.redirect_uri
                self._send(
                    200 if right else 400,
                    b"<p>sign in</p>" if right else b"redirect_uri mismatch",
                    "text/html",
                )
            else:
                self._json(404, {"error": "not_found"})

        def _token(self, body: bytes) -> None:
            kind = self.headers.get("Content-Type", "").partition(";")[0]
            if kind != ("application/json" if provider.json_body else "application/x-www-form-urlencoded"):
                self._json(415, {"error": "invalid_request", "error_description": "unsupported content type"})
                return
            values = json.loads(body) if provider.json_body else dict(parse_qsl(body.decode()))
            request = _Request("POST", f"https://provider.example{self.path}", dict(self.headers), values)
            status, answer, _headers = _Server(provider).create_token_response(_decoded(request))
            self._json(status, answer)

        def _json(self, status: int, value: Any) -> None:
            self._send(status, json.dumps(value).encode(), "application/json")

        def _send(self, status: int, body: bytes, kind: str) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):  # who asked has given up
                self._write(status, body, kind)

        def _write(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


def _decoded(request: _Request) -> _Request:
    """authlib reads Basic credentials as they come; RFC 6749 2.3.1 has them form-encoded."""
    import base64
    from urllib.parse import unquote_plus

    given = request.headers.get("Authorization", "")
    if given.startswith("Basic "):
        user, _colon, password = base64.b64decode(given[6:]).decode().partition(":")
        pair = f"{unquote_plus(user)}:{unquote_plus(password)}"
        request.headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return request


@contextmanager
def running(**settings: Any) -> Iterator[Provider]:
    """A provider on a free port of loopback."""
    provider = Provider(**settings)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    server.daemon_threads = True
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def later(seconds: float) -> int:
    return int(time.time() + seconds)
