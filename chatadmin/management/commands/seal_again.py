"""`manage.py seal_again`: every environment gets what it has once more under the keys of today, so that former keys can go."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import connection

from chatadmin.management.operator import OperatorCommand
from publishing.environments import environments
from publishing.resealing import hand_over_again
from publishing.sentences import ERRORS
from tenants.models import Organisation


class Command(OperatorCommand):
    help = (
        "After a change of PUBLISHING_SIGNING_KEY or of an environment's encryption key: hand over everything that is published "
        "once more. Run it as the owner of the database (DATABASE_URL=$DATABASE_OWNER_URL). The old keys may be taken away when it "
        "has ended without an error. Safe to run again, while people work."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--environment", default="", help="only this one, e.g. live; without it all")

    def act(self, *, environment: str, **options: Any) -> None:
        if environment and environment not in environments():
            raise CommandError(f"There is no environment “{environment}”.")
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = current_user")
            if not cursor.fetchone()[0]:
                raise CommandError("Run this as the owner role: another sees no organisation.")
        done = failed = 0
        former: Counter[str] = Counter()
        for organisation in Organisation.objects.order_by("number"):
            for one in hand_over_again(organisation, environment):
                place = f"{one.environment}.{one.region}" if one.region else one.environment
                if not one.code:
                    done += 1
                    continue
                if one.code == "not_configured":
                    former[place] += 1
                    continue
                failed += 1
                why = ERRORS.get(one.code, one.code)
                self.stderr.write(f"{one.brand} {one.channel} in {place}: {why}")
        for place, count in sorted(former.items()):
            self.stdout.write(f"{count} of {place} were left out: this console publishes there no more.")
        self.stdout.write(f"{done} handed over under the present keys, {failed} not.")
        if failed:
            raise CommandError("Keep the old keys, mend what is said above, and run this again.")
