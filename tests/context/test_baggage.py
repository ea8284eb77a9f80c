"""Scopes in the header `baggage`: what is written can be read, and nothing else is believed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.context.baggage import IGNORED, read_baggage, write_baggage
from payi_transport.context.frame import Frame

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda text: text == text.strip()
)
PROPERTIES = st.dictionaries(TEXTS, TEXTS, max_size=3)
SCOPES = st.fixed_dictionaries(
    {},
    optional={
        "user_id": TEXTS,
        "account_name": TEXTS,
        "use_case_name": TEXTS,
        "use_case_version": st.integers(0, 2**31),
        "limit_ids": st.lists(TEXTS, min_size=1, max_size=3, unique=True).map(tuple),
        "request_tags": st.lists(TEXTS, min_size=1, max_size=3, unique=True).map(tuple),
        "request_properties": PROPERTIES.filter(bool),
        "log_prompt_and_response": st.booleans(),
    },
)


@given(SCOPES)
def test_what_is_written_is_read_again(scope: dict[str, Any]) -> None:
    headers: dict[str, str] = {}
    write_baggage(Frame(**scope), headers)
    assert all(value.isascii() and " " not in value for value in headers.values())
    assert read_baggage(headers) == scope


@given(st.text(max_size=200))
def test_any_header_can_be_read(text: str) -> None:
    for header in (text, f"payi.user_id={text}", f"payi.{text}", f"payi.request_properties=%7B{text}"):
        read_baggage({"baggage": header})


def test_plain_text_is_readable_for_others() -> None:
    headers: dict[str, str] = {}
    write_baggage(Frame(user_id="Zoë", request_tags=("a", "b")), headers)
    assert headers == {"baggage": "payi.user_id=Zo%C3%AB,payi.request_tags=a%2Cb"}


def test_members_of_others_stay_and_our_old_ones_go() -> None:
    headers = {"Baggage": "tenant=7;p=1, payi.user_id=old,payi.account_name=old"}
    write_baggage(Frame(user_id="new"), headers)
    assert headers == {"Baggage": "tenant=7;p=1,payi.user_id=new"}


def test_a_frame_without_values_leaves_no_header() -> None:
    headers = {"baggage": "payi.user_id=old"}
    write_baggage(Frame(), headers)
    assert headers == {}


def test_proxy_is_about_one_process_and_stays_there() -> None:
    headers: dict[str, str] = {}
    write_baggage(Frame(proxy=True), headers)
    assert headers == {}
    assert read_baggage({"baggage": "payi.proxy=True"}) == {}


@pytest.mark.parametrize(
    ("frame", "kept"),
    [
        (Frame(user_id="u", request_properties={"a": "x" * 9000}), {"user_id": "u"}),
        (Frame(user_id="u" * 9000, request_tags=("t",)), {"request_tags": ("t",)}),
        (Frame(account_name="a" * 5000, user_id="u" * 5000), {"user_id": "u" * 5000}),
    ],
    ids=["properties", "text", "both"],
)
def test_what_does_not_fit_is_left_out_and_counted(frame: Frame, kept: dict[str, Any]) -> None:
    before, headers = IGNORED.value, {"baggage": "other=1"}
    write_baggage(frame, headers)
    assert len(headers["baggage"]) <= 8192
    assert read_baggage(headers) == kept
    assert IGNORED.value == before + 1


def test_no_member_is_added_where_a_propagator_carries_no_more() -> None:
    others = ",".join(f"k{number}=v" for number in range(64))
    headers = {"baggage": others}
    write_baggage(Frame(user_id="u"), headers)
    assert headers == {"baggage": others}


@pytest.mark.parametrize(
    ("header", "scope", "ignored"),
    [
        ("", {}, 0),
        ("tenant=7", {}, 0),
        ("payi.user_id=a ; p=1 , x=2", {"user_id": "a"}, 0),
        ("payi.user_id=a,payi.user_id=b", {"user_id": "b"}, 0),
        # Of a version of this library that knows more fields.
        ("payi.planet=earth,payi.user_id=a", {"user_id": "a"}, 0),
        ("payi.user_id", {}, 1),
        ("payi.user_id=", {}, 1),
        ("payi.user_id=%FF%FE,payi.account_name=b", {"account_name": "b"}, 1),
        ("payi.use_case_version=1.5,payi.use_case_version=-1", {}, 2),
        ("payi.request_properties=%5B1%5D", {}, 1),
        (f"payi.user_id={'a' * 9000},payi.account_name=b", {}, 2),
    ],
    ids=repr,
)
def test_only_readable_values_of_fields_count(header: str, scope: dict[str, Any], ignored: int) -> None:
    before = IGNORED.value
    assert read_baggage({"BAGGAGE": header}) == scope
    assert IGNORED.value == before + ignored


def test_headers_may_be_pairs_of_bytes_and_come_more_than_once() -> None:
    pairs = [(b"host", b"x"), (b"Baggage", b"payi.user_id=a"), ("baggage", "payi.account_name=b")]
    assert read_baggage(pairs) == {"user_id": "a", "account_name": "b"}


def fill(length: int) -> str:
    """A member of another's, of so many bytes."""
    return "k=" + "v" * (length - 2)


@pytest.mark.parametrize(("length", "fits"), [(8177, True), (8178, False)])
def test_a_member_is_added_up_to_the_length_that_a_propagator_carries(length: int, fits: bool) -> None:
    headers = {"baggage": fill(length)}
    before = IGNORED.value
    write_baggage(Frame(user_id="u"), headers)
    assert headers["baggage"] == fill(length) + (",payi.user_id=u" if fits else "")
    assert IGNORED.value == before + (not fits)


@pytest.mark.parametrize(("count", "fits"), [(63, True), (64, False)])
def test_a_member_is_added_up_to_the_number_that_a_propagator_carries(count: int, fits: bool) -> None:
    headers = {"baggage": ",".join(f"k{number}=v" for number in range(count))}
    before = IGNORED.value
    write_baggage(Frame(user_id="u"), headers)
    assert len(headers["baggage"].split(",")) == 64
    assert ("payi.user_id=u" in headers["baggage"]) is fits
    assert IGNORED.value == before + (not fits)


def test_each_member_that_is_added_counts_for_the_next_one() -> None:
    frame = Frame(user_id="u" * 4000, account_name="a" * 4000, use_case_name="n" * 400, use_case_id="i")
    headers: dict[str, str] = {}
    before = IGNORED.value
    write_baggage(frame, headers)
    assert read_baggage(headers) == {
        "user_id": frame.user_id,
        "account_name": frame.account_name,
        "use_case_id": "i",
    }
    assert IGNORED.value == before + 1


@pytest.mark.parametrize(("length", "is_read"), [(8192, True), (8193, False)])
def test_a_header_is_read_up_to_the_same_length(length: int, is_read: bool) -> None:
    text = fill(length - 15) + ",payi.user_id=u"
    before = IGNORED.value
    assert read_baggage({"baggage": text}) == ({"user_id": "u"} if is_read else {})
    assert IGNORED.value == before + (not is_read)


def test_what_a_call_is_for_comes_before_what_may_be_long() -> None:
    headers: dict[str, str] = {}
    write_baggage(
        Frame(limit_ids=("l",), request_properties={"a": "b"}, user_id="u", use_case_version=0), headers
    )
    names = [member.partition("=")[0] for member in headers["baggage"].split(",")]
    assert names == ["payi.user_id", "payi.use_case_version", "payi.limit_ids", "payi.request_properties"]


def test_text_that_looks_like_an_escaped_header_comes_back_as_it_was() -> None:
    headers: dict[str, str] = {}
    write_baggage(Frame(user_id="UTF-8''%41", account_name="\u00fc"), headers)
    assert headers["baggage"].endswith("payi.account_name=%C3%BC")
    assert read_baggage(headers) == {"user_id": "UTF-8''%41", "account_name": "\u00fc"}
