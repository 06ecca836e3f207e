"""Addresses of the organisation's forms and custom fields."""

from __future__ import annotations

from django.urls import path

from surveys import field_views, form_views

app_name = "survey_forms"

urlpatterns = [
    path("", form_views.form_list, name="forms"),
    path("forms/new/", form_views.new, name="form_new"),
    path("forms/preview/", form_views.preview, name="preview"),
    path("forms/<int:form>/", form_views.edit, name="form"),
    path("forms/<int:form>/progress/", form_views.progress, name="progress"),
    path("forms/<int:form>/channels/", form_views.channels, name="form_channels"),
    path("forms/<int:form>/delete/", form_views.delete, name="form_delete"),
    path("fields/", field_views.field_list, name="fields"),
    path("fields/new/", field_views.new, name="field_new"),
    path("fields/<int:field>/", field_views.edit, name="field"),
    path("fields/<int:field>/delete/", field_views.delete, name="field_delete"),
]
