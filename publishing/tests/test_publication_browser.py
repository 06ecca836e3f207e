"""A channel's publication in a browser: differences, going back, going live with a second person, planned, switched off."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from chatadmin.run.plan import ROOT
from publishing.tests.barriers import assert_no_barriers
from tests.admin import Admin
from tests.browser import sign_in
from tests.console_client import Console, signed_in
from tests.stack import Stack, eventually
from tests.test_backup import variables

CHECKS = ("Le clavardage s’ouvre", "La carte est lisible")


@pytest.fixture(scope="module")
def console(stack: Stack) -> Iterator[Console]:
    session = signed_in(stack.console, stack.password)
    yield session
    session.http.close()


@pytest.fixture
def channel(console: Console) -> str:
    return console.create_channel(f"Publication {uuid4().hex[:8]}")


@pytest.fixture
def admin(stack: Stack, page: Page) -> Page:
    sign_in(page, stack.console, stack.password)
    return page


@pytest.fixture
def second_person(stack: Stack, browser: Browser) -> Iterator[Page]:
    """Another admin of the organisation, in a browser of her own."""
    email = f"second-{uuid4().hex[:8]}@demo.example"
    command = ["create_admin", email, "--organisation", "1009", "--name", "Sacha Roy", "--password-stdin"]
    subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=variables(stack, "console"),
        input=f"{stack.password}\n",
        text=True,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    context = browser.new_context(locale="fr-CA", reduced_motion="reduce")
    context.set_default_timeout(30_000)
    opened = context.new_page()
    sign_in(opened, stack.console, stack.password, email=email)
    yield opened
    context.close()


def css(color: str) -> str:
    """Of several lines, so that it is compared by line."""
    return f"b {{\n  color: {color}\n}}"


def address(stack: Stack, channel: str, tail: str = "history/") -> str:
    return f"{stack.console}/o/1009/acd/digital/chat/{channel}/{tail}"


def answer_of(stack: Stack, environment: str, channel: str) -> httpx.Response:
    url = f"{stack.env_url(environment)}/chat/1.0/brand/1009/channel/{channel}"
    return httpx.get(url, trust_env=False)


def served(stack: Stack, environment: str, channel: str) -> str | None:
    """The CSS a visitor gets there; None while there is no such channel."""
    answer = answer_of(stack, environment, channel)
    return str(answer.json().get("customCss", "")) if answer.status_code == 200 else None


def until_served(stack: Stack, environment: str, channel: str, css: str | None) -> None:
    eventually(
        lambda: served(stack, environment, channel) == css,
        seconds=30,
        what=f"{environment} serves {css!r}",
    )


def open_review(page: Page, stack: Stack, channel: str, release: int) -> None:
    """The page on which it goes live; there is one as soon as the worker has confirmed the release in test."""

    def there() -> bool:
        page.goto(address(stack, channel, f"review/?release={release}"))
        return page.locator("form input[name=release]").count() > 0

    eventually(there, seconds=30, what="the release was confirmed in test")


def test_a_release_and_one_area_are_compared_and_brought_back(
    stack: Stack, console: Console, channel: str, admin: Page
) -> None:
    console.save_css(channel, css("red"))
    other = Admin(stack)
    assert other.save(channel, area="addresses", source="192.0.2.7").status_code == 200
    other.close()
    console.save_css(channel, css("blue"))

    admin.goto(address(stack, channel))
    row = admin.get_by_role("row").filter(has=admin.get_by_role("link", name="2", exact=True))
    expect(row).to_contain_text("Camille Tremblay")
    row.get_by_label("Comparer la version 2").check()
    admin.get_by_role("button", name="Comparer les deux choisies").click()
    lines = admin.locator(".difference")
    expect(lines.filter(has_text="color").locator(".is-before")).to_have_text(re.compile("color: red"))
    expect(lines.filter(has_text="color").locator(".is-after")).to_have_text(re.compile("color: blue"))
    expect(lines.filter(has_text="192.0.2.7").locator(".is-after")).to_contain_text("192.0.2.7")

    # One area: the look as it was, the blocked address stays.
    look = admin.locator("section.section").filter(
        has=admin.get_by_role("heading", name="Personnaliser CSS et JS")
    )
    look.get_by_role("link", name="Ramener cette section à la version 2…").click()
    expect(admin.locator(".difference").filter(has_text="192.0.2.7")).to_have_count(0)
    admin.locator("input[name=note]").fill("Le rouge plaisait mieux")
    admin.get_by_role("button", name="Revenir", exact=True).click()
    expect(admin.get_by_text("c’est la version 5, en route vers l’environnement de test")).to_be_visible()
    expect(admin.get_by_text("Le rouge plaisait mieux")).to_be_visible()
    until_served(stack, "test", channel, css("red"))
    assert "192.0.2.7" in console.get(channel, "addresses/").text

    # The whole release: the address goes as well.
    admin.get_by_role("link", name="Revenir à la version 1", exact=True).click()
    expect(admin.locator(".difference").filter(has_text="192.0.2.7")).to_be_visible()
    admin.get_by_role("button", name="Revenir", exact=True).click()
    expect(admin.get_by_text("c’est la version 6, en route vers l’environnement de test")).to_be_visible()
    until_served(stack, "test", channel, "")
    assert "192.0.2.7" not in console.get(channel, "addresses/").text
    expect(admin.locator("table.rows tbody tr")).to_have_count(6)
    assert_no_barriers(
        admin,
        address(stack, channel, "compare/?from=1&to=4"),
        address(stack, channel, "rollback/4/"),
    )


def test_a_second_person_approves_what_was_ticked_and_the_switch_takes_it_away_for_a_while(
    stack: Stack, console: Console, channel: str, admin: Page, second_person: Page
) -> None:
    admin.goto(address(stack, channel, "rules/"))
    admin.get_by_label("Une deuxième personne approuve").check()
    admin.locator("textarea[name=checklist]").fill("\n".join(CHECKS))
    admin.get_by_role("button", name="Enregistrer", exact=True).click()
    expect(admin.get_by_text("Les règles de publication ont été enregistrées.")).to_be_visible()
    console.save_css(channel, css("green"))
    until_served(stack, "test", channel, css("green"))

    open_review(admin, stack, channel, 2)
    admin.locator("input[name=note]").fill("Vert, comme convenu")
    admin.get_by_label(CHECKS[0]).check()
    admin.get_by_role("button", name="Demander l’approbation").click()
    expect(admin.get_by_role("alert")).to_contain_text("Chaque point de la liste de vérification")
    expect(admin.locator("input[name=note]")).to_have_value("Vert, comme convenu")
    expect(admin.get_by_label(CHECKS[0])).to_be_checked()
    admin.get_by_label(CHECKS[1]).check()
    admin.get_by_role("button", name="Demander l’approbation").click()
    expect(admin.locator(".planned")).to_contain_text("attend une approbation, demandée par Camille Tremblay")
    expect(admin.get_by_role("button", name="Approuver")).to_have_count(0)
    assert served(stack, "live", channel) is None

    second_person.goto(address(stack, channel))
    expect(second_person.locator(".planned")).to_contain_text("Vert, comme convenu")
    assert_no_barriers(
        second_person,
        *(address(stack, channel, tail) for tail in ("history/", "review/", "rules/")),
    )
    second_person.get_by_role("button", name="Approuver").click()
    dialog = second_person.get_by_role("dialog")
    expect(dialog).to_contain_text("La version 2, demandée par Camille Tremblay, ouvre aussitôt")
    dialog.get_by_role("button", name="Approuver").click()
    expect(second_person.get_by_text("en route vers l’environnement de production")).to_be_visible()
    until_served(stack, "live", channel, css("green"))
    # Whoever asked sees it happen on the page that was open all the time.
    expect(admin.locator(".planned")).to_have_count(0)
    expect(admin.locator("#history .tag")).to_have_text(["Test", "Production"])
    expect(admin.get_by_role("button", name="Actionner le coupe-circuit")).to_be_visible()

    # The emergency switch: nobody sees the chat, then everybody again.
    admin.goto(address(stack, channel))
    admin.get_by_label("Masquer le widget").check()
    admin.locator("input[name=reason]").fill("La page d’accueil se fige")
    admin.get_by_role("button", name="Actionner le coupe-circuit").click()
    admin.get_by_role("dialog").get_by_role("button", name="Actionner", exact=True).click()
    expect(admin.get_by_text("La page d’accueil se fige")).to_be_visible()
    until_served(stack, "live", channel, None)
    assert served(stack, "test", channel) == css("green")
    admin.get_by_role("button", name="Revenir à ce qui était publié").click()
    expect(admin.get_by_text("revient à ce qui était publié")).to_be_visible()
    until_served(stack, "live", channel, css("green"))


def test_a_publication_is_planned_by_the_clock_of_a_time_zone_and_called_off(
    stack: Stack, console: Console, channel: str, admin: Page
) -> None:
    console.save_css(channel, css("white"))
    open_review(admin, stack, channel, 2)
    moment = admin.get_by_label("Date et heure")
    expect(moment).to_be_hidden()
    admin.get_by_text("À une heure précise", exact=True).click()
    expect(moment).to_be_visible()
    admin.get_by_role("button", name="Planifier", exact=True).click()
    expect(admin.locator(".field-error").first).to_be_visible()
    moment.fill("2099-03-01T08:30")
    admin.get_by_label("Fuseau horaire").select_option("Asia/Tokyo")
    admin.get_by_role("button", name="Planifier", exact=True).click()
    planned = admin.locator(".planned")
    expect(planned).to_contain_text("Camille Tremblay a planifié la mise en production de la version 2")
    expect(planned).to_contain_text("1 mars 2099 à 08:30 (UTC+09:00) · Asia/Tokyo")
    due = stack.sql(
        "SELECT p.at AT TIME ZONE 'UTC' FROM publishing_promotion p JOIN channels_config_channel c ON c.id = p.channel_id"
        " WHERE c.public_id = %s",
        (channel,),
    )
    assert [f"{at:%Y-%m-%d %H:%M}" for (at,) in due] == ["2099-02-28 23:30"]
    planned.get_by_role("button", name="Annuler la mise en production").click()
    expect(
        admin.get_by_text(re.compile("La mise en production de la version 2 a été annulée"))
    ).to_be_visible()
    expect(planned).to_have_count(0)
    assert served(stack, "live", channel) is None
