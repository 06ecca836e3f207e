"""The console as an ASGI application."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatadmin.settings")

application = get_asgi_application()

from chatadmin.startup import check  # noqa: E402 - the app registry must be ready

check()
