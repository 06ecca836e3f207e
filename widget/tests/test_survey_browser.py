"""The pre-contact form in the real window, against a real environment: asked, checked, remembered, hidden, refused."""

from __future__ import annotations

import re
import time
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from playwright.sync_api import FrameLocator, Page, expect

from auth_config.section import EMPTY
from chatadmin.run.plan import ROOT
from surveys.defaults import item
from surveys.section import public
from tests.stack import eventually
from widget.tests.conftest import Environment, Site, new_channel, snippet

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
OPTIONS = [
    {"name": "billing", "label": "Facturation", "parent": None},
    {"name": "refund", "label": "Remboursement", "parent": "billing"},
    {"name": "other", "label": "Autre", "parent": None},
]
FIELDS = [
    {"ident": "email", "label": "Courriel", "kind": "email", "level": "contact", "values": []},
    {"ident": "order", "label": "Commande", "kind": "text", "level": "contact", "values": []},
    {"ident": "subject", "label": "Sujet", "kind": "tree", "level": "contact", "values": OPTIONS},
]
UNDER_BILLING = {"match": "all", "when": [{"ident": "subject", "test": "under", "value": "billing"}]}
WHOLE = (
    item("subject", required=True, help="De quoi s’agit-il ?"),
    item(
        "order",
        required=True,
        pattern=r"[A-Z]\d{4}",
        pattern_message="Une lettre, quatre chiffres.",
        show_if=UNDER_BILLING,
    ),
    item("email", required=True, autocomplete="email"),
    item("consent.1", required=True, text="J’accepte que mes réponses soient conservées.", version=2),
)


def asking(environment: Environment, *items: dict[str, Any], several: bool = False, **options: Any) -> str:
    section = {
        "format": 1,
        "form": {
            "name": "Formulaire",
            "title": "",
            "intro": "Deux mots d’abord.",
            "submit": "",
            "items": list(items or WHOLE),
        },
        "fields": FIELDS,
    }
    return environment.publish(
        new_channel(),
        private={"surveys": section, **options.pop("private", {})},
        settings={"hasMultipleThreadsPerEndUser": several},
        **public(section),
        **options,
    )


def chat(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def open_form(page: Page) -> FrameLocator:
    chat(page).locator(".cw-launcher").click()
    expect(chat(page).locator("form.cw-survey")).to_be_visible()
    return chat(page)


def begin(page: Page) -> None:
    chat(page).locator(".cw-survey button").click()


def write(page: Page, text: str) -> None:
    box = chat(page).locator("[data-selector=TEXTAREA]")
    box.fill(text)
    box.press("Enter")


def answers(environment: Environment, channel: str) -> list[dict[str, str]]:
    rows = environment.sql(
        "SELECT custom_fields FROM gateway_contact WHERE channel = %s ORDER BY id", (channel,)
    )
    return [dict(row[0]) for row in rows]


def violations(page: Page) -> list[str]:
    frame = page.locator("iframe").element_handle().content_frame()
    assert frame is not None
    if not frame.evaluate("!!window.axe"):
        frame.evaluate(AXE.read_text(encoding="utf-8"))
    found = frame.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found["violations"]]


def test_a_visitor_answers_is_told_what_is_wrong_and_then_writes(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = asking(gateway_environment)
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    form = open_form(page)
    # The first question has the caret, the box to write in is not there yet.
    expect(form.get_by_label("Sujet")).to_be_focused()
    expect(form.locator("[data-selector=TEXTAREA]")).to_have_count(0)
    expect(form.get_by_label("Commande")).to_be_hidden()
    begin(page)
    expect(form.get_by_label("Sujet")).to_be_focused()
    expect(form.locator(".cw-survey-error:visible")).to_have_count(3)
    form.get_by_label("Sujet").select_option("refund")
    form.get_by_label("Commande").fill("1234")
    form.get_by_label("Courriel").fill("a@b")
    form.get_by_label("J’accepte").check()
    begin(page)
    expect(form.get_by_text("Une lettre, quatre chiffres.")).to_be_visible()
    expect(form.get_by_label("Commande")).to_be_focused()
    expect(form.get_by_label("Courriel")).to_have_attribute("aria-invalid", "true")
    assert violations(page) == []

    # What was typed survives a reload.
    form.get_by_label("Commande").fill("A1234")
    form.get_by_label("Courriel").fill("ana@example.com")
    eventually(
        lambda: (
            "ana@example.com" in page.evaluate("JSON.stringify({...sessionStorage})")
            or page.wait_for_timeout(50)
        ),
        what="the answers are kept",
    )
    page.reload()
    expect(form.get_by_label("Commande")).to_have_value("A1234")
    expect(form.get_by_label("J’accepte")).to_be_checked()
    begin(page)
    expect(form.locator("[data-selector=TEXTAREA]")).to_be_visible()
    # And so does having answered.
    page.reload()
    expect(form.locator("[data-selector=TEXTAREA]")).to_be_visible()
    expect(form.locator("form.cw-survey")).to_have_count(0)
    write(page, "Bonjour")
    expect(form.locator("[data-selector=AGENT_MESSAGE_BUBBLE]").first).to_be_visible()
    assert answers(gateway_environment, channel) == [
        {"subject": "refund", "order": "A1234", "email": "ana@example.com", "consent.1": "v2"}
    ]
    assert gateway_environment.sql("SELECT version, text FROM gateway_consent WHERE form = 'Formulaire'")[
        0
    ] == (
        2,
        "J’accepte que mes réponses soient conservées.",
    )


def test_a_new_conversation_is_asked_anew_and_what_the_page_said_is_not_asked(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = asking(gateway_environment, item("order"), item("email", required=True), several=True)
    set_by_page = "cxone('chat','setContactCustomField','email','page@example.com');"
    page.goto(site.page(snippet(gateway_environment.url, channel, before=set_by_page)))
    form = open_form(page)
    expect(form.get_by_label("Courriel")).to_be_hidden()
    form.get_by_label("Commande").fill("1")
    begin(page)
    write(page, "Un")
    expect(form.locator("[data-selector=AGENT_MESSAGE_BUBBLE]").first).to_be_visible()
    form.get_by_role("button", name=re.compile("Retour")).click()
    form.locator("[data-selector=START_NEW_CHAT]").click()
    expect(form.get_by_label("Commande")).to_have_value("")
    begin(page)
    write(page, "Deux")
    expect(form.locator("[data-selector=AGENT_MESSAGE_BUBBLE]").first).to_be_visible()
    assert answers(gateway_environment, channel) == [
        {"order": "1", "email": "page@example.com"},
        {"email": "page@example.com"},
    ]


def test_a_form_in_another_language_keeps_what_is_typed_and_the_caret_and_a_default_taken_out_stays_out(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = asking(
        gateway_environment,
        item("order", default="A1", required=True, help="Voir (https://example.com/aide)."),
        item("email", required=True),
        item(
            "consent.1",
            required=True,
            text="J’accepte : https://example.com/vie-privee?a=1, merci.",
            version=1,
        ),
    )
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    form = open_form(page)
    order, email = form.get_by_label("Commande"), form.get_by_label("Courriel")
    expect(order).to_have_value("A1")
    links = form.locator("form.cw-survey a")
    expect(links).to_have_text(["https://example.com/aide", "https://example.com/vie-privee?a=1"])
    expect(links.last).to_have_attribute("rel", "noopener noreferrer")
    expect(links.last).to_have_attribute("target", "_blank")
    expect(form.get_by_role("checkbox")).not_to_be_checked()
    order.fill("")
    email.fill("a@b")
    form.get_by_role("checkbox").focus()
    expect(form.get_by_text("L’adresse courriel n’est pas valide")).to_be_visible()
    order.press_sequentially("B")
    order.press("Backspace")
    page.evaluate("cxone('chat','setLocale','de')")
    # In German, with the caret where it was.
    expect(form.get_by_text("Die E-Mail-Adresse ist ungültig")).to_be_visible()
    expect(email).to_have_value("a@b")
    expect(order).to_have_value("")
    expect(order).to_be_focused()
    eventually(
        lambda: (
            '"order":""' in page.evaluate("Object.values({...sessionStorage}).join()")
            or page.wait_for_timeout(50)
        ),
        what="the empty answer is kept",
    )
    page.reload()
    expect(email).to_have_value("a@b")
    expect(order).to_have_value("")


def test_a_page_that_hides_the_form_must_bring_the_answers_or_the_form_comes(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = asking(gateway_environment, item("email", required=True))
    hidden = "cxone('chat','hidePreSurvey');"
    page.goto(site.page(snippet(gateway_environment.url, channel, before=hidden)))
    chat(page).locator(".cw-launcher").click()
    write(page, "Sans réponse")
    form = chat(page)
    expect(form.locator("form.cw-survey")).to_be_visible()
    expect(form.get_by_text("Ce champ est obligatoire")).to_be_visible()
    form.get_by_label("Courriel").fill("late@example.com")
    begin(page)
    # The message that was refused is sent again with the answer.
    expect(form.locator("[data-selector=CUSTOMER_MESSAGE_BUBBLE]")).to_have_text(["Sans réponse"])
    expect(form.locator("[data-selector=AGENT_MESSAGE_BUBBLE]").first).to_be_visible()
    assert answers(gateway_environment, channel) == [{"email": "late@example.com"}]


def test_what_a_sign_in_vouches_for_is_not_asked(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    mapping = {**EMPTY["mapping"], "enabled": True, "customer_id": "sub", "first_name": "given_name"}
    mapping["fields"] = [{"field": "email", "path": "email", "transform": "none"}]
    secret = "a shared secret of this test, long enough for HS256"
    signing = {
        **EMPTY,
        "mode": "jwt",
        "jwt": {**EMPTY["jwt"], "secrets": [secret]},
        "mapping": mapping,
    }
    channel = asking(
        gateway_environment,
        item("email", required=True, skip_known=True),
        item("order", required=True),
        private={"auth_config": signing},
        isAuthorizationEnabled=True,
    )
    claims = {"sub": "zoe", "aud": channel, "exp": int(time.time()) + 300, "jti": uuid4().hex}
    token = jwt.encode({"alg": "HS256"}, {**claims, "email": "zoe@example.com"}, OctKey.import_key(secret))
    code = f"cxone('chat','setAuthorizationCode','{token}');"
    page.goto(site.page(snippet(gateway_environment.url, channel, before=code)))
    form = open_form(page)
    expect(form.get_by_label("Courriel")).to_be_hidden()
    form.get_by_label("Commande").fill("7")
    begin(page)
    write(page, "Bonjour")
    expect(form.locator("[data-selector=AGENT_MESSAGE_BUBBLE]").first).to_be_visible()
    assert answers(gateway_environment, channel) == [{"order": "7", "email": "zoe@example.com"}]


@pytest.mark.parametrize("locale", ["ar", "en"])
def test_the_form_reads_from_right_to_left_and_in_other_words(
    page: Page, site: Site, gateway_environment: Environment, locale: str
) -> None:
    phrases = {"customFields.email_label": "البريد", "preContactForm.intro": "مرحبا"}
    variant = {"name": "العربية", "locale": "ar", "fallback": None, "phrases": phrases}
    translations = {"format": 1, "default_locale": None, "variants": [variant]}
    channel = asking(gateway_environment, private={"translations": translations})
    set_locale = f"cxone('chat','setLocale','{locale}');"
    page.goto(site.page(snippet(gateway_environment.url, channel, before=set_locale)))
    form = open_form(page)
    expect(form.locator("html")).to_have_attribute("dir", "rtl" if locale == "ar" else "ltr")
    expect(form.get_by_label("البريد" if locale == "ar" else "Courriel")).to_be_visible()
    begin(page)
    expect(form.locator(".cw-survey-error:visible")).to_have_count(3)
    assert violations(page) == []
