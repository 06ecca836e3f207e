"""`manage.py create_organisation 1009 "Example Inc."`: a new organisation, still without people."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from chatadmin.management.operator import OperatorCommand
from chatadmin.organisations import create_organisation


class Command(OperatorCommand):
    help = "Create an organisation (a brand). Give it its first person with create_admin."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", type=int, help="the public brand number, e.g. 1009")
        parser.add_argument("name", help="the organisation's name")
        parser.add_argument("--time-zone", default="America/Toronto", help="an IANA time zone (%(default)s)")

    def act(self, *, number: int, name: str, time_zone: str, **options: Any) -> None:
        made = create_organisation(number=number, name=name, time_zone=time_zone, by=None)
        self.stdout.write(
            f"Created {made.name}, brand {made.number}. Next: manage.py create_admin EMAIL --organisation {made.number}"
        )
