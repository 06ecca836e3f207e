"""What the operator does with manage.py."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from audit.models import Entry
from channels_config.models import Channel, WebSettings
from kit.origins import allows
from publishing.models import Delivery, Release
from tenants.models import Membership, Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.services import organisation_id
from tests import environment

pytestmark = pytest.mark.django_db

PASSWORD = "grand-duc-et-mesange"
DEMO_CHANNEL = "chat_0950394d-a403-4fe6-91d5-34e934771662"


@pytest.fixture(autouse=True)
def fast(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def manage(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def scope(number: int) -> AbstractContextManager[None]:
    tenant_id = organisation_id(number)
    assert tenant_id is not None
    return tenant_scope(tenant_id)


# -- create_organisation ----------------------------------------------------------------------------------------------


def test_an_organisation_is_created_and_the_next_step_is_named() -> None:
    said = manage("create_organisation", "3000", "Exemple inc.", "--time-zone", "Europe/Paris")
    assert (
        said == "Created Exemple inc., brand 3000. Next: manage.py create_admin EMAIL --organisation 3000\n"
    )
    with scope(3000):
        assert Organisation.objects.values_list("number", "name", "time_zone").get() == (
            3000, "Exemple inc.", "Europe/Paris",
        )  # fmt: skip
        assert str(Entry.objects.get()) == (
            "chatadmin a créé l’organisation « Exemple inc. » sous le numéro de marque 3000"
        )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["3000", "Again"], "The brand number 3000 is taken."),
        (["3001", "X", "--time-zone", "Mars/Base"], "“Mars/Base” is not a time zone of the IANA database."),
        (["0", "X"], "Ensure this value is greater than or equal to 1."),
        (["99999999999", "X"], "Ensure this value is less than or equal to 2147483647."),
        (["3001", "  "], "This field cannot be blank."),
        (["3001", "x" * 201], "Ensure this value has at most 200 characters (it has 201)."),
    ],
)
def test_an_organisation_that_cannot_be_gets_one_sentence_and_leaves_nothing(
    arguments: list[str], sentence: str, settings: Settings
) -> None:
    manage("create_organisation", "3000", "Exemple inc.")
    with pytest.raises(CommandError) as refusal:
        manage("create_organisation", *arguments)
    assert str(refusal.value) == sentence
    assert refusal.value.returncode == 1
    assert organisation_id(3001) is None


# -- create_admin -----------------------------------------------------------------------------------------------------


@pytest.fixture
def exemple() -> None:
    manage("create_organisation", "3000", "Exemple inc.")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def can_sign_in(email: str, password: str, number: int) -> bool:
    client = Client()
    client.post(reverse("accounts:sign_in"), {"email": email, "password": password})
    return client.get(reverse("organisation", args=[number])).status_code == 200


@pytest.mark.usefixtures("exemple")
def test_an_admin_signs_in_with_the_password_that_was_printed() -> None:
    said = manage(
        "create_admin", "Ana@Example.com", "--organisation", "3000", "--name", "Ana Lima"
    ).splitlines()
    assert said[0] == "ana@example.com is admin of brand 3000."
    password = said[1].removeprefix("Password: ")
    assert len(password) == 16
    assert can_sign_in("ana@example.com", password, 3000)
    with scope(3000):
        assert Membership.objects.get().role == Role.ADMIN
        assert str(Entry.objects.first()) == (
            "chatadmin a donné à Ana Lima (ana@example.com) le rôle « Administrateur »"
        )


@pytest.mark.usefixtures("exemple")
def test_an_admin_signs_in_with_the_password_from_standard_input(typed: Callable[[str], None]) -> None:
    typed(f"{PASSWORD}\n")
    said = manage(
        "create_admin", "ana@example.com", "--organisation", "3000", "--role", "owner", "--password-stdin"
    )
    assert said == "ana@example.com is owner of brand 3000.\n"
    assert can_sign_in("ana@example.com", PASSWORD, 3000)


@pytest.mark.usefixtures("exemple")
def test_a_second_organisation_and_another_role_leave_the_password_as_it_is(
    typed: Callable[[str], None],
) -> None:
    typed(PASSWORD)
    manage("create_admin", "ana@example.com", "--organisation", "3000", "--password-stdin")
    manage("create_organisation", "3001", "Autre")
    said = manage("create_admin", "ANA@example.com", "--organisation", "3001", "--role", "auditor")
    assert "its password is unchanged" in said
    assert "Password:" not in said
    manage("create_admin", "ana@example.com", "--organisation", "3000", "--role", "editor")
    assert User.objects.count() == 1
    assert can_sign_in("ana@example.com", PASSWORD, 3001)
    with scope(3000):
        assert Membership.objects.get().role == Role.EDITOR


@pytest.mark.usefixtures("exemple")
def test_a_forgotten_password_is_set_anew_and_that_is_recorded(typed: Callable[[str], None]) -> None:
    manage("create_admin", "ana@example.com", "--organisation", "3000")
    typed(PASSWORD)
    manage("create_admin", "ana@example.com", "--organisation", "3000", "--password-stdin")
    assert can_sign_in("ana@example.com", PASSWORD, 3000)
    with scope(3000):
        assert str(Entry.objects.first()) == (
            "chatadmin a défini un nouveau mot de passe pour ana@example.com (ana@example.com)"
        )
        assert not any(PASSWORD in str(entry.data) for entry in Entry.objects.all())


@pytest.mark.usefixtures("exemple")
@pytest.mark.parametrize(
    ("arguments", "on_stdin", "sentence"),
    [
        (
            ["ana@example.com", "--organisation", "3009"],
            "",
            "There is no organisation with the brand number 3009.",
        ),
        (
            ["ana@example.com", "--organisation", "99999999999"],
            "",
            "There is no organisation with the brand number",
        ),
        (["not-an-address", "--organisation", "3000"], "", "Enter a valid email address."),
        (
            ["a@example.com", "--organisation", "3000", "--password-stdin"],
            "",
            "There is no password on standard input.",
        ),
        (
            ["a@example.com", "--organisation", "3000", "--password-stdin"],
            "short\n",
            "This password is too short.",
        ),
        (["a@example.com", "--organisation", "3000", "--role", "king"], "", "invalid choice: 'king'"),
        (["a@example.com"], "", "--organisation"),
    ],
)
def test_an_admin_that_cannot_be_gets_one_sentence_and_leaves_nothing(
    arguments: list[str], on_stdin: str, sentence: str, typed: Callable[[str], None]
) -> None:
    typed(on_stdin)
    with pytest.raises(CommandError) as refusal:
        manage("create_admin", *arguments)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not User.objects.exists()


# -- demo -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    def fill_in(password: str = PASSWORD) -> str:
        monkeypatch.setenv("DEMO_PASSWORD", password)
        return manage("demo")

    return fill_in


def test_the_demo_has_two_organisations_with_channels_of_the_same_names(demo: Callable[..., str]) -> None:
    demo()
    names = {}
    for number in (1009, 2020):
        with scope(number):
            names[number] = list(Channel.objects.order_by("name").values_list("name", "kind"))
    assert (
        names[1009] == names[2020] == [("Clavardage du site", "messaging"), ("Clavardage en direct", "live")]
    )
    with scope(1009):
        assert Channel.objects.get(kind="messaging").public_id == DEMO_CHANNEL


def test_the_demo_s_people_see_what_is_theirs(demo: Callable[..., str]) -> None:
    demo()
    for email, first, second in (
        ("admin@demo.example", True, True),
        ("lecture@demo.example", True, False),
        ("autre@demo.example", False, True),
    ):
        assert (can_sign_in(email, PASSWORD, 1009), can_sign_in(email, PASSWORD, 2020)) == (first, second)
    with scope(1009):
        roles = {one.user.email: one.role for one in Membership.objects.select_related("user")}
    assert roles == {"admin@demo.example": Role.ADMIN, "lecture@demo.example": Role.AUDITOR}


def test_the_demo_s_channels_are_wanted_in_test_and_in_live_and_open_to_this_machine_only(
    demo: Callable[..., str],
) -> None:
    demo()
    for number in (1009, 2020):
        with scope(number):
            # Two channels and the Guide that offers both.
            assert Release.objects.values_list("number", flat=True).count() == 3
            wanted = sorted(Delivery.objects.values_list("environment", "wanted"))
            assert wanted == [("live", 1)] * 3 + [("test", 1)] * 3
            for draft in WebSettings.objects.all():
                assert draft.domains_restricted
                for origin in ("http://localhost:5173", "http://127.0.0.1:8001", "https://[::1]"):
                    assert allows(draft.allowed_domains, origin)
                assert not allows(draft.allowed_domains, "https://example.com")
            assert {str(entry) for entry in Entry.objects.filter(action="channel.created")} == {
                "chatadmin a créé le canal « Clavardage du site »",
                "chatadmin a créé le canal « Clavardage en direct »",
                "chatadmin a créé le canal « Guide du site »",
            }


def test_the_demo_again_changes_nothing(demo: Callable[..., str]) -> None:
    demo()
    with scope(1009):
        Channel.objects.filter(kind="live").update(name="Renommé", deleted_at="2026-01-01T00:00:00Z")
        WebSettings.objects.update(custom_css=".mine {}")
    before = _state()
    demo()
    assert _state() == before


def test_the_demo_again_with_another_password_changes_the_password_only(demo: Callable[..., str]) -> None:
    demo()
    demo("sittelle")
    assert can_sign_in("admin@demo.example", "sittelle", 1009)
    assert not can_sign_in("admin@demo.example", PASSWORD, 1009)


def test_the_demo_keeps_a_role_that_somebody_gave_since(demo: Callable[..., str]) -> None:
    demo()
    manage("create_admin", "lecture@demo.example", "--organisation", "1009", "--role", "editor")
    demo()
    with scope(1009):
        assert Membership.objects.get(user__email="lecture@demo.example").role == Role.EDITOR


def _state() -> list[object]:
    found: list[object] = list(User.objects.order_by("pk").values_list("email", "password"))
    for number in (1009, 2020):
        with scope(number):
            found += Channel.all_objects.order_by("pk").values_list("pk", "name", "deleted_at")
            found += WebSettings.objects.order_by("pk").values_list("pk", "custom_css")
            found += Release.objects.order_by("pk").values_list("pk", "digest")
            found += Delivery.objects.order_by("pk").values_list("pk", "wanted")
            found += Entry.objects.order_by("pk").values_list("pk", flat=True)
    return found


def test_the_demo_without_a_password_says_which_variable_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEMO_PASSWORD", raising=False)
    with pytest.raises(CommandError, match="DEMO_PASSWORD is not set"):
        manage("demo")


# -- grant_app_role ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "sentence"),
    [
        ("nobody_there", "There is no database role nobody_there."),
        (environment.OWNER, f"{environment.OWNER} bypasses row-level security, so it must not serve."),
        (environment.APP, f"{environment.APP} is the role this command runs as"),
        ('"; DROP TABLE audit_entry; --', "There is no database role"),
    ],
)
def test_a_role_that_must_not_serve_is_granted_nothing(role: str, sentence: str) -> None:
    with pytest.raises(CommandError) as refusal:
        manage("grant_app_role", role)
    assert sentence in str(refusal.value)
