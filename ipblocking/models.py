"""Lists of addresses: each channel's own, and the organisation's shared ones that channels use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from channels_config.models import Channel
from ipblocking.addresses import read_network
from tenants.models import Organisation, TenantManager, TenantModel

if TYPE_CHECKING:
    _Field = models.Field[str, str]
else:
    _Field = models.Field


class CidrField(_Field):
    """A network in a column of PostgreSQL's `cidr`; in Python the text a section has: a single address without its length."""

    description = _("network")

    def db_type(self, connection: Any) -> str:
        return "cidr"

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        found = None if value is None else read_network(value)
        return value if found is None else str(found)


class SharedLists(TenantManager["AddressList"]):
    """The organisation's lists, without the channels' own."""

    def get_queryset(self) -> models.QuerySet[AddressList]:
        return super().get_queryset().filter(channel=None)


class AddressList(TenantModel):
    """One list: a channel's own (`channel`), or a shared one (`name`).

    `source` is what people typed, wrong lines and comments included; `lines` the entries in it, as a section has them;
    `findings` what there is to say about the source (ipblocking.drafts.Findings).
    """

    channel = models.OneToOneField(
        Channel, on_delete=models.CASCADE, null=True, related_name="address_list", editable=False
    )
    name = models.CharField(_("name"), max_length=120, blank=True)
    source = models.TextField(blank=True)
    lines = models.TextField(blank=True)
    size = models.PositiveIntegerField(default=0)
    findings = models.JSONField(default=dict)
    #: Counts saves: a form says which state it was filled from.
    version = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField(null=True)
    saved_by_label = models.CharField(max_length=254, blank=True)

    objects: ClassVar[TenantManager[AddressList]] = TenantManager["AddressList"]()  # type: ignore[assignment]
    shared: ClassVar[TenantManager[AddressList]] = SharedLists()

    class Meta:
        ordering: ClassVar[list[str]] = ["name", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                "tenant",
                Lower("name"),
                condition=models.Q(channel=None),
                name="ipblocking_list_name",
                violation_error_message=_("Your organisation has a list of this name already."),
            ),
            models.CheckConstraint(
                condition=models.Q(channel=None) ^ models.Q(name=""), name="ipblocking_list_own_or_named"
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"addresses of {self.channel_id}"

    @property
    def kept(self) -> list[str]:
        """The entries as lines."""
        return self.lines.split("\n") if self.lines else []


class ListUse(TenantModel):
    """A channel uses a shared list. The row is an outbox, too: `waiting_since` says that the channel has yet to be published."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="address_list_uses")
    list = models.ForeignKey(AddressList, on_delete=models.CASCADE, related_name="uses")
    waiting_since = models.DateTimeField(null=True)
    #: Why the last attempt to publish the channel failed; empty when it did not.
    error = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "channel", "list"], name="ipblocking_use_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["waiting_since"],
                condition=models.Q(waiting_since__isnull=False),
                name="ipblocking_use_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel_id} uses {self.list_id}"


class BlockEntry(TenantModel):
    """One entry of a list as a row: who put it there and when, and whom it has met.

    References are held by triggers that look once for a statement: a key asks for each row, which is most of the time of a large save.
    """

    class Kind(models.TextChoices):
        BLOCK = "block", _("Blocked")
        ALLOW = "allow", _("Exception")

    tenant = models.ForeignKey(
        Organisation,
        on_delete=models.CASCADE,
        related_name="+",
        editable=False,
        db_constraint=False,
        db_index=False,
    )
    list = models.ForeignKey(
        AddressList, on_delete=models.CASCADE, related_name="entries", db_constraint=False, db_index=False
    )
    network = CidrField()
    kind = models.CharField(max_length=5, choices=Kind)
    reason = models.CharField(max_length=200, blank=True)
    expires_at = models.DateTimeField(null=True)
    added_at = models.DateTimeField()
    added_by_label = models.CharField(max_length=254, blank=True)
    hits = models.PositiveBigIntegerField(default=0)
    last_hit_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["tenant", "list", "network", "kind"], name="ipblocking_entry_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.network}"


class CountedBatch(TenantModel):
    """The last batch of hit counters taken from a place (an environment, or a region of one): one handed over twice counts once."""

    place = models.CharField(max_length=100)
    batch = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "place"], name="ipblocking_batch_once")
        ]

    def __str__(self) -> str:
        return f"{self.place} {self.batch}"
