"""manage.py verify_audit: is the record of every organisation as it was written, whole and in order?"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations
from django.db import connection

FAULTS = {
    "gap": "positions before it are missing",
    "broken": "it does not follow from the one before it",
    "missing": "its entry is gone",
    "altered": "its entry was altered",
    "unlinked": "it has no link",
}


class Command(BaseCommand):
    help = (
        "Recompute the hash chain of every organisation's audit record. Prints each chain's head (BRAND POSITION HASH); keep it "
        "elsewhere and give it back with --expect to notice that the newest entries were cut off. Exit code 1 when something is wrong."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--expect",
            action="append",
            default=[],
            metavar="BRAND:POSITION:HASH",
            help="a head printed earlier that has to be in the chain still; may be given several times",
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        wrong = [*self._faults(), *self._unmet(options["expect"])]
        for line in wrong:
            self.stderr.write(line)
        with connection.cursor() as cursor:
            cursor.execute("SELECT brand, place, hash FROM audit_heads()")
            for brand, place, head in cursor.fetchall():
                self.stdout.write(f"{brand} {place} {head}")
        if wrong:
            faults = "1 fault" if len(wrong) == 1 else f"{len(wrong)} faults"
            raise CommandError(f"the audit record is not as it was written: {faults}")

    def _faults(self) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT brand, place, entry, fault FROM audit_verify()")
            return [
                f"brand {brand}, position {place or '?'}, entry {entry}: {FAULTS[fault]}"
                for brand, place, entry, fault in cursor.fetchall()
            ]

    def _unmet(self, expected: list[str]) -> list[str]:
        unmet = []
        for text in expected:
            brand, _colon, rest = text.partition(":")
            place, _colon, head = rest.partition(":")
            if not (brand.isdigit() and place.isdigit() and head):
                raise CommandError(f"--expect wants BRAND:POSITION:HASH, not {text}")
            with connection.cursor() as cursor:
                cursor.execute("SELECT audit_has_link(%s, %s, %s)", [int(brand), int(place), head])
                if not cursor.fetchone()[0]:
                    unmet.append(f"brand {brand}, position {place}: the expected link is not there")
        return unmet
