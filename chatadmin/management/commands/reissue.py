"""`manage.py reissue`: where environments have newer releases than this console knows, what it knows is published above them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.db import connection

from chatadmin.management.operator import OperatorCommand
from publishing.reissuing import reissue_everything
from tenants.models import Organisation


class Command(OperatorCommand):
    help = (
        "After a restore from a backup that is older than what was published since: the environments keep what they have, and the "
        "page of deliveries says so. This gives everything of this console numbers above theirs, so that test and live are as the "
        "backup was. Run it as the owner of the database (DATABASE_URL=$DATABASE_OWNER_URL), once the deliveries have been tried."
    )

    def act(self, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = current_user")
            if not cursor.fetchone()[0]:
                raise CommandError("Run this as the owner role: another sees no organisation.")
        channels = releases = 0
        for organisation in Organisation.objects.order_by("number"):
            for made in reissue_everything(organisation):
                channels += bool(made)
                releases += len(made)
        self.stdout.write(f"{releases} releases of {channels} channels were numbered anew.")
