"""What a member of an organisation may do: a ladder, each step includes those below."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.IntegerChoices):
    AUDITOR = 10, _("Auditor")
    WEBMASTER = 20, _("Webmaster")
    QA = 30, _("QA")
    TRANSLATOR = 40, _("Translator")
    EDITOR = 50, _("Editor")
    ADMIN = 60, _("Admin")
    OWNER = 70, _("Owner")
