"""A custom field that a channel's sign-in fills cannot be deleted unnoticed, though neither room knows the other."""

from __future__ import annotations

import html

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from areas.registry import uses_of_field
from auth_config.area import AREA
from auth_config.models import AuthSettings
from channels_config.tests.factories import channel
from surveys.models import CustomField
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person

pytestmark = pytest.mark.django_db


def test_a_field_that_a_mapping_fills_is_not_deleted_until_no_channel_does(db: None) -> None:
    shop, other = organisation(name="Boutique"), organisation(name="Other")
    client = Client()
    client.force_login(member(shop, Role.ADMIN, person(language="en")))

    def maps(of: Organisation, name: str, field: str) -> None:
        made = channel(of, name)
        with tenant_scope(of.pk):
            section = AREA.dump(made)
            fields = [{"field": field, "path": "p", "transform": "none"}]
            AREA.load(made, {**section, "mapping": {**section["mapping"], "fields": fields}})

    maps(shop, "Sales <1>", "plan")
    maps(shop, "Support", "plan2")
    maps(other, "Elsewhere", "plan3")
    with tenant_scope(shop.pk), override("en"):
        plan, free = (
            CustomField.objects.create(ident=ident, label=ident.title(), kind="text")
            for ident in ("plan", "plan3")
        )
        assert uses_of_field("plan") == ["the sign-in mapping of “Sales <1>”"]
    answer = client.post(reverse("survey_forms:field_delete", args=[shop.number, plan.pk]), follow=True)
    assert "the sign-in mapping of “Sales <1>”" in html.unescape(answer.content.decode())
    # What another organisation maps is no matter of ours.
    client.post(reverse("survey_forms:field_delete", args=[shop.number, free.pk]))
    with tenant_scope(shop.pk):
        assert set(CustomField.objects.filter(ident__startswith="plan").values_list("ident", flat=True)) == {
            "plan"
        }
        for draft in AuthSettings.objects.select_related("channel"):
            draft.channel.deleted_at = draft.channel.created_at
            draft.channel.save(update_fields=["deleted_at"])
        assert uses_of_field("plan") == []
    client.post(reverse("survey_forms:field_delete", args=[shop.number, plan.pk]))
    with tenant_scope(shop.pk):
        assert not CustomField.objects.filter(ident="plan").exists()
