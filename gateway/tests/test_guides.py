"""What an environment serves of Guides: to whom, in which language, cached how, switched when."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import replace
from typing import Any

import brotli
import pytest

from gateway.tests.environment import CONSOLE, HTTP, Channel, Environment, until
from guide import look

_brands = itertools.count(880_000)


def entry(*offered: str, rules: list[dict[str, str]] | None = None) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "rules": rules or [],
        "channels": [{"channel": one, "label": "", "hide_offline": False} for one in offered],
    }


def guide_of(
    brand: int, *entries: dict[str, Any], rank: int = 100, domains: list[str] | None = None, **more: Any
) -> Channel:
    """A Guide as the console pushes it."""
    return Channel(
        id=f"guide_{uuid.uuid4()}",
        brand=brand,
        kind="guide",
        document={
            "entries": list(entries),
            "look": dict(look.DEFAULT_PLACE),
            "css": "",
            "texts": more.get("texts", {}),
        },
        private={
            "guide": {
                "rank": rank,
                "domains_restricted": domains is not None,
                "allowed_domains": domains or [],
            },
            "translations": {
                "format": 1,
                "default_locale": more.get("default_locale"),
                "variants": more.get("variants", []),
            },
        },
    )


def pushed(env: Environment, guide: Channel, **changes: Any) -> Channel:
    answer = env.push(guide, **changes)
    assert answer.status_code == 200, answer.text
    return guide


@pytest.fixture
def brand() -> int:
    return next(_brands)


def test_all_guides_of_a_brand_come_by_rank_with_the_channels_that_are_published(
    env: Environment, brand: int
) -> None:
    chat = env.publish(brand=brand, name="Soutien")
    elsewhere = env.publish(brand=brand + 100_000)
    later = pushed(env, guide_of(brand, entry(chat.id)))
    first = pushed(env, guide_of(brand, entry(chat.id, elsewhere.id, f"chat_{uuid.uuid4()}"), rank=5))
    served = env.get(f"/guide/1/{brand}?locale=fr_CA").json()["guides"]
    assert [one["id"] for one in served] == [first.id, later.id]
    assert served[0]["entries"][0]["channels"] == [
        {"channel": chat.id, "label": "Soutien", "hideOffline": False}
    ]
    assert served[0]["words"]["close"] == "Fermer"
    assert "domains" not in str(served)
    # A channel that is renamed, or taken off, is another answer.
    env.push(replace(chat, name="Aide", release=2))
    assert env.get(f"/guide/1/{brand}").json()["guides"][0]["entries"][0]["channels"][0]["label"] == "Aide"
    env.push(replace(chat, release=3), removed=True)
    assert env.get(f"/guide/1/{brand}").json()["guides"][0]["entries"][0]["channels"] == []


def test_words_come_in_the_visitors_language_and_translations_win(env: Environment, brand: int) -> None:
    pushed(
        env,
        guide_of(
            brand,
            entry(),
            texts={"title": "Bonjour"},
            default_locale="fr",
            variants=[
                {"name": "Deutsch", "locale": "de_DE", "fallback": None, "phrases": {"guide.title": "Grüezi"}}
            ],
        ),
    )

    def words(locale: str) -> tuple[str, str, str]:
        one = env.get(f"/guide/1/{brand}{locale}").json()["guides"][0]
        return one["locale"], one["words"]["title"], one["words"]["close"]

    assert words("") == ("fr_FR", "Bonjour", "Fermer") or words("")[1:] == ("Bonjour", "Fermer")
    assert words("?locale=de")[1:] == ("Grüezi", "Schließen")
    assert words("?locale=es-MX,en")[1:] == ("Bonjour", "Cerrar")


def test_a_page_gets_only_the_guides_it_may_show(env: Environment, brand: int) -> None:
    shop = pushed(env, guide_of(brand, entry(), domains=["shop.example", "*.shop.example"]))
    assert env.get(f"/guide/1/{brand}", "https://www.shop.example").status_code == 200
    for origin in ("https://shop.example.evil.tld", "https://evil-shop.example", "null", "file://"):
        refused = env.get(f"/guide/1/{brand}", origin)
        assert (refused.status_code, refused.json()["errorCode"]) == (403, "origin_not_allowed")
        assert refused.headers["Access-Control-Allow-Origin"] == origin
    assert env.get(f"/guide/1/{brand}", CONSOLE).status_code == 200
    assert env.get(f"/guide/1/{brand}", None).status_code == 200
    open_to_all = pushed(env, guide_of(brand, entry(), rank=900))
    served = env.get(f"/guide/1/{brand}", "https://evil-shop.example").json()["guides"]
    assert [one["id"] for one in served] == [open_to_all.id]
    assert env.get(f"/guide/1/{brand}/{shop.id}", "https://evil-shop.example").status_code == 403


def test_answers_are_cached_by_their_content_and_preflights_answered(env: Environment, brand: int) -> None:
    guide = pushed(env, guide_of(brand, entry()))
    address = f"/guide/1/{brand}/{guide.id}"
    answer = env.get(address)
    assert answer.headers["X-Release"] == "1"
    assert "Origin" in answer.headers["Vary"]
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    again = env.get(address, **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    with HTTP.stream("GET", env.url + address, headers={"Accept-Encoding": "br"}) as packed:
        assert packed.headers["Content-Encoding"] == "br"
        assert b'"guides"' in brotli.decompress(b"".join(packed.iter_raw()))
    preflight = HTTP.options(env.url + address, headers={"Origin": "https://shop.example"})
    assert preflight.status_code == 204
    assert HTTP.post(env.url + address).status_code == 405
    pushed(env, replace(guide, release=2))
    assert env.get(address, **{"If-None-Match": answer.headers["ETag"]}).status_code == 200


def test_pushes_out_of_order_and_tombstones_hold_as_for_channels(env: Environment, brand: int) -> None:
    guide = pushed(env, guide_of(brand, entry()))
    pushed(env, replace(guide, release=5))
    older = env.push(replace(guide, release=4))
    assert (older.status_code, older.json()["code"]) == (409, "older")
    assert env.push(replace(guide, release=6, brand=brand + 1)).json()["code"] == "other_brand"
    pushed(env, replace(guide, release=6), removed=True)
    for address in (f"/guide/1/{brand}", f"/guide/1/{brand}/{guide.id}", f"/frame/1/{brand}/{guide.id}"):
        assert env.get(address).status_code == 404
    assert env.push(replace(guide, release=5)).status_code == 409


def test_an_id_that_does_not_fit_its_kind_is_refused(env: Environment, brand: int) -> None:
    for broken in (
        replace(guide_of(brand), id=f"chat_{uuid.uuid4()}"),
        Channel(brand=brand, id=f"guide_{uuid.uuid4()}"),
    ):
        answer = env.push(broken)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


def test_brands_do_not_see_each_others_guides(env: Environment, brand: int) -> None:
    guide = pushed(env, guide_of(brand, entry()))
    other = next(_brands)
    assert env.get(f"/guide/1/{other}").status_code == 404
    for address in ("guide/1", "frame/1", "test"):
        assert env.get(f"/{address}/{other}/{guide.id}").status_code == 404
    for nonsense in ("x", "", "1' OR 1", "9" * 40):
        assert env.get(f"/guide/1/{nonsense}").status_code == 404
    # A Guide is no channel: no visitor's door opens for it.
    assert env.get(f"/chat/1.0/brand/{brand}/channel/{guide.id}").status_code == 404
    assert env.get(f"/chat/1.0/brand/{brand}/channel/{guide.id}/availability").status_code == 404


def test_another_process_hears_of_a_guide(env: Environment, second: Environment, brand: int) -> None:
    guide = pushed(env, guide_of(brand, entry()))
    until(lambda: second.get(f"/guide/1/{brand}/{guide.id}").status_code == 200)
    pushed(env, replace(guide, release=2))
    until(lambda: second.get(f"/guide/1/{brand}/{guide.id}").headers["X-Release"] == "2")


def test_the_frame_is_sandboxed_and_stands_on_allowed_pages_only(env: Environment, brand: int) -> None:
    guide = pushed(env, guide_of(brand, entry(), domains=["shop.example"]))
    policy = env.get(f"/frame/1/{brand}/{guide.id}").headers["Content-Security-Policy"]
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy
    assert "shop.example" in policy.partition("frame-ancestors")[2]
    script = policy.partition("script-src ")[2].partition(";")[0]
    assert "unsafe-inline" not in script


def test_the_test_page_carries_the_snippet_and_every_path_below_it(
    env: Environment, live: Environment, brand: int
) -> None:
    said = {"effect": "include", "how": "glob", "value": "/boutique/**"}
    one = entry(rules=[said])
    guide = pushed(env, guide_of(brand, one))
    page = env.get(f"/test/{brand}/{guide.id}?lang=en")
    assert page.status_code == 200
    assert 'cxone("guide", "init");' in page.text
    assert f"/test/{brand}/{guide.id}/boutique/page" in page.text
    deep = env.get(f"/test/{brand}/{guide.id}/boutique/chaussures?lang=fr&entry={one['id']}")
    assert f'cxone("guide", "init", "{one["id"]}");' in deep.text
    assert "<script>alert" not in env.get(f"/test/{brand}/{guide.id}?entry=<script>alert(1)</script>").text
    pushed(live, guide)
    assert live.get(f"/test/{brand}/{guide.id}").status_code == 403
