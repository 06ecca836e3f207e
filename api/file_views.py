"""The verdict on a file, for an integrator: what a channel would do with it, without anything being stored."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, ClassVar

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from api import problems
from api.base import ApiView, JSONOnly, count
from api.models import Scope
from areas.visitors import visitors
from file_restrictions.area import AREA
from kit.uploads import MOST_KEPT, MOST_READ

# As with the serializers of sections: an area is imported by its area module alone.
FileToJudgeSerializer: Any = import_string("file_restrictions.api.FileToJudgeSerializer")
VerdictSerializer: Any = import_string("file_restrictions.api.VerdictSerializer")
verdict_on: Callable[..., dict[str, Any]] = import_string("file_restrictions.api.verdict_on")

#: Of the requests a token may make a minute, so many may ask for a verdict: each may bring 40 MB to be looked through.
SHARE = 10
#: Bytes read at once.
_PIECE = 64 * 1024
_LONGEST_NAME = 1_000
_LONGEST_LOCALE = 200


class _FileNegotiation(JSONOnly):
    """A form is parsed as one; any other body is the file itself, and read by the view."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0] if _is_form(request) else None


class FileVerdict(ApiView):
    tag = "Files"
    names: ClassVar = {"POST": "judge_file"}
    needs: ClassVar = {"POST": Scope.READ}
    parser_classes: ClassVar[list[Any]] = [MultiPartParser]  # type: ignore[misc]
    content_negotiation_class = _FileNegotiation

    @extend_schema(
        extensions={"x-scope": Scope.READ.value},
        summary="What the channel would do with a file",
        description=(
            "By the draft of its file restrictions, and by content: the same verdict as when a visitor sends it. Nothing is kept. "
            "The file comes as the field `file` of a form, or is the body itself, with its name as `name`. "
            f"A tenth of a token's requests a minute may be these, and {MOST_READ // 2**20} MB are read at most."
        ),
        parameters=[
            OpenApiParameter(
                "name",
                {"type": "string", "maxLength": _LONGEST_NAME},
                description="The file's name, where the body is the file.",
            ),
            OpenApiParameter(
                "locale",
                {"type": "string", "maxLength": _LONGEST_LOCALE},
                description="The visitor's language, or a browser's list of them; else that of Accept-Language.",
            ),
        ],
        request={
            "multipart/form-data": FileToJudgeSerializer,
            "application/octet-stream": OpenApiTypes.BINARY,
        },
        responses=VerdictSerializer,
    )
    def post(self, request: Request, organisation: int, channel_id: str) -> Response:
        count(f"verdicts:{self.token.pk}", max(1, settings.API_REQUESTS_PER_MINUTE // SHARE))
        found = self.channel(channel_id)
        if found.kind not in AREA.kinds:
            raise NotFound
        name = _short(request, "name", _LONGEST_NAME)
        wanted = _short(request, "locale", _LONGEST_LOCALE) or request.headers.get("Accept-Language", "")
        reader = visitors(found).reader(wanted[:_LONGEST_LOCALE])
        if (_length(request) or 0) > MOST_READ:
            raise problems.of_status(413)
        section = AREA.dump(found)
        if _is_form(request):
            file = request.FILES.get("file")
            if file is None:
                raise problems.invalid({"file": [_("A file belongs here.")]})
            size = getattr(file, "whole_size", None) or file.size or 0
            answer = verdict_on(
                section,
                reader,
                name=file.name or "",
                declared_type=file.content_type or "",
                size=size,
                file=file.file,
            )
        else:
            with _spooled(request) as (body, size):
                declared = (request.content_type or "").partition(";")[0].strip().lower()
                answer = verdict_on(
                    section,
                    reader,
                    name=name or "file",
                    declared_type="" if declared == "application/octet-stream" else declared,
                    size=size,
                    file=body,
                )
        return Response(VerdictSerializer(answer).data)


def _is_form(request: Request) -> bool:
    return (request.content_type or "").partition(";")[0].strip().lower() == "multipart/form-data"


def _short(request: Request, name: str, most: int) -> str:
    text = request.query_params.get(name, "")
    if len(text) > most:
        raise problems.invalid({name: [_("At most %(most)s characters.") % {"most": most}]})
    return str(text)


def _length(request: Request) -> int | None:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return None


@contextmanager
def _spooled(request: Request) -> Iterator[tuple[BinaryIO, int]]:
    """The body as a file on the disk, and its size. What is more than the largest file anybody may send is counted and let go."""
    size = 0
    with tempfile.TemporaryFile() as kept:
        while piece := request._request.read(_PIECE):
            if size < MOST_KEPT:
                kept.write(piece[: MOST_KEPT - size])
            size += len(piece)
            if size > MOST_READ:
                raise problems.of_status(413)
        kept.seek(0)
        yield kept, size
