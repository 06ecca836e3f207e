"""Agents, cards and canned answers behind row security."""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from tenants.rls import ProtectTable


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("desk", "0001_initial")]

    operations: ClassVar[list[Operation]] = [
        ProtectTable("desk_agent"),
        ProtectTable("desk_card"),
        ProtectTable("desk_snippet"),
    ]
