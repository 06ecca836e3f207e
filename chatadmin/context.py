"""What the shell of every page needs: the organisation at hand, those one may switch to, language and theme."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.models import User
from areas.registry import areas
from tenants.models import Membership
from tenants.scope import in_scope


def shell(request: HttpRequest) -> dict[str, Any]:
    """Inside `@requires` the scope already lets a person's own memberships be read; elsewhere the list is empty.

    Asked for by the template, or not at all: a fragment has no bar to show them in.
    """
    membership = getattr(request, "membership", None)

    @cache
    def memberships() -> list[Membership]:
        # An error page is drawn after the scope has ended, perhaps because the database is away.
        if membership is None or not in_scope():
            return []
        mine = Membership.objects.select_related("tenant").filter(user=membership.user_id)
        return list(mine.order_by("tenant__name"))

    return {
        "organisation": getattr(request, "organisation", None),
        "membership": membership,
        "memberships": memberships,
        "theme": getattr(request, "theme", User.Theme.SYSTEM),
        "languages": settings.LANGUAGES,
        "areas": areas(),
    }
