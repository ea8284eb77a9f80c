"""Events as the columns of a table, version 1. A file names its version in its metadata.

Units that Pay-i bills have two columns each, `<unit>_input` and `<unit>_output`. Others are in the map
`other_units`, so that nothing is missing from a sum. Prompts and responses are in one column of their own,
`content`, which readers skip if they don't ask for it, and which is null where content is not recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from payi_transport.sinks.protocol import UncertainEvent
from payi_transport.values.event import Event, Units

__all__ = ["SCHEMA", "UNITS", "VERSION", "make_table"]

VERSION = 1
UNITS = (
    *("text", "text_cache_read", "text_cache_write", "text_cache_write_1h", "reasoning", "vision", "audio"),
    *("video", "image", "web_search_request"),
)
_TEXTS = (
    *("category", "resource", "scope", "use_case_name", "use_case_id", "use_case_step", "user_id"),
    *("account_name", "provider_uri"),
)
_NUMBERS = ("use_case_version", "http_status_code", "end_to_end_latency_ms", "time_to_first_token_ms")
_LISTS = ("limit_ids", "request_tags")
_MAPS = ("properties", "use_case_properties")
_COUNTS = pa.struct([("input", pa.int64()), ("output", pa.int64())])
_HEADERS = pa.list_(pa.struct([("name", pa.string()), ("value", pa.string())]))
_CONTENT = pa.struct(
    [
        ("request", pa.string()),
        # The messages of a stream, or one body.
        ("response", pa.list_(pa.string())),
        ("function_calls", pa.list_(pa.struct([("name", pa.string()), ("arguments", pa.string())]))),
    ]
)
_FIELDS: list[tuple[str, pa.DataType]] = [
    ("id", pa.string()),
    ("event_timestamp", pa.timestamp("us", tz="UTC")),
    # Whether an earlier attempt may have stored the same event: count distinct ids to be sure.
    ("may_repeat", pa.bool_()),
    *((name, pa.string()) for name in _TEXTS),
    *((name, pa.int64()) for name in _NUMBERS),
    *((name, pa.list_(pa.string())) for name in _LISTS),
    *((name, pa.map_(pa.string(), pa.string())) for name in _MAPS),
    *((f"{unit}_{side}", pa.int64()) for unit in UNITS for side in ("input", "output")),
    ("other_units", pa.map_(pa.string(), _COUNTS)),
    ("request_headers", _HEADERS),
    ("response_headers", _HEADERS),
    ("content", _CONTENT),
]
SCHEMA = pa.schema(_FIELDS, metadata={"payi_schema_version": str(VERSION)})


def make_table(events: Sequence[Event]) -> pa.Table:
    """Return events as a table with the columns of the schema."""
    columns: dict[str, list[Any]] = {name: [] for name, _ in _FIELDS}
    for event in events:
        for name, value in _make_row(event).items():
            columns[name].append(value)
    arrays = [pa.array(columns[name], kind, from_pandas=False) for name, kind in _FIELDS]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _make_row(event: Event) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": event.provider_response_id,
        "event_timestamp": event.event_timestamp,
        "may_repeat": isinstance(event, UncertainEvent),
        "request_headers": _list_pairs(event.provider_request_headers),
        "response_headers": _list_pairs(event.provider_response_headers),
        "content": _make_content(event),
    }
    for name in (*_TEXTS, *_NUMBERS, *_LISTS):
        row[name] = getattr(event, name)
    for name in _MAPS:
        row[name] = _drop_none(getattr(event, name))
    for unit in UNITS:
        counts = event.units.get(unit) or Units()
        row[f"{unit}_input"], row[f"{unit}_output"] = counts.input, counts.output
    others = event.units.keys() - set(UNITS)
    row["other_units"] = [
        (name, {"input": event.units[name].input, "output": event.units[name].output})
        for name in sorted(others)
    ]
    return row


def _drop_none(properties: Any) -> list[tuple[str, str]] | None:
    return None if properties is None else list(properties.items())


def _list_pairs(headers: Any) -> list[dict[str, Any]] | None:
    return None if headers is None else [{"name": one.name, "value": one.value} for one in headers]


def _make_content(event: Event) -> dict[str, Any] | None:
    response = event.provider_response_json
    calls = event.provider_response_function_calls
    if event.provider_request_json is None and response is None and calls is None:
        return None
    return {
        "request": event.provider_request_json,
        "response": [response] if isinstance(response, str) else response,
        "function_calls": None
        if calls is None
        else [{"name": call.name, "arguments": call.arguments} for call in calls],
    }
