"""What an environment keeps: published channels, and the conversations held on them.

The models describe the tables and make the migrations; the running environment reads and writes through the SQL of
`gateway.published` and `gateway.conversations`, on psycopg's own asynchronous pool.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class PublishedChannel(models.Model):
    """The newest snapshot taken of a channel, sealed as it came: what lies here cannot be altered unnoticed, and its private
    part is readable by this environment only. A removed channel stays, as a tombstone with its number."""

    channel = models.CharField(max_length=42, primary_key=True)
    brand = models.BigIntegerField()
    release = models.BigIntegerField()
    #: Grows when the same release comes in another form; the pair never goes back.
    revision = models.BigIntegerField(db_default=0)
    digest = models.CharField(max_length=64)
    removed = models.BooleanField()
    sealed = models.BinaryField()
    taken_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.channel} {self.release}"


class Customer(models.Model):
    """A visitor, as one channel knows them."""

    channel = models.CharField(max_length=41)
    external_id = models.CharField(max_length=255)
    first_name = models.CharField(max_length=255, db_default="")
    last_name = models.CharField(max_length=255, db_default="")
    image = models.CharField(max_length=2000, db_default="")
    custom_fields = models.JSONField(db_default={})
    #: Answers given before there is a contact to carry them.
    pending_fields = models.JSONField(db_default={})
    #: What a sign-in's mapping gave last: every new contact begins with it.
    mapped_fields = models.JSONField(db_default={})
    #: Somebody signed in as this customer: nobody else may claim the id.
    proven = models.BooleanField(db_default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "external_id"], name="gateway_customer_identity")
        ]

    def __str__(self) -> str:
        return self.external_id


class Thread(models.Model):
    """A conversation. Its id in the contract is the channel's id, an underscore, and `external_id`."""

    channel = models.CharField(max_length=41)
    external_id = models.CharField(max_length=255)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="threads")
    name = models.CharField(max_length=255, db_default="")
    archived = models.BooleanField(db_default=False)
    #: A person has written here: the practice agent keeps quiet.
    human = models.BooleanField(db_default=False)
    created_at = models.DateTimeField(db_default=Now())
    active_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # Per channel, not per customer: the contract's thread id holds no customer, so a second owner may not be.
            models.UniqueConstraint(fields=["channel", "external_id"], name="gateway_thread_identity")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["channel", "-active_at"], name="gateway_thread_active"),
            models.Index(fields=["customer", "-active_at", "-id"], name="gateway_thread_of_customer"),
        ]

    def __str__(self) -> str:
        return self.external_id


class Contact(models.Model):
    """A stretch of a conversation from a first message to its closing: the contract's contact, or case."""

    class Status(models.TextChoices):
        NEW = "new"
        OPEN = "open"
        CLOSED = "closed"

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="contacts")
    channel = models.CharField(max_length=41)
    status = models.CharField(max_length=8, choices=Status, db_default=Status.NEW)
    assignee = models.CharField(max_length=255, db_default="")
    #: The assignee's own id at the agent desk; "" for the practice agent and for an agent of a test page.
    assignee_id = models.CharField(max_length=64, db_default="")
    custom_fields = models.JSONField(db_default={})
    #: The visitor's languages and page when it began.
    locale = models.CharField(max_length=35, db_default="")
    page = models.CharField(max_length=2000, db_default="")
    created_at = models.DateTimeField(db_default=Now())
    status_at = models.DateTimeField(db_default=Now())
    #: When a visitor who says nothing was warned that the conversation will end.
    warned_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["thread"], condition=~models.Q(status="closed"), name="gateway_one_open_contact"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["channel", "id"], condition=models.Q(status="new"), name="gateway_contact_queue"
            ),
            models.Index(
                fields=["channel", "thread"],
                condition=~models.Q(status="closed"),
                name="gateway_contact_open",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Message(models.Model):
    """One message; `id` is also its place in the order, `uuid` what the contract calls its id."""

    class Author(models.TextChoices):
        CUSTOMER = "customer"
        AGENT = "agent"
        PRACTICE = "practice"
        #: A remark of the environment's own: a warning, the end after a long silence.
        SYSTEM = "system"

    uuid = models.UUIDField(unique=True)
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="messages", db_index=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="messages", db_index=False)
    external_id = models.CharField(max_length=255)
    author = models.CharField(max_length=8, choices=Author)
    author_name = models.CharField(max_length=255, db_default="")
    content = models.JSONField()
    attachments = models.JSONField(db_default=[])
    created_at = models.DateTimeField(db_default=Now())
    #: When the other side saw it.
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # What makes sending again after a reconnect harmless.
            models.UniqueConstraint(fields=["thread", "external_id"], name="gateway_message_identity")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["thread", "-id"], name="gateway_message_page"),
            models.Index(
                fields=["thread", "author"], condition=models.Q(seen_at=None), name="gateway_message_unseen"
            ),
        ]

    def __str__(self) -> str:
        return str(self.uuid)


class Note(models.Model):
    """What agents tell each other in a conversation, and who had it when; no visitor sees any of it."""

    class Kind(models.TextChoices):
        NOTE = "note"
        TAKEN = "taken"
        TRANSFERRED = "transferred"
        QUEUED = "queued"
        CLOSED = "closed"
        #: Its author was gone from the desk for too long: it waits again.
        LEFT = "left"

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="notes", db_index=False)
    external_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=12, choices=Kind)
    author = models.CharField(max_length=255)
    author_id = models.CharField(max_length=64)
    #: Whom it was handed to.
    target = models.CharField(max_length=255, db_default="")
    text = models.TextField(db_default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["thread", "external_id"], name="gateway_note_identity")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.author}"


class Consent(models.Model):
    """A consent given with a contact's first message: the proof. The words are those the visitor read, in their language."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="consents")
    ident = models.CharField(max_length=80)
    form = models.CharField(max_length=120)
    version = models.IntegerField()
    locale = models.CharField(max_length=35, db_default="")
    text = models.TextField()
    #: SHA-256 of `text`, in hex.
    digest = models.CharField(max_length=64)
    #: The release that asked for it.
    release = models.BigIntegerField()
    given_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["contact", "ident"], name="gateway_consent_once")
        ]

    def __str__(self) -> str:
        return f"{self.ident} v{self.version}"


class Session(models.Model):
    """A signed-in customer on one device, or a recognised browser. Of its secret only a hash is kept."""

    id = models.UUIDField(primary_key=True)
    channel = models.CharField(max_length=41)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="sessions")
    mode = models.CharField(max_length=16)
    #: The channel's number of "everybody signed out" when it was begun.
    epoch = models.BigIntegerField(db_default=0)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    secret_hash = models.CharField(max_length=64)
    former_hash = models.CharField(max_length=64, db_default="")
    renewed_at = models.DateTimeField(null=True)
    #: The provider's tokens, encrypted (gateway.sessions.KEYRING).
    provider = models.TextField(db_default="")
    provider_expires_at = models.DateTimeField(null=True)
    refresh_at = models.DateTimeField(null=True)
    busy_until = models.DateTimeField(null=True)
    userinfo_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["created_at"], name="gateway_session_age"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class UsedTicket(models.Model):
    """A code or signed token that was used, as a fingerprint: it opens nothing a second time."""

    fingerprint = models.CharField(max_length=64, primary_key=True)
    used_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["used_at"], name="gateway_ticket_age"),
        ]

    def __str__(self) -> str:
        return self.fingerprint


class OfflineMessage(models.Model):
    """What a visitor left in the form shown while nobody is there."""

    channel = models.CharField(max_length=41)
    email = models.CharField(max_length=320)
    first_name = models.CharField(max_length=255, db_default="")
    last_name = models.CharField(max_length=255, db_default="")
    text = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["channel", "-created_at"], name="gateway_offline_newest"),
        ]

    def __str__(self) -> str:
        return self.email


class Outgoing(models.Model):
    """Something for the organisation, until its console has written it down (gateway.handover)."""

    uuid = models.UUIDField(unique=True)
    brand = models.BigIntegerField()
    channel = models.CharField(max_length=41)
    kind = models.CharField(max_length=12)
    data = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"


class Transcript(models.Model):
    """A transcript that was asked for: so that nobody is sent too many."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="transcripts")
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="transcripts", db_index=False
    )
    address = models.CharField(max_length=254)
    asked_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["customer", "asked_at"], name="gateway_transcript_customer"),
            models.Index(fields=["address", "asked_at"], name="gateway_transcript_address"),
        ]

    def __str__(self) -> str:
        return self.address


class Attachment(models.Model):
    """A visitor's file. It waits for the message that names it; from then on it belongs to that conversation.

    The database lets go of `thread` when the conversation is deleted (migration): such a file is swept, object first.
    """

    token = models.CharField(max_length=64, unique=True)
    channel = models.CharField(max_length=41)
    thread = models.ForeignKey(
        Thread, on_delete=models.SET_NULL, null=True, db_constraint=False, related_name="attachments"
    )
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=255)
    size = models.BigIntegerField()
    #: Where it lies in the storage; of a picture, also where it lies drawn anew.
    stored = models.CharField(max_length=255)
    preview = models.CharField(max_length=255, db_default="")
    created_at = models.DateTimeField(db_default=Now())
    claimed_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["channel", "created_at"], condition=models.Q(thread=None), name="gateway_file_waiting"
            ),
        ]

    def __str__(self) -> str:
        return self.name
