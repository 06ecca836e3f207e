"""The REST API: organisations, channels, sections, releases, promotions, deliveries, files.

What is right and wrong is said by the areas' `check` and the rooms' services, as for the pages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.html import format_html, format_html_join
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from drf_spectacular.views import SpectacularAPIView
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import mark, public
from api import problems, schema, shapes
from api.base import MERGE_PATCH, ApiView, idempotent, must_match, tagged
from api.models import Scope
from areas.contract import Area, NotPublishable, Section
from areas.registry import areas_of
from areas.saving import save_draft
from channels_config import services
from channels_config.models import Channel
from channels_config.search import named
from files import plans
from files.documents import NotAChannelFile, channel_document, read_channels
from kit.documents import digest
from kit.plain_text import Plain
from publishing import promotions
from publishing.compile import sections
from publishing.environments import environments
from publishing.models import Delivery, Promotion, Release
from publishing.rollback import roll_back
from publishing.services import LARGEST_NUMBER, NotPromotable, newest_release, promotable, try_again

F = TypeVar("F", bound=Callable[..., Any])

_PAGING = [
    OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}),
    OpenApiParameter(
        "after",
        {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
        description="As the `next` of the page before says; follow that address.",
    ),
]
_LARGEST_ID = 2**63 - 1
_RELEASE_NUMBER = OpenApiParameter(
    "number", {"type": "integer", "minimum": 1, "maximum": LARGEST_NUMBER}, "path"
)
_PROMOTION_ID = OpenApiParameter(
    "promotion", {"type": "integer", "minimum": 1, "maximum": _LARGEST_ID}, "path", description="Its `id`."
)


def _paged(name: str, shape: Any) -> Any:
    return inline_serializer(
        f"{name}Page", {"items": shape(many=True), "next": serializers.URLField(allow_null=True)}
    )


def describe(**said: Any) -> Callable[[F], F]:
    """`extend_schema` with what `api.schema` spells out: the scope an operation needs, whether it answers with an ETag (`tagged`),
    compares If-Match (`matched`), takes an Idempotency-Key (`repeatable`), and may be refused by the state of things (`conflicts`).
    """
    extensions = {
        f"x-{name}": said.pop(name, False) for name in ("tagged", "matched", "repeatable", "conflicts")
    }
    extensions["x-scope"] = said.pop("scope", Scope.READ).value
    return extend_schema(extensions=extensions, **said)


class Organisations(ApiView):
    tag = "Organisations"
    names: ClassVar = {"GET": "list_organisations"}

    @describe(
        summary="The organisations the token opens",
        responses=_paged("Organisation", shapes.OrganisationSerializer),
    )
    def get(self, request: Request) -> Response:
        return Response({"items": [shapes.organisation(self.organisation)], "next": None})


class OneOrganisation(ApiView):
    tag = "Organisations"
    names: ClassVar = {"GET": "read_organisation"}

    @describe(summary="An organisation", responses=shapes.OrganisationSerializer)
    def get(self, request: Request, organisation: int) -> Response:
        return Response(shapes.organisation(self.organisation))


class Channels(ApiView):
    tag = "Channels"
    names: ClassVar = {"GET": "list_channels", "POST": "create_channel"}
    needs: ClassVar = {"POST": Scope.CHANNELS}

    @describe(
        summary="The channels, in the order in which they were made",
        parameters=[
            *_PAGING,
            OpenApiParameter("q", OpenApiTypes.STR, description="Part of the name."),
            OpenApiParameter("kind", OpenApiTypes.STR, enum=Channel.Kind.values),
        ],
        responses=_paged("Channel", shapes.ChannelSerializer),
    )
    def get(self, request: Request, organisation: int) -> Response:
        rows = Channel.every.all()
        wanted, kind = request.query_params.get("q", ""), request.query_params.get("kind")
        if "\0" in wanted:
            raise problems.invalid({"q": [_("This text holds a character that cannot be kept.")]})
        if wanted:
            rows = rows.alias(plain_name=Plain("name")).filter(named(wanted))
        if kind is not None:
            if kind not in Channel.Kind.values:
                raise problems.invalid({"kind": [_("The kind of a channel is messaging, live or guide.")]})
            rows = rows.filter(kind=kind)
        return self.page(rows, "pk", shapes.channel)

    @describe(
        summary="Create a channel",
        description="Every area starts with its defaults; the test environment has it at once.",
        request=shapes.NewChannelSerializer,
        responses={201: shapes.ChannelSerializer},
        scope=Scope.CHANNELS,
        tagged=True,
        repeatable=True,
        conflicts=True,
    )
    @idempotent
    def post(self, request: Request, organisation: int) -> Response:
        name, kind = _texts(request.data, "name", "kind")
        if kind not in Channel.Kind.values:
            raise problems.invalid({"kind": [_("The kind of a channel is messaging, live or guide.")]})
        try:
            made = services.create_channel(name=name, kind=kind, by=self.bearer)
        except ValidationError as refused:
            raise _name_refused(refused) from refused
        return tagged(request, shapes.channel(made), _tag(made), 201, {"Location": _url(made, organisation)})


class OneChannel(ApiView):
    tag = "Channels"
    names: ClassVar = {"GET": "read_channel", "PATCH": "rename_channel", "DELETE": "delete_channel"}
    needs: ClassVar = {"PATCH": Scope.CHANNELS, "DELETE": Scope.CHANNELS}

    @describe(summary="A channel", responses=shapes.ChannelSerializer, tagged=True)
    def get(self, request: Request, organisation: int, channel_id: str) -> Response:
        found = self.channel(channel_id)
        return tagged(request, shapes.channel(found), _tag(found))

    @describe(
        summary="Rename a channel",
        request=shapes.RenamedChannelSerializer,
        responses=shapes.ChannelSerializer,
        scope=Scope.CHANNELS,
        tagged=True,
        matched=True,
        conflicts=True,
    )
    def patch(self, request: Request, organisation: int, channel_id: str) -> Response:
        found = self.channel(channel_id, lock=True)
        # What is wrong with the request comes first, then whether it is still timely (RFC 9110, 13.2.1).
        [name] = _texts(request.data, "name")
        try:
            services.clean_name(name)
        except ValidationError as refused:
            raise _name_refused(refused) from refused
        must_match(request, _tag(found))
        try:
            found = services.rename_channel(found, name=name, by=self.bearer)
        except ValidationError as refused:
            raise _name_refused(refused) from refused
        return tagged(request, shapes.channel(found), _tag(found))

    @describe(
        summary="Delete a channel",
        description="Takes it off every environment. Its releases stay.",
        responses={204: None},
        scope=Scope.CHANNELS,
        tagged=True,
        matched=True,
    )
    def delete(self, request: Request, organisation: int, channel_id: str) -> Response:
        found = self.channel(channel_id, lock=True)
        must_match(request, _tag(found))
        services.delete_channel(found, typed_name=found.name, by=self.bearer)
        return Response(status=204)


class Sections(ApiView):
    tag = "Sections"
    names: ClassVar = {"GET": "list_sections"}

    @describe(
        summary="The areas of a channel and their versions",
        description="The answer's own ETag is the version of all areas together: what bringing a whole release back compares.",
        responses=_paged("Section", shapes.SectionListSerializer),
        tagged=True,
    )
    def get(self, request: Request, organisation: int, channel_id: str) -> Response:
        found = self.channel(channel_id)
        everything = sections(found)
        items = [
            {"area": one.name, "label": str(one.label), "etag": f'"{digest(everything[one.name])}"'}
            for one in areas_of(found.kind)
        ]
        return tagged(request, {"items": items, "next": None}, digest(everything))


class SectionView(ApiView):
    """One area of a channel; `section_view` makes a class of its own for each."""

    area: ClassVar[Area]
    tag = "Sections"
    needs: ClassVar = {"PUT": Scope.SECTIONS, "PATCH": Scope.SECTIONS}

    def get(self, request: Request, organisation: int, channel_id: str) -> Response:
        return self._shown(request, self.area.dump(self.with_area(channel_id)))

    def put(self, request: Request, organisation: int, channel_id: str) -> Response:
        return self._save(request, channel_id, lambda shown: request.data)

    def patch(self, request: Request, organisation: int, channel_id: str) -> Response:
        return self._save(request, channel_id, lambda shown: merged(shown, request.data))

    def with_area(self, channel_id: str, *, lock: bool = False) -> Channel:
        """Raises NotFound: also for a channel of a kind that lacks the area."""
        found = self.channel(channel_id, lock=lock)
        if found.kind not in self.area.kinds:
            raise NotFound
        return found

    def _save(self, request: Request, channel_id: str, wanted_of: Any) -> Response:
        found = self.with_area(channel_id, lock=True)
        everything = sections(found)
        current = everything[self.area.name]
        wanted = self.area.restored(wanted_of(self.area.redact(current)), current)
        wrong = [
            one for one in self.area.check(wanted, {**everything, self.area.name: wanted}) if one.blocking
        ]
        if wrong:
            raise problems.not_publishable(
                [
                    type(one)("" if one.area == self.area.name else one.area, one.path, one.message)
                    for one in wrong
                ]
            )
        must_match(request, digest(current))
        if wanted == current:
            return self._shown(request, current)
        try:
            release = save_draft(
                found, self.area, lambda: self.area.load(found, wanted), seen=None, by=self.bearer
            )
        except NotPublishable as refused:
            raise problems.not_publishable(refused.problems) from refused
        return self._shown(request, self.area.dump(found), {"X-Release": str(release.number)})

    def _shown(self, request: Request, section: Section, headers: Any = None) -> Response:
        return tagged(request, self.area.redact(section), digest(section), headers=headers)


def section_view(area: Area) -> type[SectionView]:
    """The view of one area, described by its own serializer; an area without one is described as an object."""
    shape: Any = import_string(area.serializer) if area.serializer else OpenApiTypes.OBJECT
    name = "".join(word.title() for word in area.name.split("_"))
    if area.serializer:
        shape = type(f"{name}Section", (shape,), {"__doc__": shape.__doc__})
    said: dict[str, Any] = {"responses": shape, "tagged": True}
    writes = {**said, "scope": Scope.SECTIONS, "matched": True}

    class One(SectionView):
        names = {method: f"{verb}_{area.name}" for method, verb in _VERBS.items()}

        @describe(summary=f"Read: {area.name}", **said)
        def get(self, *args: Any, **kwargs: Any) -> Response:
            return super().get(*args, **kwargs)

        @describe(
            summary=f"Replace: {area.name}",
            description="Saved as a release, which the test environment gets at once (its number: `X-Release`).",
            request=shape,
            **writes,
        )
        def put(self, *args: Any, **kwargs: Any) -> Response:
            return super().put(*args, **kwargs)

        @describe(
            summary=f"Change some fields: {area.name}",
            description=(
                "A JSON Merge Patch (RFC 7396), under its own media type or as plain JSON. What it makes of the section is saved as a "
                "release (its number: `X-Release`)."
            ),
            request={"application/json": OpenApiTypes.OBJECT, MERGE_PATCH: OpenApiTypes.OBJECT},
            **writes,
        )
        def patch(self, *args: Any, **kwargs: Any) -> Response:
            return super().patch(*args, **kwargs)

    One.__name__ = f"{name}SectionView"
    One.area = area
    return One


_VERBS = {"GET": "read", "PUT": "replace", "PATCH": "change"}


def merged(target: Any, patch: Any) -> Any:
    """JSON Merge Patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    made = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = merged(made.get(name), value)
    return made


class Releases(ApiView):
    tag = "Releases"
    names: ClassVar = {"GET": "list_releases"}

    @describe(
        summary="The releases, the newest first",
        parameters=_PAGING,
        responses=_paged("Release", shapes.ReleaseSerializer),
    )
    def get(self, request: Request, organisation: int, channel_id: str) -> Response:
        rows = Release.objects.filter(channel=self.channel(channel_id)).defer("sections", "channel_facts")
        return self.page(rows, "number", shapes.release, falling=True)


class OneRelease(ApiView):
    tag = "Releases"
    names: ClassVar = {"GET": "read_release"}

    @describe(
        summary="A release with everything in it",
        parameters=[_RELEASE_NUMBER],
        responses=shapes.WholeReleaseSerializer,
        tagged=True,
    )
    def get(self, request: Request, organisation: int, channel_id: str, number: int) -> Response:
        found = _release(self.channel(channel_id), number)
        return tagged(
            request, shapes.whole_release(found), digest([found.digest, found.number, found.removed])
        )


class RollBack(ApiView):
    tag = "Releases"
    names: ClassVar = {"POST": "roll_back"}
    needs: ClassVar = {"POST": Scope.SECTIONS}

    @describe(
        summary="Bring a release back",
        description=(
            "All its areas, or one, become what the drafts say, and with that a new release; nothing is rewritten. "
            "200 where the drafts say so already. If-Match compares with the section's ETag when there is an `area`, "
            "else with the one of the list of sections."
        ),
        parameters=[_RELEASE_NUMBER],
        request=shapes.RollBackSerializer,
        responses={200: shapes.ReleaseSerializer, 201: shapes.ReleaseSerializer},
        scope=Scope.SECTIONS,
        tagged=True,
        matched=True,
        repeatable=True,
        conflicts=True,
    )
    @idempotent
    def post(self, request: Request, organisation: int, channel_id: str, number: int) -> Response:
        found = self.channel(channel_id, lock=True)
        old = _release(found, number)
        given = _body(request.data, area=_TEXT, note=_NOTE)
        area = given.get("area")
        if old.removed:
            raise problems.Refusal(
                409,
                "not_restorable",
                _("This release took the channel off: there is nothing in it to bring back."),
            )
        known = {one.name for one in areas_of(found.kind)}
        if area is not None and (area not in old.sections or area not in known):
            raise problems.invalid({"area": [_("The release has no such area.")]})
        everything = sections(found)
        must_match(request, digest(everything if area is None else everything[area]))
        before = newest_release(found)
        try:
            made = roll_back(found, to=old, by=self.bearer, area=area, note=given.get("note", ""))
        except NotPublishable as refused:
            raise problems.not_publishable(refused.problems) from refused
        fresh = before is None or made.number != before.number
        where = settings.CONSOLE_URL + reverse("api:release", args=[organisation, channel_id, made.number])
        tag = digest([made.digest, made.number, made.removed])
        return tagged(request, shapes.release(made), tag, 201 if fresh else 200, {"Location": where})


class Promotions(ApiView):
    tag = "Publication"
    names: ClassVar = {"GET": "list_promotions", "POST": "promote"}
    needs: ClassVar = {"POST": Scope.PROMOTE}

    @describe(
        summary="What was asked to go live, the newest first",
        parameters=[
            *_PAGING,
            OpenApiParameter("state", OpenApiTypes.STR, enum=Promotion.State.values),
        ],
        responses=_paged("Promotion", shapes.PromotionSerializer),
    )
    def get(self, request: Request, organisation: int, channel_id: str) -> Response:
        rows = Promotion.objects.filter(channel=self.channel(channel_id))
        state = request.query_params.get("state")
        if state is not None:
            if state not in Promotion.State.values:
                states = ", ".join(Promotion.State.values)
                raise problems.invalid(
                    {"state": [_("One of these belongs here: %(states)s.") % {"states": states}]}
                )
            rows = rows.filter(state=state)
        return self.page(rows, "pk", shapes.promotion, falling=True)

    @describe(
        summary="Put a release live",
        description=(
            "The very release that was seen in test, by the channel's rules: `state` says what became of it. `done`: it is on its "
            "way; `scheduled`: it goes at `at`; `waiting`: a second person has to approve. 409 `not_promotable` where test does "
            "not have the release, live has a newer one, or the checklist is not ticked; 409 `warnings_unseen` where the checks "
            "warn of something and `warnings_seen` is not true."
        ),
        request=shapes.NewPromotionSerializer,
        responses={201: shapes.PromotionSerializer},
        scope=Scope.PROMOTE,
        tagged=True,
        repeatable=True,
        conflicts=True,
    )
    @idempotent
    def post(self, request: Request, organisation: int, channel_id: str) -> Response:
        found = self.channel(channel_id, lock=True)
        given = _body(
            request.data,
            release=_NUMBER,
            note=_NOTE,
            checklist=_TEXTS,
            warnings_seen=_BOOLEAN,
            at=_MOMENT,
            time_zone=_TIME_ZONE,
        )
        ticked = set(given.get("checklist", []))
        try:
            asked = promotions.ask(
                found,
                number=promotable(found, given.get("release")).number,
                by=self.bearer,
                note=given.get("note", ""),
                ticked=[
                    place
                    for place, sentence in enumerate(promotions.rules_of(found).checklist)
                    if sentence in ticked
                ],
                warnings_seen=given.get("warnings_seen", False),
                at=datetime.fromisoformat(given["at"]) if "at" in given else None,
                time_zone=given.get("time_zone", self.organisation.time_zone),
            )
        except NotPromotable as refused:
            raise problems.Refusal(409, "not_promotable", refused.sentence) from refused
        except promotions.WarningsUnseen as unseen:
            raise problems.warnings_unseen(unseen.warnings) from unseen
        except NotPublishable as refused:
            raise problems.not_publishable(refused.problems) from refused
        where = settings.CONSOLE_URL + reverse("api:promotion", args=[organisation, channel_id, asked.pk])
        return tagged(request, shapes.promotion(asked), _promotion_tag(asked), 201, {"Location": where})


class OnePromotion(ApiView):
    tag = "Publication"
    names: ClassVar = {"GET": "read_promotion"}

    @describe(
        summary="What became of a promotion",
        parameters=[_PROMOTION_ID],
        responses=shapes.PromotionSerializer,
        tagged=True,
    )
    def get(self, request: Request, organisation: int, channel_id: str, promotion: int) -> Response:
        found = self.promotion(channel_id, promotion)
        return tagged(request, shapes.promotion(found), _promotion_tag(found))

    def promotion(self, channel_id: str, promotion: int, *, lock: bool = False) -> Promotion:
        """Raises NotFound. Locked, its channel comes first, as wherever something goes live."""
        channel = self.channel(channel_id, lock=lock)
        rows = Promotion.objects.select_for_update() if lock else Promotion.objects.all()
        found = rows.filter(channel=channel, pk=promotion).first() if promotion <= _LARGEST_ID else None
        if found is None:
            raise NotFound
        return found

    def decided(
        self, request: Request, channel_id: str, promotion: int, decide: Callable[..., Promotion]
    ) -> Response:
        found = self.promotion(channel_id, promotion, lock=True)
        must_match(request, _promotion_tag(found))
        try:
            found = decide(found, by=self.bearer)
        except NotPromotable as refused:
            raise problems.Refusal(409, "not_promotable", refused.sentence) from refused
        except NotPublishable as refused:
            raise problems.not_publishable(refused.problems) from refused
        return tagged(request, shapes.promotion(found), _promotion_tag(found))


def decision_view(
    name: str, decide: Callable[..., Promotion], *, summary: str, description: str
) -> type[OnePromotion]:
    """The address at which somebody decides over a promotion: `decide` is the act behind the page's button."""

    class Decision(OnePromotion):
        names: ClassVar = {"POST": name}
        needs: ClassVar = {"POST": Scope.PROMOTE}
        http_method_names = ("post", "options")

        @describe(
            summary=summary,
            description=description,
            parameters=[_PROMOTION_ID],
            request=None,
            responses=shapes.PromotionSerializer,
            scope=Scope.PROMOTE,
            tagged=True,
            matched=True,
            repeatable=True,
            conflicts=True,
        )
        @idempotent
        def post(self, request: Request, organisation: int, channel_id: str, promotion: int) -> Response:
            return self.decided(request, channel_id, promotion, decide)

    Decision.__name__ = "".join(word.title() for word in name.split("_"))
    return Decision


Approve = decision_view(
    "approve_promotion",
    promotions.approve,
    summary="Approve what somebody else asked for",
    description="It goes live, or waits for its time. 409 with a token of the person who asked, and when it was decided already.",
)
Cancel = decision_view(
    "cancel_promotion",
    promotions.cancel,
    summary="Call off what waits for approval or for its time",
    description="409 when it was decided already.",
)


class Deliveries(ApiView):
    tag = "Publication"
    names: ClassVar = {"GET": "list_deliveries"}

    @describe(
        summary="Where the channel's releases have arrived",
        responses=_paged("Delivery", shapes.DeliverySerializer),
    )
    def get(self, request: Request, organisation: int, channel_id: str) -> Response:
        rows = Delivery.objects.filter(channel=self.channel(channel_id)).order_by("environment", "pk")
        known = environments()
        # A place the installation publishes to no more waits for nothing.
        found = [one for one in rows if one.environment in known and known[one.environment].at(one.region)]
        return Response({"items": [shapes.delivery(one) for one in found], "next": None})


class Retry(ApiView):
    tag = "Publication"
    names: ClassVar = {"POST": "retry_deliveries"}
    needs: ClassVar = {"POST": Scope.PROMOTE}

    @describe(
        summary="Deliver now what waits for its next attempt",
        request=None,
        responses={202: shapes.RetriedSerializer},
        scope=Scope.PROMOTE,
        repeatable=True,
    )
    @idempotent
    def post(self, request: Request, organisation: int, channel_id: str) -> Response:
        return Response({"environments": try_again(self.channel(channel_id), by=self.bearer)}, status=202)


class ChannelFileView(ApiView):
    tag = "Files"
    names: ClassVar = {"GET": "export_channel", "PUT": "import_channel"}
    needs: ClassVar = {"PUT": Scope.SECTIONS}

    @describe(
        summary="The channel as a file",
        description="The same as `manage.py export_channel`: stable, secrets as `<secret>`.",
        responses=shapes.FileSerializer,
        tagged=True,
    )
    def get(self, request: Request, organisation: int, channel_id: str) -> Response:
        document = channel_document(self.channel(channel_id))
        return tagged(request, document, digest(document))

    @describe(
        summary="Import a file into the channel",
        description="Only the areas the file speaks of change. Sent twice it changes nothing the second time.",
        parameters=[
            OpenApiParameter("dry_run", OpenApiTypes.BOOL, description="Only say what would change.")
        ],
        request=shapes.FileSerializer,
        responses=shapes.ImportSerializer,
        scope=Scope.SECTIONS,
        tagged=True,
        matched=True,
    )
    def put(self, request: Request, organisation: int, channel_id: str) -> Response:
        found = self.channel(channel_id, lock=True)
        dry = request.query_params.get("dry_run", "false")
        if dry not in {"true", "false"}:
            raise problems.invalid({"dry_run": [_("true or false belongs here.")]})
        try:
            files = read_channels(request.data, source="API")
        except NotAChannelFile as refused:
            raise problems.invalid({path: [said] for path, said in refused.faults}) from refused
        if len(files) != 1 or "channels" in request.data:
            raise problems.invalid({"chatadmin": [_("The file of one channel belongs here.")]})
        [step] = plans.plan(files, into=found)
        if step.action == "refused":
            raise problems.not_publishable(step.problems)
        if step.going_live:
            self.must_have(Scope.PROMOTE)
        must_match(request, digest(channel_document(found)))
        try:
            if dry == "false":
                plans.apply(step, by=self.bearer, source="API")
        except plans.Refused as refused:
            raise problems.not_publishable(refused.problems) from refused
        body = {
            "action": step.action,
            "applied": dry == "false" and step.action != "same",
            "name": found.name,
            "changes": [
                {"area": one.area.name, "fields": [change.label for change in one.changes]}
                for one in step.areas
            ]
            + [
                {"area": plans.GOING_LIVE, "fields": [change.label for change in step.going_live]}
                for _one in step.going_live[:1]
            ],
            "warnings": [f"{one.area}.{one.path}: {one.message}" for one in step.warnings],
        }
        return tagged(request, body, digest(channel_document(found)))


class Nothing(ApiView):
    """Every other address below /api/v1/."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if not request.path.endswith("/"):
            raise problems.Refusal(
                404, "not_found", _("There is nothing here; addresses of the API end with a slash.")
            )
        raise NotFound


@public
def root(request: HttpRequest) -> HttpResponse:
    """Where somebody begins who knows nothing but the address."""
    return JsonResponse(
        {name: settings.CONSOLE_URL + reverse(f"api:{name}") for name in ("docs", "schema", "organisations")}
    )


class Schema(SpectacularAPIView):
    """OpenAPI, as YAML or, asked for with ?format=json, as JSON."""

    authentication_classes = []
    permission_classes = []

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        return mark(super().as_view(**initkwargs), None, door="public")

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        # docs/adr/0006-reference-in-english.md
        with translation.override("en"):
            response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
            response.headers["Content-Language"] = "en"
            return response


@public
def docs(request: HttpRequest) -> HttpResponse:
    """The API's reference as a page: made from the schema, without any script from elsewhere."""
    with translation.override("en"):
        document = schema.document()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append(_operation(path, method, operation, document))
    return render(
        request,
        "api/docs.html",
        {
            "groups": groups.items(),
            "schema_url": reverse("api:schema"),
            "base": settings.CONSOLE_URL,
            "scopes": Scope.choices,
            "per_minute": settings.API_REQUESTS_PER_MINUTE,
        },
    )


def _operation(
    path: str, method: str, operation: Mapping[str, Any], document: Mapping[str, Any]
) -> dict[str, Any]:
    def fields(content: Mapping[str, Any] | None) -> tuple[str, list[dict[str, Any]]]:
        shape = ((content or {}).get("application/json") or {}).get("schema", {})
        name = shape.get("$ref", "").rpartition("/")[2]
        known = document["components"]["schemas"].get(name, shape)
        required = known.get("required", [])
        return name, [
            {
                "name": format_html_join(SafeString("_<wbr>"), "{}", ((part,) for part in field.split("_"))),
                "type": _type(one, document),
                "required": field in required,
                "text": _said(one.get("description", "")),
            }
            for field, one in known.get("properties", {}).items()
        ]

    good = next((status for status in operation["responses"] if status.startswith("2")), "")
    request_name, request_fields = fields(operation.get("requestBody", {}).get("content"))
    answer_name, answer_fields = fields(operation["responses"].get(good, {}).get("content"))
    return {
        "id": operation["operationId"],
        "path": path,
        "method": method.upper(),
        "summary": operation.get("summary", ""),
        "text": _said(operation["description"].rpartition("Scope:")[0].strip()),
        "scope": operation["description"].rpartition("`")[0].rpartition("`")[2],
        "parameters": [
            one | {"type": _type(one["schema"], document), "description": _said(one.get("description", ""))}
            for one in operation["parameters"]
            if one["in"] != "path"
        ],
        "example": _example(document, request_name),
        "answer_example": _example(document, answer_name),
        "request": request_fields,
        "request_name": request_name,
        "answer": answer_fields,
        "answer_name": answer_name,
        "status": good,
        "problems": [
            (status, _said(one["description"]))
            for status, one in operation["responses"].items()
            if status > "399"
        ],
    }


def _example(document: Mapping[str, Any], name: str) -> str:
    """The example of a shape, or of one item of a page of them; empty where there is none."""
    shape = document["components"]["schemas"].get(name, {})
    items = shape.get("properties", {}).get("items", {}).get("items", {}).get("$ref", "").rpartition("/")[2]
    if items:
        inner = _example(document, items)
        value = {"items": [json.loads(inner)], "next": None} if inner else None
    else:
        value = shape.get("example")
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)


def _said(text: str) -> SafeString:
    """A description with what it sets in backticks as code."""
    parts = text.split("`")
    return format_html_join(
        "",
        "{}",
        ((format_html("<code>{}</code>", one) if place % 2 else one,) for place, one in enumerate(parts)),
    )


def _type(shape: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    if "$ref" in shape:
        name = str(shape["$ref"].rpartition("/")[2])
        known = document["components"]["schemas"].get(name, {})
        return _type(known, document) if "enum" in known else name
    if "allOf" in shape:
        return _type(shape["allOf"][0], document)
    if shape.get("type") == "array":
        return f"{_type(shape.get('items', {}), document)}[]"
    if "enum" in shape:
        return " | ".join(str(one) for one in shape["enum"])
    kind = shape.get("type", "object")
    return str(kind if isinstance(kind, str) else " | ".join(kind))


def _texts(data: Any, *names: str) -> list[str]:
    """These fields of the body, each a text. Raises Refusal."""
    given = data if isinstance(data, dict) else {}
    wrong: dict[str, Any] = {
        name: [_("A text belongs here.")] for name in names if not isinstance(given.get(name), str)
    }
    if wrong:
        raise problems.invalid(wrong)
    return [given[name] for name in names]


def _release(channel: Channel, number: int) -> Release:
    """Raises NotFound."""
    found = (
        Release.objects.filter(channel=channel, number=number).first() if number <= LARGEST_NUMBER else None
    )
    if found is None:
        raise NotFound
    return found


#: A field of a body: what it may be, and what is said when it is not that.
_Field = tuple[Callable[[Any], bool], Any]
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")


def _is_moment(value: Any) -> bool:
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError):
        return False
    return True


def _is_time_zone(value: Any) -> bool:
    try:
        return isinstance(value, str) and 0 < len(value) <= 64 and bool(ZoneInfo(value))
    except (ValueError, OSError, LookupError):
        return False


_TEXT: _Field = (lambda value: isinstance(value, str), _("A text belongs here."))
_NOTE: _Field = (
    lambda value: isinstance(value, str) and len(value) <= shapes.NOTE_LENGTH,
    _("A text of at most 500 characters belongs here."),
)
_NUMBER: _Field = (
    lambda value: type(value) is int and 0 < value <= LARGEST_NUMBER,
    _("The number of a release belongs here."),
)
_BOOLEAN: _Field = (lambda value: isinstance(value, bool), _("true or false belongs here."))
_TEXTS: _Field = (
    lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
    _("A list of texts belongs here."),
)
_MOMENT: _Field = (_is_moment, _("A time such as 2026-03-01T09:00:00-05:00 belongs here."))
_TIME_ZONE: _Field = (_is_time_zone, _("The name of a time zone such as America/Toronto belongs here."))


def _body(data: Any, **known: _Field) -> dict[str, Any]:
    """The known fields that were sent, each of its kind; all of them may be left out. Raises Refusal."""
    if not isinstance(data, dict):
        raise problems.invalid({"": [_("A JSON object belongs here.")]})
    wrong = {
        name: [sentence] for name, (fits, sentence) in known.items() if name in data and not fits(data[name])
    }
    if wrong:
        raise problems.invalid(wrong)
    return {name: data[name] for name in known if name in data}


def _promotion_tag(one: Promotion) -> str:
    return digest([one.pk, str(one.state), one.approved_by_label])


def _name_refused(refused: ValidationError) -> problems.Refusal:
    sentences: list[Any] = list(refused.messages)
    if getattr(refused, "code", "") == "taken":
        return problems.Refusal(409, "name_taken", sentences[0], {"name": sentences})
    return problems.invalid({"name": sentences})


def _tag(channel: Channel) -> str:
    return digest([channel.public_id, channel.name, channel.kind])


def _url(channel: Channel, organisation: int) -> str:
    return settings.CONSOLE_URL + reverse("api:channel", args=[organisation, channel.public_id])
