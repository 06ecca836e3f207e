"""Reading a provider's endpoints off its discovery document (OpenID Connect Discovery 1.0, RFC 8414)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from kit import http
from kit.http import CallFailed, SafeClient
from kit.oauth import ProviderFailed, parsed

_WELL_KNOWN = "/.well-known/openid-configuration"
_OAUTH = "/.well-known/oauth-authorization-server"


def discover(address: str) -> dict[str, str]:
    """Section field of `oauth` -> value, for what a provider says of itself. Raises ProviderFailed("discovery", …).

    `address` is the issuer, or the document's own address.
    """
    return dict(http.run(_discover(address.strip())))


async def _discover(address: str) -> dict[str, str]:
    urls = [address]
    if "/.well-known/" not in address:
        base = address.rstrip("/")
        parts = urlsplit(base)
        urls = [base + _WELL_KNOWN, f"{parts.scheme}://{parts.netloc}{_OAUTH}{parts.path}"]
    failure = ProviderFailed("discovery", "rubbish")
    async with SafeClient(loopback=settings.ALLOW_LOOPBACK_PROVIDERS) as client:
        for url in urls:
            try:
                answer = await client.send("GET", url, headers={"Accept": "application/json"}, redirects=3)
            except CallFailed as failed:
                raise ProviderFailed("discovery", failed.code) from failed
            document = parsed(answer) if answer.status == 200 else None
            if isinstance(document, dict) and isinstance(document.get("token_endpoint"), str):
                return _fields(document)
            failure = ProviderFailed(
                "discovery", "refused" if answer.status != 200 else "rubbish", answer.status
            )
    raise failure


def _fields(document: dict[str, Any]) -> dict[str, str]:
    def text(name: str) -> str:
        value = document.get(name)
        return value if isinstance(value, str) else ""

    found = {
        "sign_in_endpoint": text("authorization_endpoint"),
        "authorize_endpoint": text("token_endpoint"),
        "refresh_endpoint": "",
        "userinfo_endpoint": text("userinfo_endpoint"),
    }
    methods = document.get("token_endpoint_auth_methods_supported")
    if isinstance(methods, list):
        for name, ours in (
            ("client_secret_basic", "basic"),
            ("client_secret_post", "post"),
            ("none", "none"),
        ):
            if name in methods:
                found["client_authentication"] = ours
                break
    return {name: value for name, value in found.items() if value or name == "refresh_endpoint"}
