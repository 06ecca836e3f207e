"""How a channel's publication stands as a whole, and a mark by which an open page notices that it has moved."""

from __future__ import annotations

from dataclasses import dataclass

from areas.states import EnvironmentState
from channels_config.models import Channel
from kit.documents import digest
from publishing.models import Promotion, Rules, Switch
from publishing.overview import Publication, publication_of
from publishing.promotions import open_and_failed, rules_and_switch


@dataclass(frozen=True)
class Standing:
    """`promotion` is the one still to come, `failed` the newest that was not carried out."""

    publication: Publication
    rules: Rules
    switch: Switch | None
    promotion: Promotion | None
    failed: Promotion | None

    @property
    def two_decide(self) -> bool:
        """A second person's word is waited for, or its time: nothing else can be asked for before that."""
        return self.rules.four_eyes and self.promotion is not None

    @property
    def mark(self) -> str:
        """Another one as soon as the history, or what is planned, switched off or ruled, would be shown otherwise."""
        now = self.publication
        served = [
            [
                one.name,
                one.confirmed.number if one.confirmed else 0,
                *(region.number for region in one.regions),
            ]
            for one in now.environments
        ]
        planned = [[one.pk, one.state] for one in (self.promotion, self.failed) if one is not None]
        rules = [self.rules.live_on_save, self.rules.four_eyes, self.rules.checklist]
        switched = self.switch.revision if self.switch else 0
        newest = now.newest.number if now.newest else 0
        return digest([newest, now.in_test, now.in_live, served, planned, rules, switched])[:16]


def standing(channel: Channel, statuses: list[EnvironmentState] | None = None) -> Standing:
    """Four queries, and two more without the states at hand."""
    rules, switch = rules_and_switch(channel)
    promotion, failed = open_and_failed(channel)
    return Standing(publication_of(channel, statuses, rules), rules, switch, promotion, failed)
