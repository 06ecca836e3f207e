"""Which files a channel takes: the section, what is served of it, and the verdict on a file."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from file_restrictions import media_types, rules
from file_restrictions.rules import MEGABYTE, Problem, Verdict, default_section, problems, served, verdict

from . import hostile
from .kinds import KINDS, elf, jpeg, pdf, pe, png, zipped

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def section(*allowed: str | tuple[str, int], **changes: Any) -> dict[str, Any]:
    """The default section with these allowed types (a pair carries its own size) and changes."""
    out = default_section() | changes
    if allowed:
        pairs = [(one, None) if isinstance(one, str) else one for one in allowed]
        out["allowed_types"] = [
            {"media_type": name, "description": "", "max_size_mb": size} for name, size in pairs
        ]
    return out


def judge(where: dict[str, Any], name: str, content: bytes, declared: str = "") -> Verdict:
    return verdict(where, name, declared, len(content), content)


def codes(where: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem.path, problem.code) for problem in problems(where)]


# --- the section -----------------------------------------------------------------------------------------------------


def test_a_new_channel_has_the_ten_types_and_forty_megabytes() -> None:
    new = default_section()
    assert problems(new) == []
    assert [(one["media_type"], one["description"]) for one in new["allowed_types"]] == [
        ("application/pdf", ".pdf"),
        ("application/msword", ".doc"),
        (DOCX, ".docx"),
        ("application/vnd.ms-excel", ".xls"),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
        ("application/vnd.ms-powerpoint", ".ppt"),
        ("application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"),
        ("image/*", "images"),
        ("video/*", "videos"),
        ("audio/*", "audio files"),
    ]


def test_the_default_section_is_the_golden_file() -> None:
    golden = Path(__file__).parent / "golden_section.json"
    assert json.dumps(default_section(), indent=1, sort_keys=True) + "\n" == golden.read_text(
        encoding="utf-8"
    )


def test_two_calls_give_two_sections() -> None:
    default_section()["allowed_types"].clear()
    assert len(default_section()["allowed_types"]) == 10


@pytest.mark.parametrize("value", [0, -1, 41, 10**9])
def test_a_size_out_of_range_is_named(value: int) -> None:
    assert codes(section(max_size_mb=value)) == [("max_size_mb", "out_of_range")]


@pytest.mark.parametrize("value", ["40", 1.5, None, True, [], "4O"])
def test_a_size_that_is_no_whole_number_is_named(value: object) -> None:
    assert codes(section(max_size_mb=value)) == [("max_size_mb", "not_a_whole_number")]


def test_forty_and_one_are_sizes() -> None:
    assert codes(section(max_size_mb=40)) == codes(section("image/*", max_size_mb=1)) == []


def test_a_type_s_own_size_stays_within_the_channel_s() -> None:
    assert codes(section(("image/*", 11), max_size_mb=10)) == [
        ("allowed_types.0.max_size_mb", "over_channel_maximum")
    ]
    assert codes(section(("image/*", 41), max_size_mb=10)) == [
        ("allowed_types.0.max_size_mb", "out_of_range")
    ]
    assert codes(section(("image/*", 10), max_size_mb=10)) == []


def test_a_type_twice_is_an_error_because_a_mobile_client_crashes_on_it() -> None:
    assert problems(section("image/png", "image/png")) == [
        Problem("allowed_types.1.media_type", "duplicate", value="image/png", other="allowed_types.0")
    ]


def test_an_alias_of_a_type_that_is_there_is_said() -> None:
    assert problems(section("image/jpeg", "image/jpg")) == [
        Problem("allowed_types.1.media_type", "same_type", "warning", "image/jpg", other="allowed_types.0")
    ]


def test_a_type_that_a_wider_one_covers_is_said_unless_it_has_a_size_of_its_own() -> None:
    assert problems(section("image/png", "image/*")) == [
        Problem("allowed_types.0.media_type", "covered", "warning", "image/png", other="allowed_types.1")
    ]
    assert problems(section(("image/png", 2), "image/*")) == []


def test_a_drawing_and_a_program_are_not_covered_by_ranges() -> None:
    assert problems(section("image/*", "image/svg+xml", "application/*", "application/x-msi")) == []
    assert codes(section("*", "application/x-msi")) == []


@pytest.mark.parametrize(
    ("typed", "code", "suggestion"),
    [
        ("image/bmo", "unknown_type", "image/bmp"),
        ("audio / mp4", "malformed", "video/mp4"),
        (".pdf", "malformed", "application/pdf"),
        ("docx", "malformed", DOCX),
        ("audio", "malformed", "audio/*"),
        ("images", "malformed", "image/*"),
        ("*/*", "malformed", "*"),
        ("aplication/pdf", "unknown_category", "application/pdf"),
        ("text/htlm", "unknown_type", "text/html"),
        ("image/*;q=1", "malformed", "image/*"),
    ],
)
def test_a_near_miss_is_answered_with_what_was_meant(typed: str, code: str, suggestion: str) -> None:
    found = problems(section(typed))
    assert [(one.path, one.code) for one in found] == [("allowed_types.0.media_type", code)]
    assert found[0].suggestions[0] == suggestion


@pytest.mark.parametrize(
    "typed",
    [
        "<script>alert(1)</script>",
        "{{ 7 }}",
        '";',
        "image/\u202epng",
        "a" * 300 + "/b",
        "/",
        "image/",
        "/png",
    ],
)
def test_what_is_no_media_type_is_an_error(typed: str) -> None:
    found = problems(section(typed))
    assert [(one.code, one.level) for one in found] == [("malformed", "error")]
    assert len(found[0].value) <= 100


def test_a_vendor_s_own_type_is_allowed_with_a_warning() -> None:
    assert [(one.code, one.level) for one in problems(section("application/vnd.acme.plan"))] == [
        ("unknown_type", "warning")
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"format": 2}, ("format", "wrong_format")),
        ({"allow_macros": "yes"}, ("allow_macros", "not_a_switch")),
        ({"is_attachments_enabled": None}, ("is_attachments_enabled", "not_a_switch")),
        ({"allowed_types": "image/*"}, ("allowed_types", "not_a_list")),
        ({"allowed_types": []}, ("allowed_types", "no_types")),
        ({"allowed_types": [7]}, ("allowed_types.0", "not_an_entry")),
        (
            {"allowed_types": [{"media_type": 7, "description": "", "max_size_mb": None}]},
            ("allowed_types.0.media_type", "not_a_text"),
        ),
        (
            {"allowed_types": [{"media_type": "", "description": "", "max_size_mb": None}]},
            ("allowed_types.0.media_type", "empty"),
        ),
        (
            {"allowed_types": [{"media_type": "a/b", "description": "x" * 101, "max_size_mb": None}]},
            ("allowed_types.0.description", "description_too_long"),
        ),
        ({"allowed_types": [{"media_type": "image/*"}] * 201}, ("allowed_types", "too_many_types")),
    ],
)
def test_a_broken_section_is_described_not_raised(change: dict, expected: tuple[str, str]) -> None:
    assert expected in codes(default_section() | change)


def test_no_types_at_all_is_fine_when_attachments_are_off() -> None:
    assert codes(default_section() | {"is_attachments_enabled": False, "allowed_types": []}) == []


def test_a_section_is_brought_into_one_notation() -> None:
    raw = {"format": 1, "allowed_types": [{"media_type": " IMAGE/PNG ", "description": " png "}]}
    assert rules.normalised(raw) == section("image/png") | {
        "allowed_types": [{"media_type": "image/png", "description": "png", "max_size_mb": None}]
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3)
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(default_section())), json_values))
def test_problems_of_any_json_are_found_without_an_error(change: dict) -> None:
    assert isinstance(problems(rules.normalised(default_section() | change)), list)


# --- what clients are served -----------------------------------------------------------------------------------------


def test_clients_are_served_the_contract_s_shape() -> None:
    out = served(section("image/*", "application/pdf", max_size_mb=12))
    assert out == {
        "allowedFileSize": "12",
        "allowedFileTypes": [
            {"mimeType": "image/*", "description": ""},
            {"mimeType": "application/pdf", "description": ""},
        ],
        "isAttachmentsEnabled": True,
    }


def test_a_star_is_served_as_what_mobile_clients_resolve() -> None:
    types = [one["mimeType"] for one in served(section("*"))["allowedFileTypes"]]
    assert types[:4] == ["image/*", "video/*", "audio/*", "text/*"]
    assert {"application/pdf", "application/zip", DOCX, "application/vnd.ms-excel", "application/rtf"} <= set(
        types
    )
    assert not [one for one in types if one in ("*", "*/*") or one == "application/*" or one.count("/") != 1]


def test_a_star_serves_no_program_and_no_macros_unless_they_are_allowed() -> None:
    types = {one["mimeType"] for one in served(section("*"))["allowedFileTypes"]}
    assert not [
        one for one in types if media_types.has_trait(one, "program") or media_types.has_trait(one, "macros")
    ]
    assert "application/vnd.ms-word.document.macroenabled.12" in {
        one["mimeType"] for one in served(section("*", allow_macros=True))["allowedFileTypes"]
    }


def test_application_star_is_served_as_concrete_types() -> None:
    types = [one["mimeType"] for one in served(section("application/*"))["allowedFileTypes"]]
    assert "application/pdf" in types
    assert {one.partition("/")[0] for one in types} == {"application"}


@pytest.mark.parametrize(
    "allowed",
    [("*", "image/*", "application/pdf"), ("application/pdf", "*"), ("application/*", "*", "font/*")],
)
def test_no_media_type_is_served_twice(allowed: tuple[str, ...]) -> None:
    types = [one["mimeType"] for one in served(section(*allowed))["allowedFileTypes"]]
    assert len(types) == len(set(types))


def test_everything_a_star_accepts_has_a_served_type_that_lets_the_client_send_it() -> None:
    types = {one["mimeType"] for one in served(section("*"))["allowedFileTypes"]}
    for kind in KINDS.values():
        if (
            judge(section("*"), kind.name, kind.content).accepted
            and kind.media_type != "application/octet-stream"
        ):
            assert {kind.media_type, kind.media_type.partition("/")[0] + "/*"} & types, kind.name


# --- the verdict -----------------------------------------------------------------------------------------------------


def test_forty_megabytes_to_the_byte_pass_and_one_more_does_not() -> None:
    limit = 40 * 1024 * 1024
    content = jpeg() + bytes(limit - len(jpeg()))
    assert judge(default_section(), "photo.jpg", content).accepted
    refused = verdict(default_section(), "photo.jpg", "image/jpeg", limit + 1, io.BytesIO(content + b"\0"))
    assert (refused.accepted, refused.code, refused.params["limit"]) == (False, "too_large", "40")


def test_a_file_too_large_is_refused_without_a_look_at_it() -> None:
    class Closed(io.BytesIO):
        def read(self, length: int | None = -1, /) -> bytes:
            raise AssertionError("nobody needs to read this")

    assert verdict(default_section(), "a.png", "", 41 * MEGABYTE, Closed()).code == "too_large"


def test_a_type_s_own_size_counts() -> None:
    where = section(("image/jpeg", 1), "image/*")
    small, large = jpeg() + bytes(MEGABYTE - len(jpeg())), jpeg() + bytes(MEGABYTE)
    assert (judge(where, "a.jpg", small).accepted, judge(where, "a.jpg", small).limit) == (True, MEGABYTE)
    assert judge(where, "a.jpg", large).code == "too_large_for_type"


def test_nothing_passes_when_attachments_are_off() -> None:
    assert judge(section(is_attachments_enabled=False), "a.png", png()).code == "attachments_off"


def test_an_empty_file_is_refused() -> None:
    assert judge(section("*"), "a.txt", b"").code == "empty"


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_file_passes_by_its_concrete_type(name: str) -> None:
    kind = KINDS[name]
    where = section(kind.media_type, allow_macros=True, allow_archives_with_executables=True)
    found = judge(where, name, kind.content)
    assert (found.accepted, found.media_type, found.rule) == (True, kind.media_type, kind.media_type)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_file_does_not_pass_as_another_type_whatever_it_says(name: str) -> None:
    kind = KINDS[name]
    # Allowed is something this file is not; name and sender both say it is that.
    other, extension = ("image/png", "png") if kind.media_type != "image/png" else ("application/pdf", "pdf")
    found = judge(section(other), f"x.{extension}", kind.content, other)
    assert not found.accepted
    assert found.code in ("not_what_it_says", "program", "macros", "bomb", "unreadable_archive")


@pytest.mark.parametrize(
    ("content", "declared", "name"),
    [
        (b"<?php echo 1; ?>", "image/png", "photo.png"),
        (pe(), "image/png", "photo.png"),
        (elf(), "application/pdf", "report.pdf"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "image/png", "photo.png"),
        (b"<html><script>1</script></html>", "image/gif", "photo.gif"),
    ],
)
def test_active_content_under_a_picture_s_name_is_refused(content: bytes, declared: str, name: str) -> None:
    assert not judge(default_section(), name, content, declared).accepted


def test_all_pictures_means_no_drawing_that_runs_scripts() -> None:
    drawing = KINDS["drawing.svg"].content
    assert judge(section("image/*"), "a.svg", drawing, "image/svg+xml").code == "type_not_allowed"
    assert judge(section("image/svg+xml"), "a.svg", drawing).accepted
    assert judge(section("*"), "a.svg", drawing).accepted


def test_no_drawing_is_ever_shown_inline() -> None:
    assert not judge(section("image/svg+xml"), "a.svg", KINDS["drawing.svg"].content).inline
    assert judge(section("image/*"), "a.png", png()).inline


@pytest.mark.parametrize("allowed", ["*", "application/*"])
def test_a_range_never_means_programs(allowed: str) -> None:
    assert judge(section(allowed), "setup.exe", pe()).code == "program"
    assert judge(section(allowed), "setup.msi", KINDS["setup.msi"].content).code == "program"


def test_a_program_passes_when_the_admin_names_its_type_by_any_alias() -> None:
    assert judge(section("application/x-msdownload"), "setup.exe", pe()).accepted


def test_a_program_s_name_on_a_picture_is_refused_even_when_the_picture_is_allowed_by_name() -> None:
    assert judge(section("image/png"), "photo.exe", png()).code == "program"
    assert judge(section("image/png"), "photo\u202egnp.exe", png()).code == "program"


@pytest.mark.parametrize(
    "make",
    [
        hostile.gif_and_javascript,
        hostile.jpeg_and_php,
        hostile.pdf_and_zip,
        hostile.png_and_html,
        hostile.jpeg_and_pdf,
        hostile.html_and_pdf,
        hostile.pdf_and_tar,
    ],
)
def test_a_file_that_is_two_formats_is_refused_even_when_everything_is_allowed(
    make: Callable[[], bytes],
) -> None:
    everything = section("*", "text/html", allow_macros=True, allow_archives_with_executables=True)
    assert judge(everything, "photo.gif", make()).code == "two_formats"


@pytest.mark.parametrize(
    "make",
    [
        hostile.docx_with_macros,
        hostile.xlsx_with_macro_sheet,
        hostile.xls_with_macro_sheet,
        hostile.ppt_with_macros,
    ],
)
def test_macros_need_their_switch(make: Callable[[], bytes]) -> None:
    assert judge(default_section(), "a", make()).code == "macros"
    assert judge(section(allow_macros=True), "a", make()).accepted


def test_a_macro_document_called_an_ordinary_one_is_told_as_what_it_is() -> None:
    content = KINDS["letter-macros.docm"].content
    assert judge(default_section(), "letter.docx", content, DOCX).code == "macros"
    assert judge(section(allow_macros=True), "letter.docx", content, DOCX).code == "not_what_it_says"


@pytest.mark.parametrize(
    "make",
    [
        hostile.zip_with_program,
        hostile.zip_with_disguised_program,
        hostile.zip_in_zip_with_program,
        hostile.tgz_with_program,
    ],
)
def test_an_archive_with_a_program_needs_its_switch(make: Callable[[], bytes]) -> None:
    refused = judge(section("application/zip", "application/gzip"), "a.zip", make())
    assert refused.code == "program_inside"
    assert refused.params["program"]
    assert judge(
        section("application/zip", "application/gzip", allow_archives_with_executables=True), "a.zip", make()
    ).accepted


def test_an_archive_that_cannot_be_looked_into_counts_as_one_with_a_program() -> None:
    content = KINDS["archive.cab"].content
    assert judge(section("application/vnd.ms-cab-compressed"), "a.cab", content).code == "unreadable_archive"
    assert judge(
        section("application/vnd.ms-cab-compressed", allow_archives_with_executables=True), "a.cab", content
    ).accepted


def test_a_bomb_is_refused_whatever_is_allowed() -> None:
    assert (
        judge(section("*", allow_archives_with_executables=True), "a.zip", hostile.bomb_flat()).code == "bomb"
    )


def test_a_photograph_under_another_picture_s_name_is_accepted_as_what_it_is() -> None:
    found = judge(section("image/*"), "photo.png", jpeg(), "image/png")
    assert (found.accepted, found.media_type, found.claimed) == (True, "image/jpeg", "image/png")


def test_a_file_without_an_extension_gets_its_type_s() -> None:
    assert judge(section("*"), "rapport", pdf()).name == "rapport.pdf"
    assert judge(section("*"), "", png()).name == "file.png"


def test_a_type_that_bytes_cannot_confirm_passes_only_when_the_admin_names_it() -> None:
    data = bytes(range(1, 256)) * 3
    where = section("application/vnd.acme.plan", "image/*")
    found = judge(where, "plan.acm", data, "application/vnd.acme.plan")
    assert (found.accepted, found.media_type, found.verified) == (True, "application/vnd.acme.plan", False)
    assert not judge(section("application/*"), "photo.png", data, "image/png").verified
    assert not judge(where, "photo.png", data, "image/png").accepted
    assert not judge(where, "plan.acm", png() + hostile.SCRIPT, "application/vnd.acme.plan").accepted


def test_a_claim_that_the_bytes_could_have_confirmed_does_not_pass_unconfirmed() -> None:
    data = bytes(range(1, 256)) * 3
    assert judge(section("application/pdf"), "a.pdf", data, "application/pdf").code == "not_what_it_says"


def test_a_structured_suffix_is_taken_at_its_word() -> None:
    content = b'{"type": "x", "a": [1, 2]}'
    assert judge(section("application/vnd.acme+json"), "a", content, "application/vnd.acme+json").accepted
    assert not judge(section("application/vnd.acme+xml"), "a", content, "application/vnd.acme+xml").accepted


def test_the_most_precise_rule_decides() -> None:
    where = section("*", ("image/*", 2), ("image/png", 1))
    assert judge(where, "a.png", png()).rule == "image/png"
    assert judge(where, "a.jpg", jpeg()).rule == "image/*"
    assert judge(where, "a.pdf", pdf()).rule == "*"


def test_every_refusal_has_a_sentence() -> None:
    refused = judge(default_section(), "<script>.png", zipped({"a": b"x"}))
    assert refused.reason == "The file says it is image/png, but it is application/zip."
    assert refused.name == "_script_.png"


def test_the_section_is_not_changed_by_a_verdict() -> None:
    where = default_section()
    before = copy.deepcopy(where)
    judge(where, "a.png", png())
    served(where)
    problems(where)
    assert where == before


@settings(max_examples=150, deadline=None)
@given(name=st.text(max_size=300), declared=st.text(max_size=60), content=st.binary(max_size=400))
def test_any_file_gets_a_verdict_without_an_error(name: str, declared: str, content: bytes) -> None:
    found = judge(section("*"), name, content, declared)
    assert found.reason
    assert 0 < len(found.name.encode()) <= 255
