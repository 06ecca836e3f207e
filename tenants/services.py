"""Organisations and their people, as acts. A room above records them: the audit is not for this one to know."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from tenants.models import LARGEST_NUMBER, Membership, Organisation
from tenants.roles import Role
from tenants.scope import current_tenant_id


def organisation_id(number: int) -> int | None:
    """The id (Organisation.pk) of the organisation with this brand number; works outside a scope."""
    if not 0 < number <= LARGEST_NUMBER:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenants_organisation_id(%s)", [number])
        found: int | None = cursor.fetchone()[0]
        return found


def reserve_organisation_id() -> int:
    """The id of an organisation about to be created: its scope must be open when its first row is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('tenants_organisation', 'id'))")
        return int(cursor.fetchone()[0])


def create_organisation(*, number: int, name: str, time_zone: str = "America/Toronto") -> Organisation:
    """Create the organisation whose reserved id is the tenant in force. Raises ValidationError in a person's words."""
    organisation = Organisation(pk=current_tenant_id(), number=number, name=name.strip(), time_zone=time_zone)
    organisation.full_clean(validate_unique=False)
    if organisation_id(number) is not None:
        raise ValidationError(
            {"number": ValidationError(_("The brand number %(number)s is taken."), params={"number": number})}
        )
    organisation.save(force_insert=True)
    return organisation


def still_may(user_id: int | None, role: Role) -> bool:
    """Whether a person is, at this moment, an active member of the tenant in force with that role: for work that goes on after its
    request."""
    if user_id is None:
        return False
    return Membership.objects.filter(
        tenant_id=current_tenant_id(), user_id=user_id, role__gte=role, user__is_active=True
    ).exists()


def admit(user: User, *, role: Role) -> tuple[Membership, bool]:
    """Make a person a member of the tenant in force, or give a member this role; returns whether anything changed."""
    membership, created = Membership.objects.select_for_update().get_or_create(
        tenant_id=current_tenant_id(), user=user, defaults={"role": role}
    )
    if created:
        return membership, True
    if membership.role == role:
        return membership, False
    membership.role = role
    membership.save(update_fields=["role"])
    return membership, True
