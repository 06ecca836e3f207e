"""Files in the chat window, in Chromium: sent, dropped, pasted, given up, and the pop-up of those that are not taken."""

from __future__ import annotations

import re
import struct
import zlib
from typing import Any

import httpx
from playwright.sync_api import FilePayload, FrameLocator, Page, Route, expect

from chatadmin.run.plan import ROOT
from file_restrictions import rules
from tests.stack import eventually
from widget.tests.conftest import Environment, Site, new_channel, snippet

HTML = b"<!doctype html><html><body><script>alert(1)</script></body></html>"


def png(width: int = 60, height: int = 40) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = zlib.compress((b"\0" + b"\xc8\x1e\x1e" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def channel(environment: Environment, **section: Any) -> str:
    made = rules.default_section() | section
    return environment.publish(
        new_channel(),
        private={"file_restrictions": made},
        settings={"hasMultipleThreadsPerEndUser": False, "fileRestrictions": rules.served(made)},
    )


def open_chat(page: Page, site: Site, environment: Environment, channel_id: str) -> FrameLocator:
    page.goto(site.page(snippet(environment.url, channel_id)))
    window = page.frame_locator("iframe")
    window.locator(".cw-launcher").click()
    expect(window.locator("[data-selector=TEXTAREA]")).to_be_visible()
    return window


def choose(window: FrameLocator, name: str, media_type: str, content: bytes) -> None:
    window.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": media_type, "buffer": content}
    )


def hand_over(page: Page, how: str, name: str, media_type: str, content: bytes) -> None:
    """Drop a file on the conversation, or paste it where one writes."""
    frame = page.locator("iframe").element_handle().content_frame()
    assert frame is not None
    frame.evaluate(
        """([how, name, type, bytes]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], name, {type}));
            const options = {bubbles: true, cancelable: true};
            if (how === "drop") document.querySelector(".cw-log").dispatchEvent(new DragEvent("drop", {...options, dataTransfer: data}));
            else document.querySelector("textarea").dispatchEvent(new ClipboardEvent("paste", {...options, clipboardData: data}));
        }""",
        [how, name, media_type, list(content)],
    )


def violations(page: Page) -> list[str]:
    frame = page.locator("iframe").element_handle().content_frame()
    assert frame is not None
    frame.evaluate((ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text())
    found: list[dict[str, Any]] = frame.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then((done) => done.violations)"
    )
    return [one["id"] for one in found]


def test_a_file_that_is_not_taken_is_explained_in_the_visitors_language(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    window = open_chat(page, site, gateway_environment, channel(gateway_environment, max_size_mb=2))
    asked: list[str] = []
    page.on(
        "request", lambda request: asked.append(request.url) if request.url.endswith("/attachment") else None
    )
    popup = window.get_by_role("alertdialog")

    # The server looks into it.
    choose(window, "photo\u202egnp.png", "image/png", HTML)
    expect(popup).to_contain_text("Le contenu de ce fichier ne correspond pas à son nom.")
    expect(popup).to_contain_text(re.compile(r"2\sMo"))
    expect(popup).to_contain_text("photognp.png")
    expect(popup.get_by_text("fichiers audio")).to_be_visible()
    expect(popup.get_by_role("button", name="Fermer")).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(popup).to_have_count(0)
    expect(window.get_by_role("dialog")).to_be_visible()
    expect(window.locator(".cw-file")).to_have_count(0)
    assert len(asked) == 1

    # What can be told without it does not travel.
    for name, media_type, content, words in (
        ("x.exe", "application/x-msdownload", b"MZ", "Ce type de fichier n’est pas accepté."),
        ("vide.png", "image/png", b"", "Ce fichier est vide."),
        ("gros.png", "image/png", png() + b"\0" * 2 * rules.MEGABYTE, "Ce fichier est trop volumineux."),
    ):
        choose(window, name, media_type, content)
        expect(popup).to_contain_text(words)
        expect(popup).to_contain_text(name)
        popup.get_by_role("button", name="Fermer").click()
        expect(popup).to_have_count(0)
    assert len(asked) == 1
    # Of several each is spoken of in turn, also the one the server looked into meanwhile.
    several: list[FilePayload] = [
        {"name": "a.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ"},
        {"name": "b.png", "mimeType": "image/png", "buffer": b""},
        {"name": "c.png", "mimeType": "image/png", "buffer": HTML},
    ]
    window.locator("input[type=file]").set_input_files(several)
    eventually(lambda: len(asked) == 2 or page.wait_for_timeout(50), what="the third is sent")
    expect(window.locator(".cw-file")).to_have_count(0)
    for name in ("a.exe", "b.png", "c.png"):
        expect(popup).to_contain_text(name)
        page.keyboard.press("Escape")
    expect(popup).to_have_count(0)


def test_a_file_sent_dropped_or_pasted_reaches_the_agent_and_shows_as_a_picture(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel_id = channel(gateway_environment)
    window = open_chat(page, site, gateway_environment, channel_id)
    with gateway_environment.agent(channel_id) as agent:
        choose(window, "photo.png", "image/png", png())
        [seen] = agent.hear("message")["message"]["attachments"]
        assert seen["friendlyName"] == "photo.png"
        assert httpx.get(seen["url"], trust_env=False).content == png()
        picture = window.get_by_role("img", name="photo.png")
        expect(picture).to_be_visible()
        eventually(
            lambda: picture.evaluate("image => image.naturalWidth") == 60 or page.wait_for_timeout(50),
            what="the picture is drawn",
        )
        hand_over(page, "drop", "deposee.png", "image/png", png())
        expect(window.get_by_role("img", name="deposee.png")).to_be_visible()
        hand_over(page, "paste", "collee.png", "image/png", png())
        expect(window.get_by_role("img", name="collee.png")).to_be_visible()
        assert violations(page) == []
    with page.expect_download() as download:
        window.get_by_role("link", name="photo.png").click()
    assert download.value.suggested_filename == "photo.png"


def test_an_upload_shows_its_progress_and_can_be_given_up(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    window = open_chat(page, site, gateway_environment, channel(gateway_environment))
    held: list[Route] = []
    page.route(
        "**/attachment",
        lambda route: held.append(route) if route.request.method == "POST" else route.continue_(),
    )
    choose(window, "photo.png", "image/png", png())
    expect(window.locator(".cw-file progress")).to_be_visible()
    eventually(lambda: held or page.wait_for_timeout(50), what="the upload is under way")
    window.locator(".cw-file").get_by_role("button", name="Annuler").click()
    expect(window.locator(".cw-file")).to_have_count(0)
    # A broken line is another matter: it can be tried again.
    page.unroute("**/attachment")
    page.route("**/attachment", lambda route: route.abort())
    choose(window, "photo.png", "image/png", png())
    expect(window.locator(".cw-wrong")).to_be_visible()
    page.unroute("**/attachment")
    window.locator(".cw-wrong").get_by_role("button", name="Réessayer").click()
    expect(window.get_by_role("img", name="photo.png")).to_be_visible()


def test_switched_off_there_is_no_button(page: Page, site: Site, gateway_environment: Environment) -> None:
    window = open_chat(
        page, site, gateway_environment, channel(gateway_environment, is_attachments_enabled=False)
    )
    expect(window.locator("input[type=file]")).to_have_count(0)
    expect(window.get_by_role("button", name="Joindre un fichier")).to_have_count(0)
