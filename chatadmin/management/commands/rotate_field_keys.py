"""Encrypt every kept secret under the newest key of FIELD_ENCRYPTION_KEYS, so that the older ones can go."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import connection, transaction

from kit.secrets import Keyring, Unreadable

#: (what, all rows as (id, ciphertext), writing one): everything that is encrypted under these keys, whose ever it is. An empty
#: text is none.
_KEPT = (
    (
        "secrets of sign-in",
        "SELECT id, ciphertext FROM auth_config_secret ORDER BY id FOR UPDATE",
        "UPDATE auth_config_secret SET ciphertext = %s WHERE id = %s",
    ),
    (
        "secrets of webhooks",
        "SELECT id, secret FROM api_webhook ORDER BY id FOR UPDATE",
        "UPDATE api_webhook SET secret = %s WHERE id = %s",
    ),
    (
        "former secrets of webhooks",
        "SELECT id, former_secret FROM api_webhook WHERE former_secret <> '' ORDER BY id FOR UPDATE",
        "UPDATE api_webhook SET former_secret = %s WHERE id = %s",
    ),
    (
        "imports not applied yet",
        "SELECT id, content FROM files_import WHERE content <> '' ORDER BY id FOR UPDATE",
        "UPDATE files_import SET content = %s WHERE id = %s",
    ),
)


class Command(BaseCommand):
    help = (
        "Put the new key first in FIELD_ENCRYPTION_KEYS, restart, run this as the owner of the database "
        "(DATABASE_URL=$DATABASE_OWNER_URL), then take the old key away. Safe to run again."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        keys = Keyring(settings.FIELD_ENCRYPTION_KEYS)
        changed, unreadable = 0, []
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = current_user")
            if not cursor.fetchone()[0]:
                raise CommandError("Run this as the owner role: another sees no organisation's secrets.")
            for what, everything, write in _KEPT:
                cursor.execute(everything)
                for number, ciphertext in cursor.fetchall():
                    if keys.is_current(ciphertext):
                        continue
                    try:
                        cursor.execute(write, [keys.rotated(ciphertext), number])
                    except Unreadable:
                        unreadable.append(what)
                    else:
                        changed += 1
        self.stdout.write(f"{changed} secrets encrypted anew.")
        if unreadable:
            where = ", ".join(f"{unreadable.count(what)} {what}" for what in sorted(set(unreadable)))
            raise CommandError(
                f"{len(unreadable)} secrets are under a key that is not in FIELD_ENCRYPTION_KEYS; keep the old keys. They are: {where}."
            )
