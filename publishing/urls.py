"""Addresses of initialisation, test and publication, below the channel."""

from __future__ import annotations

from django.urls import path

from publishing import views

app_name = "publishing"

urlpatterns = [
    path("init/", views.init, name="init"),
    path("publication/", views.publication, name="publication"),
    path("saved/", views.saved, name="saved"),
    path("promote/", views.put_live, name="promote"),
    path("retry/", views.retry, name="retry"),
]
