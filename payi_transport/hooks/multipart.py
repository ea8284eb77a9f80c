"""Recording forms with files as JSON: the plain fields by name, and a placeholder for each file.

Providers take audio, images, and training data as `multipart/form-data`. What matters for an event, such as
the model, is in the plain fields; the files are large and are never copied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from payi_transport.decode.inline_data import NOT_INSTRUMENTED
from payi_transport.values.patterns import compile_possessive, lazy_compile

__all__ = ["find_name", "read_body", "read_form", "write_form"]

# Every form begins with a line of its boundary, which has at most 70 characters, and JSON never does.
_FIRST_LINE = lazy_compile(rb"(--[^\r\n]{1,70})\r\n")
# Names and settings are short. What is longer is a file, whatever its head says.
_MAX_VALUE = 64 * 1024
_BOUNDARY = lazy_compile(r'boundary="?([^\s";]+)', re.IGNORECASE)
# Possessive, so that a head that does not match is never tried again with shorter lines.
_HEAD = compile_possessive(rb"\r\n((?:[^\r\n]++\r\n)++)\r\n")
_NAME = lazy_compile(rb'[;\s]name="([^"]*)"', re.IGNORECASE)
_FILE_NAME = lazy_compile(rb"[;\s]filename\*?=", re.IGNORECASE)


def write_form(fields: Iterable[tuple[str, str | bytes | None]]) -> bytes:
    """Return the fields as a JSON object. The value of a file is None."""
    form = {
        name: _to_text(NOT_INSTRUMENTED if value is None or len(value) > _MAX_VALUE else value)
        for name, value in fields
    }
    return json.dumps(form, ensure_ascii=False).encode("utf-8", "replace")


def find_name(disposition: str) -> str | None:
    """Return the name of the field in the value of a Content-Disposition header."""
    name = _NAME.search(disposition.encode("utf-8", "replace"))
    return None if name is None else _to_text(name[1])


def read_body(body: bytes) -> bytes | None:
    """Return a body as it is, or the fields of a form as `read_form` does.

    A form is in memory if something has read it before it is sent, such as an authentication that signs it.
    """
    first = _FIRST_LINE.match(body)
    return body if first is None else _write_fields(body, first[1])


def read_form(body: bytes, content_type: str) -> bytes | None:
    """Return the fields of an encoded multipart/form-data body as a JSON object, or None if it has none.

    Source: RFC 7578. The contents of files are skipped, not copied.
    """
    boundary = _BOUNDARY.search(content_type)
    return None if boundary is None else _write_fields(body, b"--" + boundary[1].encode("utf-8", "replace"))


def _write_fields(body: bytes, delimiter: bytes) -> bytes | None:
    fields = list(_find_fields(body, delimiter))
    return write_form(fields) if fields else None


def _find_fields(body: bytes, delimiter: bytes) -> Iterator[tuple[str, bytes | None]]:
    start = body.find(delimiter)
    while start >= 0 and (head := _HEAD.match(body, start + len(delimiter))):
        end = body.find(b"\r\n" + delimiter, head.end())
        name = _NAME.search(head[1])
        # The form is cut off or malformed. The fields before this one are good all the same.
        if end < 0 or name is None:
            return
        is_file = end - head.end() > _MAX_VALUE or _FILE_NAME.search(head[1])
        yield _to_text(name[1]), None if is_file else body[head.end() : end]
        start = end + len(b"\r\n")


def _to_text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")
