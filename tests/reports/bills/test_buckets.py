"""Buckets of a usage API are read, whatever is in them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from payi_transport.reports.bills.buckets import Result, has_buckets, read_buckets
from payi_transport.reports.bills.values import ValueReader

START = datetime(2026, 10, 5, tzinfo=timezone.utc)


def test_each_result_has_the_time_of_its_bucket() -> None:
    page = {"data": [{"from": "2026-10-05", "to": "x", "results": [{"a": 1}, None]}]}
    assert [*read_buckets(page, "from", "to", ValueReader())] == [Result(START, None, {"a": 1})]


@pytest.mark.parametrize("bucket", [None, 3, {}, {"from": None}, {"from": "2026-10-05", "results": 3}])
def test_other_buckets_have_no_results(bucket: Any) -> None:
    assert [*read_buckets({"data": [bucket]}, "from", "to", ValueReader())] == []


@pytest.mark.parametrize(
    ("document", "has"),
    [({"data": [{"from": 1}]}, True), ({"data": [3]}, False), ({"data": None}, False), ([], False)],
)
def test_a_page_has_buckets(document: Any, has: bool) -> None:
    assert has_buckets(document, "from") is has
