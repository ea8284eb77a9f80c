"""JSON that `json.loads` reads is read, and changed no more than msgspec needs."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.values.lenient_json import decode, mend

anything = msgspec.json.Decoder()
raw_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])

# What is sent, and what is left of it in strict JSON.
MENDED: dict[str, tuple[bytes, bytes]] = {
    "NaN": (b'{"a": NaN}', b'{"a": null}'),
    "infinities": (b"[Infinity,-Infinity , 1]", b"[null,null , 1]"),
    "a number that overflows": (b"[1e999, -1.5E+400, 1e5, 2.5e-999]", b"[null, null, 1e5, 2.5e-999]"),
    "a number of very many digits": (b"[" + b"9" * 5000 + b".5]", b"[null]"),
    "half a pair": (rb'{"\ud83d": "\uDE00"}', rb'{"\ufffd": "\ufffd"}'),
    "a half before another escape": (rb'"\ud83d\u0041\ud83d\n"', rb'"\ufffd\u0041\ufffd\n"'),
    "a half beside a pair": (rb'"\ud83d\ud83d\ude00"', rb'"\ufffd\ud83d\ude00"'),
    "a byte order mark": (b'\xef\xbb\xbf{"a":1}', b'{"a":1}'),
    "bytes that are not UTF-8": (b'{"a":"\xff"}', '{"a":"�"}'.encode()),
    "UTF-16": ('{"a":"ü"}'.encode("utf-16"), '{"a":"ü"}'.encode()),
    "UTF-16 without a mark": ('{"a":"ü"}'.encode("utf-16-be"), '{"a":"ü"}'.encode()),
    "UTF-32": ('{"a":"ü"}'.encode("utf-32"), '{"a":"ü"}'.encode()),
    "texts about them": (
        rb'{"a":NaN,"NaN":"NaN, \"Infinity\", 1e999, \\ud83d"}',
        rb'{"a":null,"NaN":"NaN, \"Infinity\", 1e999, \\ud83d"}',
    ),
    "control characters in a string": (
        b'{"a":"b\n\0c\\\\","d":\n"e"}',
        rb'{"a":"b\u000a\u0000c\\","d":' + b'\n"e"}',
    ),
    "a text that is cut off": (b'[NaN,"NaN', b'[null,"NaN'),
}


@pytest.mark.parametrize(("data", "mended"), MENDED.values(), ids=MENDED)
def test_what_msgspec_refuses_is_replaced_and_no_other_byte(data: bytes, mended: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        anything.decode(data)
    assert mend(data) == mended
    assert mend(mended) is None


@pytest.mark.parametrize("data", [b"", b"{", b"nan", b"<html>", b"{'a':1}", b"\0\0\0", b"{" * 9999])
def test_what_is_not_json_stays_unreadable(data: bytes) -> None:
    assert decode(anything, data) is None


@pytest.mark.parametrize("data", [b'{"a":1}}', b'{"a":1}\0\0', b' {"a":1} {', b'{"a":1,"b":NaN}\nError'])
def test_what_follows_a_document_is_ignored(data: bytes) -> None:
    assert (decode(anything, data) or {}).get("a") == 1
    assert decode(msgspec.json.Decoder(list[int]), data) is None


def test_values_that_are_kept_raw_are_mended_when_they_are_read() -> None:
    fields = decode(raw_fields, b'{"a":"\xff","b":{"c":"\xfe"}}')
    assert fields is not None
    assert decode(anything, fields["a"]) == "�"
    assert decode(anything, fields["b"]) == {"c": "�"}


def plain(value: Any) -> Any:
    """A value as it is after mending: what JSON lacks is None, and halves of pairs are replaced."""
    if isinstance(value, dict):
        return {plain(name): plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return list(map(plain, value))
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return None if isinstance(value, float) and not math.isfinite(value) else value


# Halves of pairs included, which `st.text()` alone leaves out.
texts = st.text(st.characters(exclude_categories=()), max_size=12)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | texts
    | st.sampled_from(["NaN", "\\ud800", '"']),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values, st.booleans(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32-le"]))
def test_whatever_json_loads_reads_is_read_the_same(value: Any, is_ascii: bool, encoding: str) -> None:
    data = json.dumps(value, ensure_ascii=is_ascii).encode(encoding, "surrogatepass")
    read = json.loads(data)
    # A half that is written as bytes is three bytes that are not UTF-8.
    expected = plain(json.loads(data.decode(json.detect_encoding(data), "replace")))
    assert decode(anything, b'{"value":' + data + b"}" if encoding == "utf-8" else data) == (
        {"value": expected} if encoding == "utf-8" else expected
    )
    assert plain(read) == expected or not is_ascii


@given(st.binary(max_size=60) | st.text('[]{}:,"\\aNIuDd8e91.- ', max_size=60).map(str.encode))
def test_arbitrary_bytes_raise_nothing(data: bytes) -> None:
    decode(anything, data)


HOSTILE = [
    b"\\",
    b'"',
    b'\\"',
    b"9",
    b"9e",
    b"9.",
    b"\\ud8",
    rb"\ud83d",
    b"NaN",
    b'"NaN',
    b"-",
    b'"\\',
    b"\xff",
    b"1e9,",
    b"\x01",
    b'"\x01',
]


@pytest.mark.parametrize("part", HOSTILE, ids=repr)
def test_time_is_linear(part: bytes) -> None:
    data = b"[NaN," + part * (2_000_000 // len(part))
    start = time.thread_time()
    mend(data)
    assert time.thread_time() - start < 20


@pytest.mark.parametrize(
    ("number", "is_kept"),
    [
        (b"1" * 308, True),
        (b"1" * 309, True),
        (b"2" * 309, False),
        (b"1" * 308 + b"." + b"0" * 91, True),
        (b"1" * 308 + b"." + b"0" * 92, False),
        (b"0.5", True),
        (b"1e308", True),
        (b"1e309", False),
        (b"-1E+309", False),
    ],
    ids=lambda value: f"{len(value)}" if isinstance(value, bytes) else None,
)
def test_a_number_is_kept_if_it_fits_into_a_float_and_is_not_endless(number: bytes, is_kept: bool) -> None:
    assert mend(b"[" + number + b",NaN]") == b"[" + (number if is_kept else b"null") + b",null]"


def test_an_empty_document_is_none_without_a_word() -> None:
    assert decode(anything, b"") is None
    assert decode(anything, msgspec.Raw(b"")) is None


def test_what_follows_a_document_is_ignored_also_where_the_document_is_mended_first() -> None:
    assert decode(anything, b'{"a":"\xff","b":NaN} and more') == {"a": "\ufffd", "b": None}
