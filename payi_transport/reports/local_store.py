"""Read the events in the store of `payi-transport serve`, an SQLite file.

The store has numbers for texts, times in ms, and the rest of an event in one JSON document. What a provider
said in a header that it cost is kept as the price alone, so it is read as that header. Events are read a page
at a time, because a long read would keep the service from tidying its file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec

from payi_transport.prices.figures import LITELLM_HEADER
from payi_transport.reports.items import Item

__all__ = ["MAGIC", "NotAStore", "is_store", "iterate_store"]

MAGIC = b"SQLite format 3\0"
_PAGE = 1000
_NAMES = {
    "category": "category",
    "model": "resource",
    "use_case": "use_case_name",
    "run": "use_case_id",
    "step": "use_case_step",
    "user": "user_id",
    "account": "account_name",
}
_COLUMNS = ("id", "at", "response_id", "status", "latency", "first_token", "detail", *_NAMES)
_JOINS = " ".join(f"LEFT JOIN names AS {name}_name ON {name}_name.id = events.{name}" for name in _NAMES)
_TEXTS = ", ".join(f"{name}_name.text" for name in _NAMES)
_SELECT = (
    f"SELECT events.id, at, response_id, status, latency, first_token, detail, {_TEXTS}"  # noqa: S608
    f" FROM events {_JOINS} WHERE events.id > ? ORDER BY events.id LIMIT ?"
)
# The parts of the document, by their names in an event.
_DETAILS = {
    "units": "units",
    "properties": "properties",
    "use_case_properties": "use_case_properties",
    "limit_ids": "limit_ids",
    "tags": "request_tags",
    "use_case_version": "use_case_version",
    "scope": "scope",
    "uri": "provider_uri",
}
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class NotAStore(ValueError):
    """What an SQLite file holds isn't the store of the local service. The message says why."""


def is_store(path: Path) -> bool:
    """Return whether a file is of SQLite. Raises OSError."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def iterate_store(path: Path) -> Iterator[Item]:
    """Yield the events of a store in the order in which they arrived. Raises NotAStore."""
    last = 0
    try:
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
        ) as connection:
            while rows := connection.execute(_SELECT, (last, _PAGE)).fetchall():
                last = rows[-1][0]
                yield from (_make_item(dict(zip(_COLUMNS, row, strict=True))) for row in rows)
    except (sqlite3.Error, msgspec.DecodeError) as exc:
        raise NotAStore(f"it can't be read as the store of payi-transport serve ({exc})") from None


def _make_item(row: dict[str, Any]) -> dict[str, Any]:
    detail = _decode(row["detail"])
    headers = []
    if detail.get("price_source") == "provider" and detail.get("cost") is not None:
        headers.append({"name": LITELLM_HEADER, "value": str(detail["cost"])})
    return {
        **{field: row[name] for name, field in _NAMES.items()},
        **{field: detail.get(name) for name, field in _DETAILS.items()},
        "units": detail.get("units") or {},
        "provider_response_id": row["response_id"],
        "event_timestamp": datetime.fromtimestamp(row["at"] / 1000, timezone.utc),
        "http_status_code": row["status"],
        "end_to_end_latency_ms": row["latency"],
        "time_to_first_token_ms": row["first_token"],
        "provider_response_headers": headers,
    }
