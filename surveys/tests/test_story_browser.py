"""From the admin's click to the visitor's answer: a form seen before it is saved, asked in test, changed for every channel, translated."""

from __future__ import annotations

import re
from uuid import uuid4

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import sign_in
from tests.console_client import signed_in
from tests.stack import Stack, eventually


def test_an_admin_chooses_a_form_and_a_visitor_answers_it(
    stack: Stack, page: Page, browser_context: BrowserContext
) -> None:
    console = signed_in(stack.console, stack.password)
    name = uuid4().hex[:8]
    channel = console.create_channel(f"Sondage {name}")
    sign_in(page, stack.console, stack.password)
    chat = f"{stack.console}/o/1009/acd/digital/chat"

    # A form of its own, built with the window beside.
    page.goto(f"{chat}/surveys/fields/new/")
    page.get_by_label("Libellé").fill("Numéro de client")
    page.locator("#field-ident").fill(f"client_{name}")
    page.locator(".save-bar").get_by_role("button", name="Créer").click()
    expect(page).to_have_url(re.compile(r"\?saved$"))
    page.goto(f"{chat}/surveys/forms/new/")
    page.locator("#form-name").fill(f"Formulaire {name}")
    page.locator(".survey-palette button", has=page.get_by_text("Numéro de client")).and_(
        page.locator(f"[title=client_{name}]")
    ).click()
    preview = page.frame_locator(".preview-screen iframe")
    expect(preview.get_by_label("Numéro de client")).to_be_visible()
    page.get_by_role("checkbox", name="Obligatoire").check()
    page.locator("#form-intro").fill("Un instant, s’il vous plaît.")
    expect(preview.get_by_text("Un instant")).to_be_visible()
    page.keyboard.press("Control+s")
    expect(page).to_have_url(re.compile(r"/surveys/forms/\d+/\?saved$"))
    form = page.url

    page.goto(f"{chat}/{channel}/pre-contact-survey/")
    page.get_by_text(f"Formulaire {name}", exact=True).click()
    expect(page.frame_locator(".preview-screen iframe").get_by_label("Numéro de client")).to_be_visible()
    page.get_by_role("button", name="Enregistrer").last.click()
    expect(page.get_by_text(re.compile(r"visible en test (depuis|après) \d+,\d"))).to_be_visible()

    visitor = browser_context.new_page()
    visitor.goto(f"{stack.test}/test/1009/{channel}")
    window = visitor.frame_locator("iframe[src*='/frame/1/']")
    window.locator("button[aria-haspopup=dialog]").first.click()
    window.locator(".cw-survey button").click()
    expect(window.locator(".cw-survey-error:visible")).to_have_count(1)
    window.get_by_label("Numéro de client").fill("42")
    window.locator(".cw-survey button").click()
    box = window.locator("[data-selector=TEXTAREA]")
    box.fill("Bonjour")
    box.press("Enter")
    expect(window.locator("[data-selector=AGENT_MESSAGE_BUBBLE]").first).to_be_visible()

    # The form changes once, and the channel follows.
    page.goto(form)
    page.locator("#form-title").fill(f"Titre {name}")
    page.locator(".save-bar").get_by_role("button", name="Enregistrer").click()
    expect(page.locator(".save-bar[data-state=saved]")).to_be_visible()
    address = f"{stack.test}/chat/1.0/brand/1009/channel/{channel}"
    eventually(
        lambda: page.request.get(address).json()["preContactRules"]["title"] == f"Titre {name}",
        what="the channel has the changed form",
    )
    console.http.close()


def test_a_fields_label_and_options_are_translated_and_reach_visitor_and_environment(
    stack: Stack, page: Page, browser: Browser
) -> None:
    console = signed_in(stack.console, stack.password)
    name = uuid4().hex[:8]
    field = f"magasin_{name}"
    channel = console.create_channel(f"Traduit {name}")
    chat = "/o/1009/acd/digital/chat"
    options = {"row": ["0", "1"], "0:name": "qc", "0:label": "Québec", "1:name": "mtl", "1:label": "Montréal"}
    made = {"label": "Magasin", "ident": field, "kind": "list", "level": "contact", **options}
    assert console._send(f"{chat}/surveys/fields/new/", made).status_code == 302
    form = {"name": f"Traduit {name}", "item": field, f"{field}:required": "on"}
    saved = console._send(f"{chat}/surveys/forms/new/", form)
    form_page = saved.headers["Location"].partition("?")[0]
    assert console._send(
        f"{chat}/{channel}/translations/add/", {"name": "Español", "language": "es"}
    ).is_redirect

    # The form is given to the channel on its own page; until then the channel's languages know nothing of the field.
    sign_in(page, stack.console, stack.password)
    phrases = f"{stack.console}{chat}/{channel}/translations/language/es/"
    page.goto(phrases)
    box = page.locator(f"[id='id_phrase.customFields.{field}_label']")
    expect(page.locator("[data-phrase]").first).to_be_attached()
    expect(box).to_have_count(0)
    page.goto(f"{stack.console}{form_page}")
    page.get_by_role("group", name="Canaux qui présentent ce formulaire").get_by_label(
        f"Traduit {name}"
    ).check()
    page.get_by_role("button", name="Enregistrer les canaux").click()
    expect(page.get_by_text("Les canaux ont été enregistrés.")).to_be_visible()
    expect(page.get_by_text("1 canal présente ce formulaire, dans son dernier état.")).to_be_visible()

    # On the page of the language each has its key, what the organisation wrote above and a box below.
    page.goto(phrases)
    page.get_by_placeholder("Rechercher une phrase").fill(field)
    expect(page.locator("[data-phrase]:visible .phrase-default")).to_have_text(
        ["Magasin", "Québec", "Montréal"]
    )
    box.fill("Tienda")
    page.locator(f"[id='id_phrase.customFields.{field}_value_qc']").fill("Quebec (ciudad)")
    page.get_by_role("button", name="Enregistrer").last.click()
    expect(page.get_by_text(re.compile(r"visible en test (depuis|après) \d+,\d"))).to_be_visible()

    context = browser.new_context(locale="es-MX", reduced_motion="reduce")
    context.set_default_timeout(30_000)
    visitor = context.new_page()
    heard: list[str] = []
    visitor.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
    visitor.goto(f"{stack.test}/test/1009/{channel}")
    window = visitor.frame_locator("iframe[src*='/frame/1/']")
    window.locator("button[aria-haspopup=dialog]").first.click()
    choice = window.get_by_label("Tienda")
    expect(choice.locator("option")).to_have_text([re.compile("…$"), "Quebec (ciudad)", "Montréal"])
    window.locator(".cw-survey button").click()
    expect(window.locator(".cw-survey-error:visible")).to_have_text("Este campo es obligatorio")
    # What the environment says to a page that hides the form is said in the same words.
    visitor.evaluate("cxone('chat','hidePreSurvey')")
    write = window.locator("[data-selector=TEXTAREA]")
    write.fill("Hola")
    write.press("Enter")
    expect(choice).to_be_visible()
    expect(window.locator(".cw-survey-error:visible")).to_have_text("Este campo es obligatorio")
    assert [one for one in heard if "Tienda: Este campo es obligatorio" in one], heard
    choice.select_option("qc")
    window.locator(".cw-survey button").click()
    expect(window.locator("[data-selector=AGENT_MESSAGE_BUBBLE]").first).to_be_visible()
    kept = stack.env_sql("test", "SELECT custom_fields FROM gateway_contact WHERE channel = %s", (channel,))
    assert kept == [({field: "qc"},)]
    context.close()
    console.http.close()
