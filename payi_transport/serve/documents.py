"""Small documents by kind and id: limits, use cases, their instances and scores, resources.

An id has parts, as in (use case, instance). A list is in the order of ids.
"""

from __future__ import annotations

import sqlite3
from typing import Any, TypeVar

import msgspec

__all__ = ["delete_document", "find_document", "list_documents", "put_document"]

D = TypeVar("D", bound=msgspec.Struct)

# Between the parts of an id. No name can hold it, because URLs and headers refuse it.
_BETWEEN = "\x1f"
_encode = msgspec.json.Encoder(decimal_format="string").encode


def _join(parts: tuple[str, ...]) -> str:
    return _BETWEEN.join(part.replace(_BETWEEN, " ") for part in parts)


def find_document(connection: sqlite3.Connection, type_: type[D], *parts: str) -> D | None:
    """Return a document, None if there is none."""
    row = connection.execute(
        "SELECT body FROM documents WHERE kind = ? AND id = ?", (type_.__name__, _join(parts))
    ).fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=type_)


def put_document(connection: sqlite3.Connection, document: msgspec.Struct, *parts: str) -> None:
    """Store a document, in place of one with the same id."""
    connection.execute(
        "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)",
        (type(document).__name__, _join(parts), _encode(document)),
    )


def delete_document(connection: sqlite3.Connection, type_: type[Any], *parts: str) -> None:
    """Remove a document, if there is one."""
    connection.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (type_.__name__, _join(parts)))


def list_documents(connection: sqlite3.Connection, type_: type[D], *parts: str) -> list[D]:
    """Return all documents whose ids begin with these parts, in the order of their ids."""
    start = _join((*parts, ""))
    # The code point after the separator ends the range.
    end = f"{start[:-1]}{chr(ord(_BETWEEN) + 1)}" if start else "\U0010ffff"
    rows = connection.execute(
        "SELECT body FROM documents WHERE kind = ? AND id >= ? AND id < ? ORDER BY id",
        (type_.__name__, start, end),
    )
    return [msgspec.json.decode(body, type=type_) for [body] in rows]
