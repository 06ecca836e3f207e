"""What the operator's commands have in common: English, and one line for whatever goes wrong."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, no_translations
from django.db.utils import OperationalError, ProgrammingError

from chatadmin.organisations import NoSuchOrganisation


class OperatorCommand(BaseCommand):
    """Subclasses implement `act`; what they print goes to standard output, an error to standard error with exit code 1."""

    # Checks of addresses and templates say nothing to somebody who adds a person.
    requires_system_checks = []

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.act(**options)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except NoSuchOrganisation as error:
            raise CommandError(
                f"There is no organisation with the brand number {error}. "
                f"Create it first: manage.py create_organisation {error} NAME"
            ) from error
        except ProgrammingError as error:
            raise CommandError(
                f"The database is not up to date ({_first_line(error)}). Run manage.py migrate first."
            ) from error
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {_first_line(error)}") from error

    def act(self, *args: Any, **options: Any) -> None:
        raise NotImplementedError


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
