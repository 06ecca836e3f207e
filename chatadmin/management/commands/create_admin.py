"""`manage.py create_admin ana@example.com --organisation 1009`: a person who may sign in and manage an organisation."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from chatadmin.management.operator import OperatorCommand
from chatadmin.organisations import admit_person
from tenants.roles import Role


class Command(OperatorCommand):
    help = (
        "Give a person a role in an organisation, with an account when there is none yet. A new account gets a made-up "
        "password, printed once, unless one comes on standard input (--password-stdin); so does a forgotten one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the person's e-mail address, used to sign in")
        parser.add_argument("--organisation", type=int, required=True, help="the brand number, e.g. 1009")
        parser.add_argument(
            "--role",
            default=Role.ADMIN.name.lower(),
            choices=[role.name.lower() for role in Role],
            help="what the person may do (%(default)s)",
        )
        parser.add_argument("--name", default="", help="the person's name")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input, one line"
        )

    def act(
        self, *, email: str, organisation: int, role: str, name: str, password_stdin: bool, **options: Any
    ) -> None:
        password = sys.stdin.readline().rstrip("\r\n") if password_stdin else ""
        if password_stdin and not password:
            raise CommandError("There is no password on standard input.")
        admitted = admit_person(
            number=organisation, email=email, role=Role[role.upper()], password=password, name=name, by=None
        )
        person = admitted.membership.user.email
        self.stdout.write(f"{person} is {role} of brand {organisation}.")
        if admitted.password:
            self.stdout.write(f"Password: {admitted.password}")
            self.stdout.write("It is shown this once; the person can change it after signing in.")
        elif not admitted.created and not password:
            self.stdout.write("The account was there already; its password is unchanged.")
