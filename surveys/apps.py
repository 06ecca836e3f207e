"""The app."""

from __future__ import annotations

from django.apps import AppConfig


class SurveysConfig(AppConfig):
    name = "surveys"

    def ready(self) -> None:
        from surveys import belongings  # noqa: PLC0415 - models are there only now

        belongings.ready()
