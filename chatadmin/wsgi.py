"""The console as a WSGI application."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatadmin.settings")

application = get_wsgi_application()

from chatadmin.startup import check  # noqa: E402 - the app registry must be ready

check()
