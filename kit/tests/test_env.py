"""Reading settings from the environment."""

import pytest

from kit import env


def test_a_missing_setting_names_itself_and_shows_an_example() -> None:
    with pytest.raises(env.MissingSetting) as caught:
        env.text("DATABASE_URL", example="postgresql://me@db/chat", source={})
    assert str(caught.value) == "DATABASE_URL is not set. Example: DATABASE_URL=postgresql://me@db/chat"
    assert caught.value.name == "DATABASE_URL"


def test_an_empty_setting_counts_as_missing() -> None:
    with pytest.raises(env.MissingSetting):
        env.text("A", source={"A": "  "})
    assert env.text("A", "fallback", source={"A": ""}) == "fallback"
    assert env.integer("A", 7, source={"A": ""}) == 7
    assert env.csv("A", (), source={"A": ""}) == ()


def test_the_real_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATADMIN_A_TEST", " here ")
    assert env.text("CHATADMIN_A_TEST") == "here"


@pytest.mark.parametrize(
    ("raw", "value"), [("1", True), ("Yes", True), ("on", True), ("0", False), ("FALSE", False)]
)
def test_booleans(raw: str, value: bool) -> None:
    assert env.boolean("A", source={"A": raw}) is value
    assert env.boolean("B", value, source={}) is value


def test_lists_numbers_and_json() -> None:
    assert env.csv("A", source={"A": " a, b ,,c,"}) == ("a", "b", "c")
    assert env.integer("A", source={"A": "8001"}) == 8001
    assert env.json("A", source={"A": '{"kty":"OKP"}'}) == {"kty": "OKP"}
    assert env.json("A", None, source={}) is None


@pytest.mark.parametrize(
    ("read", "raw"), [(env.integer, "80a"), (env.boolean, "perhaps"), (env.json, "{"), (env.integer, "1.5")]
)
def test_an_unreadable_setting_says_which_and_how(read: object, raw: str) -> None:
    with pytest.raises(env.MissingSetting, match=r"^PORT is n.* Example: PORT="):
        read("PORT", source={"PORT": raw})  # type: ignore[operator]
