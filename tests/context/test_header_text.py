"""The text of context headers: plain ASCII if possible, RFC 8187 otherwise, lenient in reading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.context.header_text import (
    UNREADABLE,
    decode_header,
    encode_properties,
    read_list,
    read_logging,
    read_properties,
    read_switch,
    read_text,
    read_version,
    to_properties,
    to_text,
    write_list,
    write_logging,
    write_properties,
    write_text,
)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("user-42", "user-42"),
        ("two words", "two words"),
        ("a,b", "a,b"),
        ("100%", "100%"),
        ("", ""),
        (7, "7"),
        (" spaced", "UTF-8''%20spaced"),
        ("ä", "UTF-8''%C3%A4"),
        # RFC 8187 has no slash in what is escaped.
        ("ä/b", "UTF-8''%C3%A4%2Fb"),
        ("a\r\nb", "UTF-8''a%0D%0Ab"),
        ("utf-8''%41", "UTF-8''utf-8%27%27%2541"),
    ],
)
def test_text_is_written_plainly_if_it_is_ascii_and_as_an_extended_value_otherwise(
    value: object, written: str
) -> None:
    assert write_text(value) == written
    assert read_text(written) == (str(value) or None)


def test_a_comma_in_a_list_item_is_escaped_and_empty_items_are_dropped() -> None:
    assert write_list(["a,b", " c ", "", "ä"]) == "UTF-8''a%2Cb,c,UTF-8''%C3%A4"
    assert read_list("UTF-8''a%2Cb, c,,c ,UTF-8''%C3%A4") == ("a,b", "c", "ä")


def test_properties_are_compact_json_and_are_read_from_its_base64_too() -> None:
    assert write_properties({"a": 1, "ä": None, "b": "x"}) == '{"a":"1","b":"x"}'
    assert write_properties({}) == ""
    assert read_properties('{"a": 0.5, "b": null}') == {"a": "0.5"}
    assert read_properties("eyJhIjoiMSJ9") == {"a": "1"}
    assert read_properties("") == {}


@pytest.mark.parametrize("text", ["0", "False", "no", "OFF"])
def test_a_switch_is_off_for_the_usual_words_and_on_for_all_others(text: str) -> None:
    assert (read_switch(text), read_switch("True"), read_switch("")) == (False, True, None)
    assert (read_logging(text), read_logging("True"), read_logging("")) == (True, False, None)
    assert (write_logging(True), write_logging(False)) == ("False", "True")


@pytest.mark.parametrize("text", ["three", "-1", "9" * 30, "9" * 10_000, "1.5"])
def test_a_version_out_of_range_is_unreadable(text: str) -> None:
    with pytest.raises(UNREADABLE):
        read_version(text)
    assert (read_version("0"), read_version("")) == (0, None)


def test_header_bytes_are_utf_8_or_else_latin_1() -> None:
    assert decode_header(" Zoë ".encode()) == decode_header("Zoë".encode("latin-1")) == "Zoë"


def test_lone_surrogates_become_question_marks() -> None:
    assert to_text("a\ud800b") == "a?b"
    assert to_properties({"\ud800": "\udfff", "none": None, 3: 4}) == {"?": "?", "3": "4"}


texts = st.text(alphabet=st.characters(codec="utf-8"), min_size=1)


@given(texts)
def test_any_text_is_written_as_printable_ascii_and_reads_back(text: str) -> None:
    written = write_text(text)
    assert written.isascii() and written.isprintable()
    assert read_text(decode_header(written.encode())) == text


@pytest.mark.parametrize(("version", "is_read"), [(2**53, True), (2**53 + 1, False), (0, True), (-1, False)])
def test_a_version_is_a_number_that_json_carries(version: int, is_read: bool) -> None:
    if is_read:
        assert read_version(str(version)) == version
    else:
        with pytest.raises(ValueError, match="out of range"):
            read_version(str(version))


@pytest.mark.parametrize(
    ("items", "written"),
    [
        (["a b"], "a b"),
        (["a"], "a"),
        (["~!-+"], "~!-+"),
        (["a,"], "UTF-8''a%2C"),
        (["a\tb", "x"], "UTF-8''a%09b,x"),
        (["utf-8''x"], "UTF-8''utf-8%27%27x"),
        ([7, None, ""], "7,None"),
        ([" ", ""], ""),
        (["\x7f"], "UTF-8''%7F"),
    ],
)
def test_an_item_of_a_list_is_plain_unless_it_cannot_be(items: list[object], written: str) -> None:
    assert write_list(items) == written


@pytest.mark.parametrize("value", ["a", "~", "!", "a b", "-"])
def test_one_character_is_plain_text_too(value: str) -> None:
    assert write_text(value) == value


def test_properties_in_base64_are_those_of_the_proxy_and_nothing_else() -> None:
    assert encode_properties({"a": "1"}) == "eyJhIjoiMSJ9"
    assert encode_properties({}) == ""
    with pytest.raises(UNREADABLE):
        read_properties("eyJh IjoiMSJ9")
