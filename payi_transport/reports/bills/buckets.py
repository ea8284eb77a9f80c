"""Pages of a usage API: buckets of time, each with results. OpenAI's and Anthropic's have the same form.

A page is an object with `data`, a list of buckets. The consoles of both export the results as CSV, one in
each row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from payi_transport.reports.bills.values import ValueReader

__all__ = ["Result", "has_buckets", "read_buckets"]


class Result(NamedTuple):
    """One result, and the time that it is for."""

    start: datetime
    end: datetime | None
    fields: Mapping[str, Any]


def has_buckets(document: Any, start: str) -> bool:
    """Return whether a JSON document is a page whose buckets name their time `start`."""
    buckets = document.get("data") if isinstance(document, dict) else None
    return isinstance(buckets, list) and any(isinstance(row, dict) and start in row for row in buckets)


def read_buckets(document: Mapping[str, Any], start: str, end: str, values: ValueReader) -> Iterator[Result]:
    """Yield each result of a page, with the times that its bucket has under the names `start` and `end`."""
    for bucket in document["data"]:
        moment = values.time(bucket.get(start)) if isinstance(bucket, dict) else None
        if moment is None:
            continue
        results = bucket.get("results")
        for fields in results if isinstance(results, list) else ():
            if isinstance(fields, dict):
                yield Result(moment, values.time(bucket.get(end)), fields)
