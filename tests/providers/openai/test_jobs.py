"""Batches and videos: pending until they are done, then counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.openai.jobs import read_batch, read_video
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure
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


def test_a_batch_says_which_job_of_which_model_it_is_and_what_it_cost() -> None:
    usage = {**USAGE, "cost": 0.5, "output_tokens_details": {"reasoning_tokens": 1}}
    body = {"id": "batch_1", "model": "gpt-5", "status": "completed", "usage": usage}
    parsed = read_batch(RawResponse(make_messages(body)))
    assert (parsed.response_id, parsed.model, parsed.has_usage) == ("batch_1", "gpt-5", False)
    assert show(parsed.units) == {"text": (10, 3), "reasoning": (None, 1)}
    assert parsed.properties == {"provider.service_tier": "batch", "provider.cost": "0.5"}


@pytest.mark.parametrize(
    ("status", "usage", "pending"),
    [
        ("another", USAGE, False),
        ("another", None, True),
        (7, USAGE, False),
        ("completed", {"input_tokens": 0, "output_tokens": 1}, False),
        ("another", {"input_tokens": 0, "output_tokens": 1}, False),
        ("another", {"input_tokens": 1, "output_tokens": 0}, False),
    ],
)
def test_a_status_that_is_not_known_is_an_end_if_it_has_counts(
    status: Any, usage: Any, pending: bool
) -> None:
    parsed = read_batch(RawResponse(make_messages({"status": status, "usage": usage})))
    assert (parsed.pending, bool(parsed.units)) == (pending, usage is not None)


def test_a_video_says_which_job_of_which_model_it_is_and_how_large() -> None:
    body = {"id": "video_1", "model": "sora-2", "status": "completed", "seconds": "4", "size": "720x1280"}
    data = make_messages(body)[0][1]
    parsed = read_video(RawResponse([("", data[:9]), ("", data[9:])]))
    assert (parsed.response_id, parsed.model) == ("video_1", "sora-2")
    assert parsed.properties == {"provider.size": "720x1280"}
    assert (parsed.pending, parsed.failure, show(parsed.units)) == (False, None, {"video": (None, 4)})


def test_a_video_that_failed_without_a_reason_has_failed() -> None:
    parsed = read_video(RawResponse(make_messages({"status": "failed", "error": None})))
    assert (parsed.pending, parsed.failure) == (False, Failure(code="failed"))


@given(objects_of(("id", "model", "status", "usage", "error", "seconds", "size", "completed")))
def test_no_object_is_an_exception(body: dict[str, Any]) -> None:
    for read in (read_batch, read_video):
        read(RawResponse(make_messages({**body, "status": "completed"})))
        read(RawResponse(make_messages(body)))


@given(st.binary(max_size=80))
def test_no_bytes_are_an_exception(body: bytes) -> None:
    for read in (read_batch, read_video):
        read(RawResponse([("", body)]))
