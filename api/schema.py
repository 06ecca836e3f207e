"""The OpenAPI document: every operation with its scope, its tags for concurrency, and the one form of what is refused."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from api.examples import EXAMPLES
from api.models import Scope

PROBLEM = {
    "type": "object",
    "description": "What is wrong. `fields` maps a place of the request to sentences about it.",
    "properties": {
        "code": {"type": "string", "description": "For programs; it never changes."},
        "message": {"type": "string", "description": "For people, in the language of Accept-Language."},
        "fields": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
    "required": ["code", "message", "fields"],
}

#: Status -> when. Which of them an operation answers with follows from what it takes (`_refusals`).
_REFUSALS = {
    "400": "A parameter or the body says something that cannot be.",
    "401": "There is no valid token.",
    "403": "The token lacks the scope.",
    "404": "There is nothing under this address, or it is another organisation's.",
    "409": "The state of things does not allow it; `code` says what it is.",
    "411": "The body came in pieces (chunked), without its length.",
    "412": "If-Match names a version that is not the newest.",
    "413": "The body is too large.",
    "415": "The body is not JSON, or packed.",
    "422": "The Idempotency-Key was sent with another request before.",
    "429": "Too many requests; Retry-After says when to come again.",
}
_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}


class ApiSchema(AutoSchema):
    def get_operation_id(self) -> str:
        return str(getattr(self.view, "names", {}).get(self.method, super().get_operation_id()))

    def get_description(self) -> str:  # type: ignore[override]
        return ""

    def get_auth(self) -> list[dict[str, Any]]:
        return [{"token": []}]

    def get_tags(self) -> list[str]:
        return [getattr(self.view, "tag", "API")]


def only_operations(endpoints: list[Any]) -> list[Any]:
    """drf-spectacular's pre-processing hook: no page, and not the answer to addresses there are none of."""
    return [one for one in endpoints if one[0].startswith("/api/v1/organisations/")]


def complete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """drf-spectacular's post-processing hook: what all operations have in common."""
    parts = result.setdefault("components", {})
    parts.setdefault("schemas", {})["Problem"] = PROBLEM
    parts.setdefault("securitySchemes", {})["token"] = {"type": "http", "scheme": "bearer"}
    for name, example in EXAMPLES.items():
        parts["schemas"][name]["example"] = example
    result["servers"] = [{"url": settings.CONSOLE_URL}]
    for path in result.get("paths", {}).values():
        for operation in path.values():
            _complete_operation(operation)
    return result


def _complete_operation(operation: dict[str, Any]) -> None:
    """What an operation said of itself (`api.views.describe`), spelled out: headers, and what it may be refused with."""
    scope = operation.pop("x-scope", Scope.READ.value)
    said = {
        name: operation.pop(f"x-{name}", False) for name in ("tagged", "matched", "repeatable", "conflicts")
    }
    parameters = operation.setdefault("parameters", [])
    taken = bool(operation.get("requestBody")) or any(one["in"] == "query" for one in parameters)
    refusals = {"401", "429"}
    if any(one["in"] == "path" for one in parameters):
        refusals.add("404")
    if taken or said["repeatable"]:
        refusals.add("400")
    if scope != Scope.READ.value:
        refusals.add("403")
    if said["conflicts"]:
        refusals.add("409")
    bodies = operation.get("requestBody", {}).get("content", {})
    if bodies:
        refusals |= {"411", "413"}
    if "application/json" in bodies:
        refusals.add("415")
    if said["matched"]:
        parameters.append(_header("If-Match", "The ETag you read: 412 if it is another by now."))
        refusals.add("412")
    elif said["tagged"] and "200" in operation["responses"] and "requestBody" not in operation:
        parameters.append(_header("If-None-Match", "The ETag you have: 304 if it is still that."))
        operation["responses"]["304"] = {
            "description": "It is what you have.",
            "headers": _headers(ETag=_TEXT),
        }
    if said["repeatable"]:
        refusals.add("422")
        parameters.append(
            _header(
                "Idempotency-Key",
                "Sent again with the same key within a day, the request does nothing twice.",
            )
        )
    for status, answer in operation["responses"].items():
        if not status.startswith("2"):
            continue
        found: dict[str, Any] = {"RateLimit-Limit": _COUNT, "RateLimit-Remaining": _COUNT}
        if said["tagged"] and status != "204":
            found["ETag"] = _TEXT
        if status == "201" or (said["repeatable"] and "201" in operation["responses"]):
            found["Location"] = _TEXT
        if said["repeatable"]:
            found["Idempotency-Replayed"] = {"type": "string", "enum": ["true"]}
        if any(one["name"] == "after" for one in parameters):
            found["Link"] = _TEXT
        if "X-Release" in operation.get("description", ""):
            found["X-Release"] = _COUNT
        answer["headers"] = _headers(**found)
    for status in sorted(refusals):
        operation["responses"][status] = {
            "description": _REFUSALS[status],
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            **_REFUSED_WITH.get(status, {}),
        }
    operation["description"] = f"{operation.get('description', '').strip()}\n\nScope: `{scope}`".strip()


_HEADERS = {
    "ETag": "The version.",
    "Location": "Where it is.",
    "Link": 'The page that follows, `rel="next"`; absent on the last one.',
    "X-Release": "The release this made; absent where nothing changed.",
    "Idempotency-Replayed": "There when this was answered before.",
    "RateLimit-Limit": "Requests that may come at once.",
    "RateLimit-Remaining": "How many of them are left.",
    "Retry-After": "Seconds to wait.",
    "WWW-Authenticate": "Bearer.",
}


def _headers(**shapes: Any) -> dict[str, Any]:
    return {name: {"schema": shape, "description": _HEADERS[name]} for name, shape in shapes.items()}


_REFUSED_WITH = {
    "401": {"headers": _headers(**{"WWW-Authenticate": _TEXT})},
    "412": {"headers": _headers(ETag=_TEXT)},
    "429": {"headers": _headers(**{"Retry-After": _COUNT})},
}


def _header(name: str, description: str) -> dict[str, Any]:
    return {"in": "header", "name": name, "schema": {"type": "string"}, "description": description}


@cache
def document() -> dict[str, Any]:
    """The whole document, as /api/v1/schema/ answers it."""
    made: dict[str, Any] = SchemaGenerator(api_version="1").get_schema(  # type: ignore[no-untyped-call]
        request=None, public=True
    )
    return made
