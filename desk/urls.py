"""Addresses of the agent desk, below the organisation's chat."""

from __future__ import annotations

from django.urls import path

from desk import agent_views, library_views, views

app_name = "desk"

urlpatterns = [
    path("", views.desk, name="desk"),
    path("key/", views.key, name="key"),
    path("library/", views.library, name="library"),
    path("replies/", views.replies_keep, name="replies"),
    path("replies/<int:replies>/delete/", views.replies_delete, name="replies_delete"),
    path("name/", views.name, name="name"),
    path("agents/", agent_views.index, name="agents"),
    path("agents/<int:member>/", agent_views.edit, name="agent"),
    path("cards/", library_views.card_list, name="cards"),
    path("cards/new/", library_views.card_new, name="card_new"),
    path("cards/<int:card>/", library_views.card_edit, name="card"),
    path("cards/<int:card>/delete/", library_views.card_delete, name="card_delete"),
    path("answers/", library_views.snippet_list, name="snippets"),
    path("answers/new/", library_views.snippet_new, name="snippet_new"),
    path("answers/<int:snippet>/", library_views.snippet_edit, name="snippet"),
    path("answers/<int:snippet>/delete/", library_views.snippet_delete, name="snippet_delete"),
]
