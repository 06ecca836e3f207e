"""What mypy's Django plugin reads: the console's settings with the environment's models beside its own."""

from __future__ import annotations

from tests import offline

offline.use()

from chatadmin.settings import *  # noqa: E402, F403
from chatadmin.settings import INSTALLED_APPS as _CONSOLE_APPS  # noqa: E402

INSTALLED_APPS = [*_CONSOLE_APPS, "gateway"]
