"""The app."""

from __future__ import annotations

from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "desk"

    def ready(self) -> None:
        from desk import belongings  # noqa: PLC0415 - models are there only now

        belongings.ready()
