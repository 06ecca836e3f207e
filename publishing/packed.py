"""A column of JSON that is written whole and read whole: canonical bytes, packed where they are large.

PostgreSQL's own `jsonb` takes a text apart when it is written and puts it together when it is read: a channel of 200 languages
(1.3 MB) cost 70 ms of each save and 20 ms of each delivery. Nothing ever looks into these values with SQL.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from django.db import models

from kit.documents import canonical

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    _Binary = models.BinaryField[Any, Any]
else:
    _Binary = models.BinaryField

#: Bytes from which on packing is worth its while; less stays readable for whoever looks into the database.
PACKED_FROM = 32 * 1024


class Written(dict[str, Any]):
    """A JSON object together with its canonical bytes, so that it is written once. Not to be changed."""

    __slots__ = ("raw",)

    def __init__(self, value: dict[str, Any], raw: bytes) -> None:
        super().__init__(value)
        self.raw = raw


def pack(value: Any) -> bytes:
    """Canonical JSON; from PACKED_FROM bytes on compressed (zlib, whose first byte never begins a JSON text)."""
    raw = value.raw if isinstance(value, Written) else canonical(value)
    return zlib.compress(raw, 1) if len(raw) >= PACKED_FROM else raw


def unpack(stored: bytes) -> Any:
    """The inverse of `pack`."""
    return json.loads(zlib.decompress(stored) if stored[:1] == b"\x78" else stored)


class PackedJSONField(_Binary):
    """Any JSON value, as `pack` keeps it."""

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        packed = None if value is None else pack(value)
        return super().get_db_prep_value(packed, connection, prepared)

    def from_db_value(self, value: Any, expression: object, connection: object) -> Any:
        return None if value is None else unpack(bytes(value))

    def value_to_string(self, obj: models.Model) -> str:
        return canonical(self.value_from_object(obj)).decode()

    def to_python(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value
