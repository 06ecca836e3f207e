"""What the operator does before anybody can sign in: organisations and their first people, recorded like every act."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User, normal_email
from audit.sentences import register
from audit.services import record
from tenants.models import Membership, Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.services import admit, organisation_id, reserve_organisation_id
from tenants.services import create_organisation as write_organisation

register(
    "organisation.created",
    _("%(actor)s created the organisation “%(organisation)s” under the brand number %(brand)s"),
)
register(
    "member.admitted",
    _("%(actor)s gave %(person)s (%(email)s) the role “%(role)s”"),
    role=lambda value: Role(value).label,
)
register("member.password_set", _("%(actor)s set a new password for %(person)s (%(email)s)"))


class NoSuchOrganisation(Exception):
    """No organisation has this brand number."""


@dataclass(frozen=True)
class Admitted:
    """`password` is the one made up for a new account; empty when it was given, or the account was there."""

    membership: Membership
    password: str
    created: bool


def create_organisation(
    *, number: int, name: str, time_zone: str = "America/Toronto", by: User | None
) -> Organisation:
    """Create an organisation in a scope of its own. Raises ValidationError; `by=None` is the operator."""
    with tenant_scope(reserve_organisation_id()):
        organisation = write_organisation(number=number, name=name, time_zone=time_zone)
        record(
            "organisation.created",
            by=by,
            subject=str(organisation.number),
            organisation=organisation.name,
            brand=organisation.number,
        )
    return organisation


def admit_person(
    *,
    number: int,
    email: str,
    role: Role,
    password: str = "",
    name: str = "",
    any_password: bool = False,
    by: User | None,
) -> Admitted:
    """Give the person with this e-mail address a role in an organisation, with an account when there is none yet.

    A given password becomes that of the account, new or not; a new account without one gets a made-up one. `any_password`
    lets a weak one pass. Raises NoSuchOrganisation, ValidationError.
    """
    tenant_id = organisation_id(number)
    if tenant_id is None:
        raise NoSuchOrganisation(number)
    made_up = ""
    with tenant_scope(tenant_id):
        user = User.objects.select_for_update().filter(email=normal_email(email)).first()
        created = user is None
        if user is None:
            made_up = "" if password else made_up_password()
            if not any_password:
                _must_do(password or made_up, User(email=email, name=name))
            user = User.objects.create_user(email, password or made_up, name=name)
        elif password and not user.check_password(password):
            if not any_password:
                _must_do(password, user)
            user.set_password(password)
            user.save(update_fields=["password"])
            record("member.password_set", by=by, subject=user.email, person=str(user), email=user.email)
        membership, changed = admit(user, role=role)
        if changed:
            record(
                "member.admitted",
                by=by,
                subject=user.email,
                person=str(user),
                email=user.email,
                role=int(role),
            )
    return Admitted(membership, made_up, created)


def made_up_password() -> str:
    """16 characters of base64url: 96 bits."""
    return secrets.token_urlsafe(12)


def _must_do(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from error
