"""The emergency switch of a channel in live: hide the widget, or drop the organisation's own code. Drafts are not touched."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.sentences import register
from audit.services import record
from channels_config.models import Channel
from publishing.models import EnvironmentName, Switch
from publishing.reissuing import reissue
from publishing.services import NotPromotable, want_revision, wanted_in

register("switch.hidden", _("%(actor)s hid the widget of the channel “%(channel)s” in live"))
register("switch.shown", _("%(actor)s showed the widget of the channel “%(channel)s” in live again"))
register(
    "switch.scripts_off", _("%(actor)s switched off the JavaScript of the channel “%(channel)s” in live")
)
register(
    "switch.scripts_on", _("%(actor)s switched the JavaScript of the channel “%(channel)s” in live on again")
)


class TurnedMeanwhile(Exception):
    """Somebody else has turned the switch since the page was opened; `switch` is how it stands."""

    def __init__(self, switch: Switch) -> None:
        super().__init__(f"revision {switch.revision}")
        self.switch = switch


def switch_of(channel: Channel) -> Switch | None:
    return Switch.objects.filter(channel=channel).first()


def turn(
    channel: Channel,
    *,
    hidden: bool,
    scripts_off: bool,
    by: User,
    reason: str = "",
    seen: int | None = None,
) -> Switch:
    """Turn the switch; what live serves is pushed again in that form. The same position twice is one act.

    `seen` is the switch's revision of when the page was opened; None forgoes the comparison. Raises NotPromotable when live has
    nothing to hide, TurnedMeanwhile when somebody else has put it into yet another position.
    """
    Channel.every.select_for_update().get(pk=channel.pk)
    if not wanted_in(channel, EnvironmentName.LIVE):
        raise NotPromotable(_("Live does not have this channel: there is nothing to switch off."))
    now = timezone.now()
    switch = switch_of(channel) or Switch(channel=channel)
    before = (switch.hidden, switch.scripts_off)
    if before == (hidden, scripts_off):
        return switch
    if seen is not None and seen != switch.revision:
        raise TurnedMeanwhile(switch)
    switch.hidden, switch.scripts_off = hidden, scripts_off
    switch.revision += 1
    switch.turned_at, switch.turned_by, switch.reason = now, str(by), " ".join(reason.split())[:500]
    switch.save()
    facts = {"channel": channel.name, "reason": switch.reason}
    if hidden != before[0]:
        record("switch.hidden" if hidden else "switch.shown", by=by, subject=channel.public_id, **facts)
    if scripts_off != before[1]:
        action = "switch.scripts_off" if scripts_off else "switch.scripts_on"
        record(action, by=by, subject=channel.public_id, **facts)
    # Where live has something this console does not know, under a larger number, nothing else would be taken.
    reissue(channel, by=by)
    want_revision(channel, EnvironmentName.LIVE, switch.revision, at=now)
    return switch
