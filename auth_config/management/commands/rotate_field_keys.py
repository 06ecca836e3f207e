"""Encrypt every kept secret under the newest key of FIELD_ENCRYPTION_KEYS, so that the older ones can go."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import connection, transaction

from auth_config.secrets import keyring
from kit.secrets import Unreadable

_ALL = "SELECT id, ciphertext FROM auth_config_secret ORDER BY id FOR UPDATE"
_WRITE = "UPDATE auth_config_secret SET ciphertext = %s WHERE id = %s"


class Command(BaseCommand):
    help = (
        "Put the new key first in FIELD_ENCRYPTION_KEYS, restart, run this as the owner of the database "
        "(DATABASE_URL=$DATABASE_OWNER_URL), then take the old key away. Safe to run again."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        changed, unreadable = 0, 0
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = current_user")
            if not cursor.fetchone()[0]:
                raise CommandError("Run this as the owner role: another sees no organisation's secrets.")
            cursor.execute(_ALL)
            for number, ciphertext in cursor.fetchall():
                if keyring().is_current(ciphertext):
                    continue
                try:
                    cursor.execute(_WRITE, [keyring().rotated(ciphertext), number])
                except Unreadable:
                    unreadable += 1
                else:
                    changed += 1
        self.stdout.write(f"{changed} secrets encrypted anew.")
        if unreadable:
            raise CommandError(
                f"{unreadable} secrets are under a key that is not in FIELD_ENCRYPTION_KEYS; keep the old keys."
            )
