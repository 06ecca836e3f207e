"""What a delivery's error code means, for people."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from publishing.models import Delivery

ERRORS = {
    "unreachable": _("The environment cannot be reached."),
    "timeout": _("The environment did not answer in time."),
    "unavailable": _(
        "The environment cannot keep anything at the moment: its database does not answer, or its disk is full."
    ),
    "not_visible": _("The environment took the release, but its public address still shows the one before."),
    "bad_signature": _("The environment does not trust the signing key of this console."),
    "wrong_environment": _("The release was meant for another environment: the encryption keys do not fit."),
    "unknown_brand": _("The environment does not serve this organisation."),
    "other_brand": _("The environment has this channel under another organisation."),
    "conflict": _("The environment has another release under the same number."),
    "older": _(
        "The environment has a newer release, which this console does not know: perhaps it was restored from a backup. The next "
        "save is numbered above it."
    ),
    "malformed": _("The environment could not read the release."),
    "not_compiled": _("The release could not be compiled; the console's log says why."),
    "unservable": _("The environment could not make a channel of the release; its log says why."),
    "not_configured": _("This console has no such environment any more."),
    "too_large": _("The release is larger than the environment accepts."),
    "secret_unreadable": _(
        "A secret of this release cannot be read with the console’s present keys; type it in again."
    ),
}


def at_region(region: str, sentence: str) -> str:
    """A sentence about one region of several; `region` is empty where there is only one."""
    if not region:
        return sentence
    return gettext("%(region)s: %(sentence)s") % {"region": region, "sentence": sentence}


def error_sentence(delivery: Delivery) -> str:
    """The last error in a sentence; empty when there is none."""
    if not delivery.last_error:
        return ""
    known = ERRORS.get(delivery.last_error)
    if known is not None:
        return str(known)
    return str(_("The environment answered with an error (%(code)s).")) % {"code": delivery.last_error}
