"""The addresses of a person's own matters."""

from __future__ import annotations

from django.urls import path

from accounts import views

app_name = "accounts"

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("account/password/", views.password, name="password"),
    path("account/language/", views.set_language, name="set_language"),
    path("account/theme/", views.set_theme, name="set_theme"),
]
