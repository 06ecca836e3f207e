#!/usr/bin/env python
"""Django's commands, for the console (by default) and for an environment (DJANGO_SETTINGS_MODULE=gateway.settings)."""

import os
import sys

#: Change tables, so they act as the owner of the database when its address is given.
AS_OWNER = {"migrate", "flush", "sqlflush"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatadmin.settings")
    if len(sys.argv) > 1 and sys.argv[1] in AS_OWNER and os.environ.get("DATABASE_OWNER_URL"):
        os.environ["DATABASE_URL"] = os.environ["DATABASE_OWNER_URL"]
        # The check that refuses a role that bypasses row security is meant for serving.
        sys.argv += ["--skip-checks"] * ("--skip-checks" not in sys.argv)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
