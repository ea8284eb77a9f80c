"""The receipt for each kind of response, without a connection."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.sinks.payi_response import PayiResponse, make_receipt
from payi_transport.sinks.protocol import Receipt


def read(status: int | None, body: bytes = b"{}", *, single: bool = False, size: int = 3) -> Receipt:
    return make_receipt(PayiResponse(status, body, 7.0, "gone"), size, 10, single=single)


@pytest.mark.parametrize(
    ("status", "retried", "rejected", "denied", "wait"),
    [
        (None, 3, 0, False, None),
        (200, 3, 0, False, 7.0),
        (202, 3, 0, False, 7.0),
        *[(status, 3, 0, False, 7.0) for status in (408, 409, 425, 429, 500, 502, 504, 599)],
        *[(status, 0, 3, False, None) for status in (400, 413, 414, 422, 431)],
        *[(status, 3, 0, True, 60.0) for status in (301, 401, 403, 404, 410, 451)],
    ],
)
def test_a_status_decides_about_all_events(
    status: int | None, retried: int, rejected: int, denied: bool, wait: float | None
) -> None:
    receipt = read(status)
    assert (len(receipt.retry), len(receipt.rejected), receipt.denied) == (retried, rejected, denied)
    assert (receipt.wait, receipt.bytes_sent) == (wait, 10)


@pytest.mark.parametrize(
    ("body", "results"),
    [(b'{"request_id":"r"}', {0: {"request_id": "r"}}), (b"[]", {}), (b"", {}), (b"\xff", {})],
)
def test_a_single_response_becomes_the_result_of_its_event(body: bytes, results: Any) -> None:
    assert read(200, body, single=True, size=1).results == results


@pytest.mark.parametrize("body", [b"<html>", b" \n<!doctype html>"])
def test_an_html_page_is_retried(body: bytes) -> None:
    receipt = read(200, body)
    assert list(receipt.retry) == [0, 1, 2]
    assert "an HTML page" in str(receipt.problem)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)
ITEM_ERROR = st.fixed_dictionaries(
    {},
    optional={
        "item_index": st.integers(-1, 4) | JSON,
        "xproxy_result": st.fixed_dictionaries({}, optional={"statusCode": st.sampled_from([400, 503, "x"])})
        | JSON,
    },
)


@given(st.fixed_dictionaries({}, optional={"errors": st.lists(ITEM_ERROR | JSON, max_size=8) | JSON}) | JSON)
def test_each_event_has_one_outcome_whatever_a_bulk_response_says(body: Any) -> None:
    receipt = read(200, json.dumps(body).encode())
    named = [*receipt.retry, *receipt.rejected]
    assert len(set(named)) == len(named)
    assert set(named) <= {0, 1, 2}


@given(st.binary(max_size=60))
def test_no_body_raises(body: bytes) -> None:
    for single in (False, True):
        read(200, body, single=single, size=1)
