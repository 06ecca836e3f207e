"""Addresses of initialisation, test and publication, below the channel."""

from __future__ import annotations

from django.urls import path

from publishing import publication_views, views

app_name = "publishing"

urlpatterns = [
    path("init/", views.init, name="init"),
    path("publication/", views.publication, name="publication"),
    path("saved/", views.saved, name="saved"),
    path("promote/", views.put_live, name="promote"),
    path("history/", publication_views.history, name="history"),
    path("compare/", publication_views.compare, name="compare"),
    path("review/", publication_views.review, name="review"),
    path("rules/", publication_views.rules, name="rules"),
    path("switch/", publication_views.switch, name="switch"),
    path("rollback/<int:release>/", publication_views.rollback, name="rollback"),
    path("promotions/<int:number>/", publication_views.decide, name="decide"),
    path("retry/", views.retry, name="retry"),
]
