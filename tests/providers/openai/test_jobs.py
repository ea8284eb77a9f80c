"""Batches and videos: pending until they are done, then counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.openai.jobs import read_batch, read_video
from payi_transport.providers.shared.raw_response import RawResponse
from tests.providers.shapes import make_messages, objects_of, show

USAGE = {"input_tokens": 10, "output_tokens": 4}


@pytest.mark.parametrize(
    ("status", "usage", "pending"),
    [
        ("validating", None, True),
        ("in_progress", USAGE, True),
        ("finalizing", USAGE, True),
        ("cancelling", USAGE, True),
        ("completed", USAGE, False),
        ("expired", USAGE, False),
        ("cancelled", USAGE, False),
        ("failed", {"input_tokens": 0, "output_tokens": 0}, True),
        (None, "many", True),
    ],
)
def test_a_batch_is_counted_once_its_usage_is_final(status: Any, usage: Any, pending: bool) -> None:
    parsed = read_batch(RawResponse(make_messages({"id": "batch_1", "status": status, "usage": usage})))
    assert parsed.pending == pending
    if not pending:
        assert show(parsed.units) == {"text": (10, 4)}
        assert parsed.properties == {"provider.service_tier": "batch"}


@pytest.mark.parametrize("status", ["completed", "expired", "cancelled"])
@pytest.mark.parametrize("usage", [None, [], {}, {"input_tokens": 0, "output_tokens": 0}])
@pytest.mark.parametrize(
    ("requests", "has_usage"),
    [(None, False), ({"completed": 3, "failed": 0}, False), ({"completed": 0, "failed": 3}, True)],
)
def test_a_batch_that_ended_without_usage_lacks_it_unless_nothing_was_completed(
    status: str, usage: Any, requests: Any, has_usage: bool
) -> None:
    body = {"id": "batch_1", "status": status, "usage": usage, "request_counts": requests}
    parsed = read_batch(RawResponse(make_messages(body)))
    assert (parsed.pending, parsed.units, parsed.has_usage) == (False, {}, has_usage)


@pytest.mark.parametrize(
    ("body", "pending", "units", "failure"),
    [
        ({"status": "queued", "seconds": "4"}, True, {}, None),
        ({"status": "in_progress", "seconds": "4"}, True, {}, None),
        ({"status": "completed", "seconds": "12"}, False, {"video": (None, 12)}, None),
        ({"status": "completed", "seconds": 12}, False, {"video": (None, 12)}, None),
        ({"status": "completed", "seconds": "long"}, False, {}, None),
        # More digits than int() takes.
        ({"status": "completed", "seconds": "9" * 5000}, False, {}, None),
        ({"status": "completed"}, False, {}, None),
        ({"status": "failed", "seconds": "4"}, False, {}, "failed"),
        ({"status": "failed", "error": {"code": "moderation_blocked"}}, False, {}, "moderation_blocked"),
        ({}, True, {}, None),
        (b"no json", True, {}, None),
    ],
)
def test_a_video_is_counted_in_seconds_once_it_is_made(
    body: Any, pending: bool, units: Any, failure: str | None
) -> None:
    parsed = read_video(RawResponse(make_messages(body)))
    assert (parsed.pending, show(parsed.units)) == (pending, units)
    assert (parsed.failure.code if parsed.failure else None) == failure


@given(objects_of(("id", "model", "status", "usage", "error", "seconds", "size", "completed")))
def test_no_object_is_an_exception(body: dict[str, Any]) -> None:
    for read in (read_batch, read_video):
        read(RawResponse(make_messages({**body, "status": "completed"})))
        read(RawResponse(make_messages(body)))


@given(st.binary(max_size=80))
def test_no_bytes_are_an_exception(body: bytes) -> None:
    for read in (read_batch, read_video):
        read(RawResponse([("", body)]))
