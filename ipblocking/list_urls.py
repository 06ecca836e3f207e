"""Addresses of the organisation's shared lists."""

from __future__ import annotations

from django.urls import path

from ipblocking import list_views as views

app_name = "address_lists"

urlpatterns = [
    path("", views.index, name="list"),
    path("new/", views.create, name="create"),
    path("<int:address_list>/", views.edit, name="edit"),
    path("<int:address_list>/progress/", views.progress, name="progress"),
    path("<int:address_list>/entries/", views.entries, name="entries"),
    path("<int:address_list>/list.txt", views.download, name="download"),
    path("<int:address_list>/delete/", views.delete, name="delete"),
]
