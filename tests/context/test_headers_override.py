"""The headers of a call replace the values of its context, and what is written reads back."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from payi_transport import PayiHeaderNames, create_headers
from payi_transport.context.fields import Scope
from payi_transport.context.frame import Frame, enter_scope
from payi_transport.context.headers import override_frame
from payi_transport.values.headers import Headers

CONTEXT = Frame(
    limit_ids=("outer",),
    use_case_name="bot",
    use_case_id="7",
    use_case_version=3,
    use_case_step="draft",
    user_id="u",
    account_name="acme",
    request_properties={"a": "1"},
    use_case_properties={"b": "2"},
    request_tags=("t",),
    log_prompt_and_response=False,
    price_as_category="c",
    price_as_resource="r",
    resource_scope="global",
    proxy=True,
)


def wire(headers: Any) -> Headers:
    """Headers as a transport has them."""
    pairs = httpx.Headers(headers).raw
    return tuple(part for pair in pairs for part in pair)


def override(headers: Any, frame: Frame = CONTEXT) -> Frame:
    """`frame` with the values of headers, none of which is malformed."""
    malformed: list[str] = []
    overridden = override_frame(frame, wire(headers), malformed.append)
    assert malformed == []
    return overridden


def changes(frame: Frame, before: Frame = CONTEXT) -> dict[str, Any]:
    """The fields that differ."""
    return {
        name: getattr(frame, name)
        for name in Frame.__struct_fields__
        if getattr(frame, name) != getattr(before, name)
    }


def test_without_values_there_are_no_headers_and_no_changes() -> None:
    assert create_headers() == {}
    assert override({}) == CONTEXT
    assert override({"content-type": "application/json", "x-proxy": "1"}) == CONTEXT


# The headers of a call inside CONTEXT, and the fields that they change.
CASES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "limits replace": (create_headers(limit_ids=["x", "y", "x"]), {"limit_ids": ("x", "y")}),
    "no limits": (create_headers(limit_ids=[]), {"limit_ids": ()}),
    "tags replace": (create_headers(request_tags=["x"]), {"request_tags": ("x",)}),
    "no tags": (create_headers(request_tags=[]), {"request_tags": ()}),
    "a user": (create_headers(user_id="v"), {"user_id": "v"}),
    "no user": (create_headers(user_id=""), {"user_id": None}),
    "a header in any case": ({"XPROXY-user-id": "v"}, {"user_id": "v"}),
    "an account": (create_headers(account_name="v"), {"account_name": "v"}),
    "no account": (create_headers(account_name=""), {"account_name": None}),
    "a category": (create_headers(price_as_category="v"), {"price_as_category": "v"}),
    "a resource": (create_headers(price_as_resource="v"), {"price_as_resource": "v"}),
    "no resource": (create_headers(price_as_resource=""), {"price_as_resource": None}),
    "a scope": (create_headers(resource_scope="region"), {"resource_scope": "region"}),
    "properties replace": (create_headers(request_properties={"z": "9"}), {"request_properties": {"z": "9"}}),
    "no properties": (create_headers(request_properties={}), {"request_properties": {}}),
    "properties in base64": (
        {"xProxy-Request-Properties": base64.b64encode('{"ä":"ö"}'.encode()).decode()},
        {"request_properties": {"ä": "ö"}},
    ),
    "properties that are no text": (
        {"xProxy-Request-Properties": '{"a": 1, "b": 0.5, "c": null}'},
        {"request_properties": {"a": "1", "b": "0.5"}},
    ),
    "logging on": (create_headers(log_prompt_and_response=True), {"log_prompt_and_response": True}),
    "logging off": (create_headers(log_prompt_and_response=False), {}),
    "logging as the process has it": ({"xProxy-Logging-Disable": ""}, {"log_prompt_and_response": None}),
    "an id": (create_headers(use_case_id="8"), {"use_case_id": "8"}),
    "no id": (create_headers(use_case_id=""), {"use_case_id": None}),
    "a version": (create_headers(use_case_version=0), {"use_case_version": 0}),
    "no version": ({"xProxy-UseCase-Version": ""}, {"use_case_version": None}),
    "a step": (create_headers(use_case_step="v"), {"use_case_step": "v"}),
    "use case properties": (
        create_headers(use_case_properties={"z": "9"}),
        {"use_case_properties": {"z": "9"}},
    ),
    "the same use case": (
        create_headers(use_case_name="bot"),
        {"use_case_id": None, "use_case_version": None, "use_case_step": None},
    ),
    "another use case": (
        create_headers(use_case_name="other"),
        {
            "use_case_name": "other",
            "use_case_id": None,
            "use_case_version": None,
            "use_case_step": None,
            "use_case_properties": {},
        },
    ),
    "another use case with all of its own": (
        create_headers(
            use_case_name="other",
            use_case_id="8",
            use_case_version=4,
            use_case_step="final",
            use_case_properties={"z": "9"},
        ),
        {
            "use_case_name": "other",
            "use_case_id": "8",
            "use_case_version": 4,
            "use_case_step": "final",
            "use_case_properties": {"z": "9"},
        },
    ),
    "no use case": (
        create_headers(use_case_name="", use_case_id="8", use_case_step="final"),
        {
            "use_case_name": None,
            "use_case_id": None,
            "use_case_version": None,
            "use_case_step": None,
            "use_case_properties": {},
        },
    ),
}


@pytest.mark.parametrize(("headers", "expected"), CASES.values(), ids=CASES.keys())
def test_a_header_replaces_the_value_of_the_context(
    headers: dict[str, str], expected: dict[str, Any]
) -> None:
    assert changes(override(headers)) == expected


def test_if_a_header_comes_twice_the_last_one_wins() -> None:
    assert override([("xProxy-User-ID", "client"), ("xproxy-user-id", "call")]).user_id == "call"


BAD = [
    ("xProxy-Request-Properties", b"{"),
    ("xProxy-Request-Properties", b"a=1"),
    ("xProxy-Request-Properties", b"W10="),
    ("xProxy-UseCase-Properties", b"[]"),
    ("xProxy-UseCase-Properties", b'{"a":' * 100_000),
    ("xProxy-UseCase-Properties", b'{"a":"\xff"}'[:-1]),
    ("xProxy-UseCase-Version", b"three"),
    ("xProxy-UseCase-Version", b"-1"),
    ("xProxy-UseCase-Version", b"9" * 30),
    ("xProxy-UseCase-Version", b"9" * 10_000),
]


@pytest.mark.parametrize(("name", "value"), BAD, ids=range(len(BAD)))
def test_a_malformed_header_is_skipped_and_reported_by_its_name(name: str, value: bytes) -> None:
    malformed: list[str] = []
    headers = (name.encode(), value, b"xProxy-User-ID", b"v")
    assert changes(override_frame(CONTEXT, headers, malformed.append)) == {"user_id": "v"}
    assert malformed == [name]


def test_headers_in_utf_8_and_in_latin_1_are_read() -> None:
    for coding in ("utf-8", "latin-1"):
        headers = (b"xproxy-user-id", "Zoë".encode(coding))
        assert override_frame(CONTEXT, headers, pytest.fail).user_id == "Zoë"


texts = st.text(alphabet=st.characters(codec="utf-8"), min_size=1)
lists = st.lists(texts.map(str.strip).filter(bool), unique=True)
written = st.fixed_dictionaries(
    {},
    optional={
        "use_case_name": texts,
        "use_case_id": texts,
        "use_case_version": st.integers(0, 2**53),
        "use_case_step": texts,
        "user_id": texts,
        "account_name": texts,
        "price_as_category": texts,
        "price_as_resource": texts,
        "resource_scope": texts,
        "request_properties": st.dictionaries(texts, texts),
        "use_case_properties": st.dictionaries(texts, texts),
        "limit_ids": lists,
        "request_tags": lists,
        "log_prompt_and_response": st.booleans(),
    },
)


@given(written)
@example({"user_id": "UTF-8''already", "account_name": " spaced ", "limit_ids": ["a,b", "utf-8''%41"]})
@example({"user_id": "line\r\nxProxy-Api-Key: stolen", "use_case_name": "100%", "use_case_step": "a%20b"})
def test_any_text_in_any_header_reads_back_through_ascii(values: Any) -> None:
    headers = create_headers(**values)
    assert all(value.isascii() and value.isprintable() for value in headers.values())
    frame = override(headers, Frame())
    expected = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    assert frame == msgspec.structs.replace(Frame(), **expected)


@given(texts)
def test_headers_have_the_effect_of_a_scope_with_the_same_values(text: str) -> None:
    scope: Scope = {"user_id": text, "request_properties": {text: text}}
    assert override(create_headers(user_id=text, request_properties={text: text}), Frame()) == enter_scope(
        Frame(), scope
    )


header_names = st.sampled_from([value for name, value in vars(PayiHeaderNames).items() if name[0] != "_"])


@given(st.lists(st.tuples(header_names, st.binary())))
def test_no_bytes_raise_or_make_a_frame_that_can_not_be_sent(pairs: list[tuple[str, bytes]]) -> None:
    headers = tuple(part for name, value in pairs for part in (name.encode(), value))
    frame = override_frame(CONTEXT, headers, lambda name: None)
    assert msgspec.json.decode(msgspec.json.encode(frame), type=Frame) == frame
