"""`manage.py gateway_restore DIR`: a backup back into an environment that was migrated and has nothing yet."""

from __future__ import annotations

from gateway.management.commands.gateway_backup import Command as Backup


class Command(Backup):
    help = "Restore this environment's database and files, after gateway_migrate: all of it, or nothing."
    restores = True
