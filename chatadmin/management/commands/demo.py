"""`manage.py demo`: the demonstration organisations, their people and channels; DEMO_PASSWORD is everybody's password."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from chatadmin import demo
from chatadmin.management.operator import OperatorCommand
from kit import env


class Command(OperatorCommand):
    help = (
        "Create the demonstration organisations 1009 and 2020 where they are missing. DEMO_PASSWORD in the environment is "
        "the password of its people. Running it again changes nothing but a password that differs."
    )

    def act(self, **options: Any) -> None:
        try:
            password = env.text("DEMO_PASSWORD", example="a-password-of-12-characters-or-more")
        except env.MissingSetting as error:
            raise CommandError(str(error)) from error
        demo.fill_in(password=password)
        people = sorted({email for one in demo.ORGANISATIONS for email, _name, _role in one.people})
        self.stdout.write(f"Demonstration organisations are there. Sign in as {', '.join(people)}.")
