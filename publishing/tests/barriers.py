"""axe-core over pages of a running console, on a laptop and on a phone."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page

from chatadmin.run.plan import ROOT

_AXE = Path(ROOT / "node_modules/axe-core/axe.min.js")
_LOOKS = ((1440, "light"), (390, "dark"))


def assert_no_barriers(page: Page, *addresses: str) -> None:
    """Whoever is signed in on `page` meets no violation on these pages, and none runs over its edge.

    A context of its own, which lets axe in: its probes are styles the console's policy refuses.
    """
    browser = page.context.browser
    assert isinstance(browser, Browser)
    for width, scheme in _LOOKS:
        context = browser.new_context(
            storage_state=page.context.storage_state(),
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            bypass_csp=True,
            reduced_motion="reduce",
            locale="fr-CA",
        )
        looked_at = context.new_page()
        for address in addresses:
            answer = looked_at.goto(address)
            assert answer is not None
            assert answer.status == 200, address
            looked_at.evaluate(_AXE.read_text())
            found = looked_at.evaluate("axe.run(document, {resultTypes: ['violations']})")
            faults = [
                (fault["id"], [node["html"][:200] for node in fault["nodes"]])
                for fault in found["violations"]
            ]
            assert faults == [], f"{address} at {width}"
            assert looked_at.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address
        context.close()
