"""Recording forms with files as JSON: the plain fields by name, and a placeholder for each file.

Providers take audio, images, and training data as `multipart/form-data`. What matters for an event, such as
the model, is in the plain fields; the files are large and are never copied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from payi_transport.compat import compile_possessive
from payi_transport.decode.inline_data import NOT_INSTRUMENTED

__all__ = ["read_form", "write_form"]

_BOUNDARY = re.compile(r'boundary="?([^\s";]+)', re.IGNORECASE)
# Possessive, so that a head that does not match is never tried again with shorter lines.
_HEAD = compile_possessive(rb"\r\n((?:[^\r\n]++\r\n)++)\r\n")
_NAME = re.compile(rb'[;\s]name="([^"]*)"', re.IGNORECASE)
_FILE_NAME = re.compile(rb"[;\s]filename\*?=", re.IGNORECASE)


def write_form(fields: Iterable[tuple[str, str | bytes | None]]) -> bytes:
    """Return the fields as a JSON object. The value of a file is None."""
    form = {name: _to_text(NOT_INSTRUMENTED if value is None else value) for name, value in fields}
    return json.dumps(form, ensure_ascii=False).encode("utf-8", "replace")


def read_form(body: bytes, content_type: str) -> bytes | None:
    """Return the fields of an encoded multipart/form-data body as a JSON object, or None if it has none.

    Source: RFC 7578. The contents of files are skipped, not copied.
    """
    boundary = _BOUNDARY.search(content_type)
    fields = (
        [] if boundary is None else list(_find_fields(body, b"--" + boundary[1].encode("utf-8", "replace")))
    )
    return write_form(fields) if fields else None


def _find_fields(body: bytes, delimiter: bytes) -> Iterator[tuple[str, bytes | None]]:
    start = body.find(delimiter)
    while start >= 0 and (head := _HEAD.match(body, start + len(delimiter))):
        end = body.find(b"\r\n" + delimiter, head.end())
        name = _NAME.search(head[1])
        # The form is cut off or malformed. The fields before this one are good all the same.
        if end < 0 or name is None:
            return
        yield _to_text(name[1]), None if _FILE_NAME.search(head[1]) else body[head.end() : end]
        start = end + len(b"\r\n")


def _to_text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")
