"""What every view of the API does before and after its own work: token, scope of the organisation, limits, keys, tags."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import mark
from accounts.client import address_of
from accounts.throttle import ADDRESS, address_key, throttle
from api import problems, tokens
from api.limits import limiter
from api.models import Bearer, IdempotentAnswer, Scope, Token
from api.problems import Refusal
from channels_config.models import Channel
from files import formats
from kit.documents import canonical
from tenants.models import Organisation
from tenants.scope import in_scope, tenant_scope

#: Bytes of a request: a section with a block list of 160,000 entries.
LARGEST_BODY = 24 * 1024 * 1024
#: How long an Idempotency-Key is remembered.
KEYS_LAST = timedelta(days=1)
PAGE, LARGEST_PAGE = 50, 200
#: What a change of some fields may be sent as, too (RFC 7396).
MERGE_PATCH = "application/merge-patch+json"


class StrictJSONParser(BaseParser):
    """JSON without double keys, NaN and texts no database keeps."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        packed = parser_context["request"].headers.get("Content-Encoding", "identity").strip().lower()
        if packed not in {"identity", ""}:
            raise Refusal(
                415,
                "unsupported_media_type",
                _("Send the JSON as it is, without Content-Encoding (%(encoding)s).")
                % {"encoding": packed[:40]},
            )
        body = stream.read(LARGEST_BODY + 1)
        if len(body) > LARGEST_BODY:
            raise problems.of_status(413)
        try:
            return formats.read_json(body)
        except formats.Unreadable as error:
            raise ParseError(str(error)) from None


class JSONOnly(BaseContentNegotiation):
    """JSON is what there is; whoever asks for something else gets it all the same, as RFC 9110 (12.5.1) lets a server do."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        media = (request.content_type or "").partition(";")[0].strip().lower()
        read = media == "application/json" or (media == MERGE_PATCH and request.method == "PATCH")
        return parsers[0] if read else None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class ApiView(APIView):
    """Below /api/v1/organisations/. `needs` maps a method to the scope it asks for; reading needs "read"."""

    authentication_classes: ClassVar[list[Any]] = []  # type: ignore[misc]
    permission_classes: ClassVar[list[Any]] = []  # type: ignore[misc]
    parser_classes: ClassVar[list[Any]] = [StrictJSONParser]  # type: ignore[misc]
    renderer_classes: ClassVar[list[Any]] = [JSONRenderer]  # type: ignore[misc]
    content_negotiation_class = JSONOnly
    needs: ClassVar[dict[str, Scope]] = {}

    token: Token
    bearer: Bearer
    organisation: Organisation

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        return mark(super().as_view(**initkwargs), None, door="token")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        language = (
            translation.get_language_from_request(request) if "Accept-Language" in request.headers else "en"
        )
        with translation.override(language if language in dict(settings.LANGUAGES) else "en"):
            self.key = _key(request)
            tenant_id = self._tenant(request)
            if tenant_id is None:
                response = super().dispatch(request, *args, **kwargs)
            else:
                with tenant_scope(tenant_id):
                    response = super().dispatch(request, *args, **kwargs)
            response.headers["Content-Language"] = translation.get_language() or "en"
        response.headers.setdefault("Cache-Control", "private, no-cache")
        patch_vary_headers(response, ["Authorization", "Accept-Language"])
        return response

    def _tenant(self, request: HttpRequest) -> int | None:
        """The organisation of the key; guesses are counted by address."""
        self.wait = 0
        tenant_id = tokens.tenant_of(self.key) if self.key else None
        if self.key and tenant_id is None:
            address = address_of(request)
            self.wait = throttle().take({f"api:{address_key(address)}": ADDRESS}) if address else 0
        return tenant_id

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.wait:
            raise _too_many(self.wait)
        found = tokens.holder(self.key) if self.key and in_scope() else None
        if found is None:
            raise problems.of_status(401)
        self.bearer, self.token = found
        self.organisation = Organisation.objects.get(pk=self.token.tenant_id)
        self._count(request)
        if kwargs.get("organisation", self.organisation.number) != self.organisation.number:
            raise NotFound
        self.must_have(self.needs.get(request.method or "", Scope.READ))
        # Without a length the server would read nothing, and a body of wishes would count as none.
        if "Transfer-Encoding" in request.headers and "Content-Length" not in request.headers:
            raise problems.of_status(411)

    def must_have(self, needed: Scope) -> None:
        """Raises Refusal (403)."""
        if needed not in self.token.scopes:
            raise Refusal(
                403,
                "missing_scope",
                _("The token lacks the scope “%(scope)s”.") % {"scope": needed.value},
            )

    def _count(self, request: Request) -> None:
        self.limit_headers = count(f"token:{self.token.pk}", settings.API_REQUESTS_PER_MINUTE)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        for name, value in getattr(self, "limit_headers", {}).items():
            response[name] = value
        return super().finalize_response(request, response, *args, **kwargs)

    def channel(self, channel_id: str, *, lock: bool = False) -> Channel:
        """Raises NotFound."""
        channels = Channel.every.select_for_update() if lock else Channel.every.all()
        found = channels.filter(public_id=channel_id).first()
        if found is None:
            raise NotFound
        return found

    def page(
        self, rows: QuerySet[Any], cursor_field: str, shown: Callable[[Any], Any], *, falling: bool = False
    ) -> Response:
        """`{"items", "next"}` by keyset: `after` is the last seen value of `cursor_field`."""
        limit = _whole(self.request, "limit", PAGE, 1, LARGEST_PAGE)
        after = _whole(self.request, "after", None, 0, 2**63 - 1)
        if after is not None:
            rows = rows.filter(**{f"{cursor_field}__{'lt' if falling else 'gt'}": after})
        found: list[Model] = list(rows.order_by(f"{'-' if falling else ''}{cursor_field}")[: limit + 1])
        following = None
        headers = {}
        if len(found) > limit:
            query = self.request.query_params.copy()
            query["after"] = str(getattr(found[limit - 1], cursor_field))
            query["limit"] = str(limit)
            following = f"{settings.CONSOLE_URL}{self.request.path}?{query.urlencode()}"
            headers["Link"] = f'<{following}>; rel="next"'
        return Response({"items": [shown(one) for one in found[:limit]], "next": following}, headers=headers)


def count(key: str, per_minute: int) -> dict[str, str]:
    """Count one request under this key; returns the headers that say how many are left. Raises Refusal (429)."""
    one = limiter(per_minute)
    taken = one.take(key)
    if not taken.allowed:
        raise _too_many(taken.wait, {"RateLimit-Limit": str(one.burst), "RateLimit-Remaining": "0"})
    return {"RateLimit-Limit": str(one.burst), "RateLimit-Remaining": str(taken.remaining)}


def _key(request: HttpRequest) -> str:
    kind, _space, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""


def _too_many(wait: int, headers: dict[str, str] | None = None) -> Refusal:
    return Refusal(
        429,
        "too_many_requests",
        _("Too many requests: try again in %(wait)s s.") % {"wait": wait},
        headers={**(headers or {}), "Retry-After": str(wait)},
    )


def _whole(request: Request, name: str, default: Any, least: int, most: int) -> Any:
    text = request.query_params.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most:
        return int(text)
    sentence = _("A whole number from %(least)s to %(most)s belongs here.") % {"least": least, "most": most}
    raise problems.invalid({name: [sentence]})


def tagged(request: Request, data: Any, tag: str, status: int = 200, headers: Any = None) -> Response:
    """An answer with its ETag; 304 to whoever has it already."""
    if request.method in {"GET", "HEAD"} and _has(request.headers.get("If-None-Match", ""), tag):
        return Response(status=304, headers={"ETag": f'"{tag}"'})
    return Response(data, status=status, headers={"ETag": f'"{tag}"', **(headers or {})})


def must_match(request: Request, tag: str) -> None:
    """If-Match, where it was sent. Raises Refusal (412)."""
    given = request.headers.get("If-Match")
    if given is not None and not _has(given, tag):
        raise Refusal(
            412,
            "changed",
            _("This was changed after you read it. Read it again, and repeat your change."),
            headers={"ETag": f'"{tag}"'},
        )


def _has(header: str, tag: str) -> bool:
    return any(one.strip().removeprefix("W/").strip('"') in {tag, "*"} for one in header.split(","))


Handler = Callable[..., Response]


def idempotent(method: Handler) -> Handler:
    """A POST that may be sent again: with the same Idempotency-Key it is answered as the first time, and does nothing."""

    @wraps(method)
    def once(self: ApiView, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if not key:
            return method(self, request, *args, **kwargs)
        if len(key) > 200 or not key.isprintable():
            raise problems.invalid({"Idempotency-Key": [_("At most 200 printable characters.")]})
        now = timezone.now()
        IdempotentAnswer.objects.filter(created_at__lt=now - KEYS_LAST).delete()
        # The same fields in another order are the same request.
        said = f"{request.method} {request.path}\n".encode() + canonical(request.data)
        fingerprint = hashlib.sha256(said).hexdigest()
        kept, created = IdempotentAnswer.objects.get_or_create(
            token=self.token, key=key, defaults={"fingerprint": fingerprint, "created_at": now}
        )
        if not created:
            if kept.fingerprint != fingerprint:
                raise Refusal(
                    422, "key_reused", _("This Idempotency-Key was sent with another request before.")
                )
            return Response(
                kept.body, status=kept.status, headers={**kept.headers, "Idempotency-Replayed": "true"}
            )
        response = method(self, request, *args, **kwargs)
        kept.status, kept.body = response.status_code, response.data
        kept.headers = {name: response[name] for name in ("ETag", "Location") if response.has_header(name)}
        kept.save(update_fields=["status", "body", "headers"])
        return response

    return once
