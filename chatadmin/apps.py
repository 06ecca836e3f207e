"""The room that puts the others together; an app for its management commands."""

from django.apps import AppConfig


class ChatadminConfig(AppConfig):
    name = "chatadmin"

    def ready(self) -> None:
        # Two modules that must be loaded in every process, and nothing else happens here: the Celery application, without
        # which a task would be sent to a broker of Celery's own default, and the sentences of what the operator does.
        from chatadmin import celery, organisations  # noqa: F401
