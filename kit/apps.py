"""The kit room: helpers without models; an app only for its template tags."""

from django.apps import AppConfig


class KitConfig(AppConfig):
    name = "kit"
