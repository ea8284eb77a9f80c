"""The text of context headers: plain ASCII if possible, RFC 8187 otherwise, lenient in reading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.context.header_text import (
    UNREADABLE,
    decode_header,
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
