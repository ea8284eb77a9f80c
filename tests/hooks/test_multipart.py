"""Forms as JSON: their plain fields, and of their files the names."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.hooks.multipart import find_name, read_body, read_form, write_form

TYPE = "multipart/form-data; boundary=b"
FILE = "<not_instrumented>"


def part(value: str, disposition: str = 'form-data; name="a"') -> bytes:
    return f"--b\r\nContent-Disposition: {disposition}\r\n\r\n{value}\r\n".encode()


def read(body: bytes, content_type: str = TYPE) -> Any:
    form = read_form(body, content_type)
    return None if form is None else json.loads(form)


def test_fields_have_their_values_and_files_a_placeholder() -> None:
    fields: list[tuple[str, str | bytes | None]] = [
        ("model", "whisper-1"),
        ("prompt", "ä".encode()),
        ("bad", b"\xff"),
        ("file", None),
    ]
    assert json.loads(write_form(fields)) == {
        "model": "whisper-1",
        "prompt": "ä",
        "bad": "\N{REPLACEMENT CHARACTER}",
        "file": FILE,
    }


@pytest.mark.parametrize("files_first", [True, False])
def test_a_form_of_requests_is_read(files_first: bool) -> None:
    files = {"file": ("a.wav", b"RIFF\r\n--\r\n\r\n"), "ä": ("ä.wav", b"")}
    plain = {"model": (None, "whisper-1"), "prompt": (None, "two\r\nlines"), "empty": (None, "")}
    whole: Any = {**files, **plain} if files_first else {**plain, **files}
    request = requests.Request("POST", "http://x", files=whole).prepare()
    assert isinstance(request.body, bytes)
    assert read(request.body, str(request.headers["content-type"])) == {
        "model": "whisper-1",
        "prompt": "two\r\nlines",
        "empty": "",
        "file": FILE,
        "ä": FILE,
    }


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (part("1") + b"--b--\r\n", {"a": "1"}),
        (b"a preamble\r\n" + part("1") + b"--b--", {"a": "1"}),
        (part("1", "form-data; filename*=utf-8''x; name=\"a\"") + b"--b--", {"a": FILE}),
        (part("1") + part("2", "form-data") + b"--b--", {"a": "1"}),
        # Of a form that was cut, what is whole.
        (part("1") + part("2", 'form-data; name="b"'), {"a": "1"}),
        (part("1") + b"--b\r\nContent-Disp", {"a": "1"}),
        (b"--b--", None),
        (b"", None),
        (b"RIFF", None),
    ],
)
def test_a_form_is_read_as_far_as_it_is_one(body: bytes, form: Any) -> None:
    assert read(body) == form


@pytest.mark.parametrize(
    ("content_type", "form"),
    [
        ('multipart/form-data; Boundary="b"; charset=utf-8', {"a": "1"}),
        ("multipart/form-data", None),
        ("multipart/form-data; boundary=other", None),
    ],
)
def test_the_boundary_is_the_one_that_the_content_type_says(content_type: str, form: Any) -> None:
    assert read(part("1") + b"--b--", content_type) == form


@pytest.mark.parametrize("body", [b"{}", b"", b"--", b"-- a comment", b"--\r\n", b"--" + b"b" * 71 + b"\r\n"])
def test_a_body_that_is_not_a_form_stays_as_it_is(body: bytes) -> None:
    assert read_body(body) is body


def test_a_form_in_memory_is_read_by_its_first_line() -> None:
    whole = part("whisper-1", 'form-data; name="model"') + part(
        "RIFF", 'form-data; name="file"; filename="a"'
    )
    assert json.loads(read_body(whole + b"--b--\r\n") or b"") == {"model": "whisper-1", "file": FILE}
    assert read_body(b"--b\r\nno head") is None


def test_of_a_large_field_only_its_name_is_kept() -> None:
    large = "x" * 65_537
    assert read(part(large) + part(large[1:], 'form-data; name="b"') + b"--b--") == {
        "a": FILE,
        "b": large[1:],
    }
    assert json.loads(write_form([("a", large), ("b", large.encode())])) == {"a": FILE, "b": FILE}


@pytest.mark.parametrize(
    ("disposition", "name"),
    [('form-data; name="ä b"; filename="x"', "ä b"), ("", None), ("attachment", None)],
)
def test_the_name_of_a_field_is_in_its_disposition(disposition: str, name: str | None) -> None:
    assert find_name(disposition) == name


@given(
    st.lists(st.sampled_from([part("1"), b"--b", b"--", b"\r\n", b"\r\n\r\n", b"name=", b"\xff"])), st.text()
)
def test_no_bytes_are_an_exception(pieces: list[bytes], boundary: str) -> None:
    read_form(b"".join(pieces), TYPE)
    read_body(b"".join(pieces))
    read_form(b"".join(pieces), f"multipart/form-data; boundary={boundary}")


def test_a_boundary_may_have_seventy_characters() -> None:
    line = b"--" + b"b" * 70
    body = line + b'\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' + line + b"--"
    assert json.loads(read_body(body) or b"") == {"a": "1"}


def test_values_are_written_as_they_are_up_to_the_limit() -> None:
    kept, large = "x" * 65_536, "x" * 65_537
    assert json.loads(write_form([("a", kept), ("b", kept.encode()), ("c", large)])) == {
        "a": kept,
        "b": kept,
        "c": FILE,
    }
    assert write_form([("\u00e4", "\u00f6")]) == '{"\u00e4": "\u00f6"}'.encode()
    assert write_form([("a", "\ud800")]) == b'{"a": "?"}'
