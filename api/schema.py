"""The OpenAPI document: every operation with its scope, its tags for concurrency, and the one form of what is refused."""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

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

#: Status -> when, for every operation; those of `_WRITES` for what changes something.
_ALWAYS = {
    "400": "A parameter or the body says something that cannot be.",
    "401": "There is no valid token.",
    "403": "The token lacks the scope.",
    "404": "There is nothing under this address, or it is another organisation's.",
    "429": "Too many requests; Retry-After says when to come again.",
}
_WRITES = {
    "409": "The state of things does not allow it.",
    "412": "If-Match names a version that is not the newest.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "The Idempotency-Key was sent with another request before.",
}


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
    for path in result.get("paths", {}).values():
        for method, operation in path.items():
            _complete_operation(method, operation)
    return result


def _complete_operation(method: str, operation: dict[str, Any]) -> None:
    writes = method != "get"
    for status, when in (_ALWAYS | (_WRITES if writes else {})).items():
        operation["responses"].setdefault(
            status,
            {
                "description": when,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        )
    parameters = operation.setdefault("parameters", [])
    tagged = operation.pop("x-tagged", False)
    if tagged:
        name = "If-Match" if writes else "If-None-Match"
        parameters.append(
            _header(name, "The ETag you read." if writes else "The ETag you have: 304 if it is still that.")
        )
        if not writes:
            operation["responses"]["304"] = {"description": "It is what you have."}
        for status in ("200", "201"):
            if status in operation["responses"]:
                operation["responses"][status].setdefault("headers", {})["ETag"] = {
                    "schema": {"type": "string"},
                    "description": "The version.",
                }
    if not operation.pop("x-idempotent", False) and method == "post":
        parameters.append(
            _header(
                "Idempotency-Key",
                "Sent again with the same key within a day, the request does nothing twice.",
            )
        )
    operation["description"] = (
        f"{operation.get('description', '').strip()}\n\nScope: `{operation.pop('x-scope', Scope.READ.value)}`"
    ).strip()


def _header(name: str, description: str) -> dict[str, Any]:
    return {"in": "header", "name": name, "schema": {"type": "string"}, "description": description}


@cache
def document() -> dict[str, Any]:
    """The whole document, as /api/v1/schema/ answers it."""
    made: dict[str, Any] = SchemaGenerator(api_version="1").get_schema(  # type: ignore[no-untyped-call]
        request=None, public=True
    )
    return made
