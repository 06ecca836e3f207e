"""The audit record: seen by its own organisation only, and never altered."""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from tenants.rls import AppendOnly, ProtectTable


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("audit", "0001_initial"),
        ("tenants", "0002_row_security"),
    ]

    operations: ClassVar[list[Operation]] = [ProtectTable("audit_entry"), AppendOnly("audit_entry")]
