"""A page with every part a form may have, for trying the parts in a browser; beside the console's own addresses."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from accounts.access import public
from areas.states import EnvironmentState
from chatadmin.urls import handler400, handler403, handler404, handler500
from chatadmin.urls import urlpatterns as console_urls

__all__ = ["handler400", "handler403", "handler404", "handler500"]

PART = """{% load console %}<form method="post" class="form" id="settings" data-dirty novalidate
  hx-post="/parts/" hx-target="#settings" hx-swap="outerHTML">{% csrf_token %}
{% error_summary form %}
<section class="section"><div class="section-head"><h2>Parts</h2></div><div class="section-body">
{% field form.name %}{% field form.on kind="switch" %}{% field form.side kind="segmented" %}{% field form.color kind="color" %}
{% field form.css kind="editor" language="css" max_bytes=2048 selectors=selectors classes=classes errors=css_errors %}
{% field form.js kind="editor" language="javascript" %}
</div></section>
{% include "form/save_bar.html" with saved=saved refused=form.errors status_url=status_url %}
</form>"""

PAGE = """{% extends "alone.html" %}{% load console %}{% block title %}Parts{% endblock %}
{% block head %}<script type="module" src="{% console_asset 'editor.js' %}"></script>{% endblock %}
{% block content %}<div class="stack"><h1>Parts</h1>{% include part %}
<form method="post" action="/parts/" data-confirm="Everything goes." data-confirm-action="Empty it" data-confirm-danger>{% csrf_token %}
<button type="submit" class="btn" name="name" value="">Empty</button></form>
</div>{% endblock %}"""


class PartsForm(forms.Form):
    name = forms.CharField(label="Name", help_text="A word.", error_messages={"required": "Give a name."})
    on = forms.BooleanField(label="On", required=False)
    side = forms.ChoiceField(
        label="Side", choices=[("left", "Left"), ("right", "Right")], widget=forms.RadioSelect
    )
    color = forms.CharField(label="Colour", required=False)
    css = forms.CharField(label="CSS", widget=forms.Textarea, required=False, strip=False)
    js = forms.CharField(label="JS", widget=forms.Textarea, required=False, strip=False)


INITIAL = {
    "name": "Shop",
    "side": "left",
    "color": "#faac4b",
    "css": ".a {\n  color: red;\n}\n",
    "js": "const a = 1;\n",
}
#: How often the status was asked for; the release is visible the third time.
asked: list[int] = []


@public
def parts(request: HttpRequest) -> HttpResponse:
    """The form; saving it answers as an area's page does: 200, or 422 when the name is missing or the CSS says "broken"."""
    form = PartsForm(request.POST) if request.method == "POST" else PartsForm(initial=INITIAL)
    css_errors: list[dict[str, Any]] = []
    if form.is_bound and form.is_valid() and "broken" in form.cleaned_data["css"]:
        form.add_error("css", "Line 2 cannot be read.")
        css_errors = [{"line": 2, "column": 3, "message": "This cannot be read."}]
    saved = form.is_bound and not form.errors
    asked.clear()
    context = {
        "form": form,
        "saved": saved,
        "status_url": "/parts/status/",
        "css_errors": css_errors,
        "selectors": ["HEADER", "SEND_BUTTON"],
        "classes": ["ac-pushButton"],
        "part": engines["django"].from_string(PART),
    }
    htmx = getattr(request, "htmx", None)
    template = engines["django"].from_string(PART if htmx else PAGE)
    return HttpResponse(template.render(context, request), status=422 if form.errors else 200)


@public
def status(request: HttpRequest) -> HttpResponse:
    asked.append(1)
    if len(asked) < 3:
        state = EnvironmentState("test", "Test", "pending")
    else:
        state = EnvironmentState("test", "Test", "up_to_date", visible_in_ms=412)
    template = engines["django"].get_template("parts/saved_status.html")
    return HttpResponse(template.render({"status": state, "poll_url": request.path}, request))


urlpatterns = [*console_urls, path("parts/", parts), path("parts/status/", status)]
