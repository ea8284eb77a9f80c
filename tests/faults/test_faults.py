"""Whatever Pay-i does, every event is accounted for, none comes twice unawares, and no caller notices."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from payi_transport import payi_flush, payi_stats, track_context
from tests.faults.steps import COUNT, WELL, call, check_account, either_way, flush
from tests.support.ingest import BY_RULES, CONFIRMATION, CannedReply, Ingest, make_reply

Events = list[dict[str, str]]


PASSING = {
    "429": make_reply(429, headers="retry-after: 0.01\r\n"),
    "429 that asks for less than nothing": make_reply(429, headers="retry-after: -5\r\n"),
    "500": make_reply(500, b"<html>"),
    "502": make_reply(502, b""),
    "504": make_reply(504, b"{"),
    "408": make_reply(408),
    "reset": CannedReply(),
    "reset behind the head": CannedReply((b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n",), resets=True),
    "taken, and cut in the answer": CannedReply(
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",), takes=True, resets=True
    ),
    "taken, and reset": CannedReply(takes=True),
    "no HTTP": CannedReply((b"\x16\x03\x01 garbage \x00\xff\r\n\r\n",), resets=True),
    "a login page": make_reply(200, b"<!doctype html>", takes=False),
    "plain text": make_reply(200, b"Please log in", takes=False, headers="content-type: text/plain\r\n"),
    "taken, and another's text": make_reply(201, b"ok", headers="content-type: text/plain\r\n"),
    "HTML after a byte order mark": make_reply(200, b"\xef\xbb\xbf<html>", takes=False),
    "nothing": make_reply(200, b"", takes=False),
    "no content": make_reply(204, b"", takes=False),
    "another's JSON": make_reply(200, b'{"error": "quota exceeded", "ok": false}', takes=False),
    "an array": make_reply(200, b"[]", takes=False),
    "a confirmation of nothing": make_reply(200, b'{"ingest_count": 0, "error_count": COUNT}', takes=False),
    "garbage in a coding": make_reply(
        200, b"\x1f\x8bnonsense", takes=False, headers="content-encoding: gzip\r\n"
    ),
}


@either_way
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_fault_that_passes_loses_nothing(
    fault: CannedReply, spooled: bool, ingest: Ingest, instrument: Callable[..., None], caplog: Any
) -> None:
    # The faults meet batches of many events: one that is alone, and is not confirmed three times, is lost.
    all_called = threading.Event()
    first = CannedReply(WELL.pieces, takes=True, hold=all_called)
    replies = itertools.chain([first] + [fault] * 3, itertools.repeat(WELL))
    ingest.reply = lambda events: next(replies)
    instrument(spooled)
    with caplog.at_level(logging.DEBUG):
        call()
        check_account()
        all_called.set()
        assert flush()
    stats = check_account()
    assert (stats.delivered, stats.lost) == (COUNT, {})
    assert ingest.taken.keys() == {f"id-{number}" for number in range(COUNT)}
    # Though some of these take the events, and their responses do not say so.
    assert set(ingest.taken.values()) == {1}
    assert "PROMPT" not in caplog.text and "payi-key" not in caplog.text


@either_way
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_fault_that_passes_loses_nothing_of_calls_that_wait_for_their_report(
    fault: CannedReply, spooled: bool, ingest: Ingest, instrument: Callable[..., None]
) -> None:
    replies = itertools.chain([WELL] + [fault] * 2, itertools.repeat(WELL))
    ingest.reply = lambda events: next(replies)
    instrument(spooled, mode="inline")
    call(5)
    assert flush()
    stats = check_account(5)
    assert (stats.delivered, stats.lost) == (5, {})
    assert ingest.taken == {f"id-{number}": 1 for number in range(5)}


WORKING = {
    "drips": make_reply(step=1),
    "of another status": make_reply(201, headers="content-type: application/json\r\n"),
    "without a length": CannedReply((b"HTTP/1.0 200 OK\r\n\r\n" + CONFIRMATION,), takes=True, closes=True),
}


@either_way
@pytest.mark.parametrize("answer", WORKING.values(), ids=WORKING.keys())
def test_an_answer_that_is_odd_and_good_is_good(
    answer: CannedReply, spooled: bool, ingest: Ingest, instrument: Callable[..., None]
) -> None:
    ingest.reply = lambda events: answer
    instrument(spooled)
    call()
    assert flush()
    check_account()
    assert set(ingest.taken.values()) == {1} and len(ingest.taken) == COUNT


@either_way
def test_items_that_are_refused_are_lost_or_sent_again_alone(
    spooled: bool, ingest: Ingest, instrument: Callable[..., None]
) -> None:
    busy = {f"id-{number}" for number in range(0, COUNT, 7)}
    bad = {f"id-{number}" for number in range(3, COUNT, 10)}

    def reply(events: Events) -> CannedReply:
        ids = [event["provider_response_id"] for event in events]
        errors = [
            b'{"item_index": %d, "xproxy_result": {"statusCode": %d}}' % (index, 503 if name in busy else 400)
            for index, name in enumerate(ids)
            if name in busy | bad
        ]
        taken = [event for event in events if event["provider_response_id"] not in busy | bad]
        ingest.take(taken)
        busy.difference_update(ids)
        return make_reply(
            200, b'{"ingest_count": %d, "errors": [%b]}' % (len(taken), b",".join(errors)), takes=False
        )

    ingest.reply = reply
    instrument(spooled)
    call()
    assert not flush()
    stats = check_account()
    assert stats.lost == {"item_400": len(bad)}
    assert set(ingest.taken.values()) == {1} and len(ingest.taken) == COUNT - len(bad)


@either_way
@pytest.mark.parametrize("status", [400, 413])
def test_poison_is_found_and_harms_no_other(
    status: int, spooled: bool, ingest: Ingest, instrument: Callable[..., None], tmp_path: Path
) -> None:
    poison = {"id-0", "id-17", "id-18", "id-59"}
    ingest.reply = lambda events: (
        make_reply(status) if any(event["provider_response_id"] in poison for event in events) else WELL
    )
    instrument(spooled)
    call()
    assert not flush()
    assert check_account().lost == {f"status_{status}": 4}
    assert set(ingest.taken.values()) == {1} and len(ingest.taken) == COUNT - 4
    if spooled:
        kept = (tmp_path / "spool" / "rejected.jsonl").read_text()
        assert all(f'"provider_response_id":"{name}"' in kept for name in poison)


SCOPE: Any = {
    "use_case_name": "my bot",
    "user_id": "Jo Do",
    "request_tags": ["a b"],
    "limit_ids": ["hard", "gone"],
}
KEPT = {
    "system.refused.use_case_name": "my bot",
    "system.refused.user_id": "Jo Do",
    "system.refused.request_tags": "a b",
    "system.refused.limit_ids": "gone",
    "system.unapplied_limit_ids": "hard",
}


@either_way
@pytest.mark.parametrize("mode", ["bulk", "single", "inline"])
def test_names_and_limits_that_pay_i_refuses_cost_no_event(
    mode: str, spooled: bool, ingest: Ingest, instrument: Callable[..., None], caplog: Any
) -> None:
    ingest.reply = lambda events: BY_RULES
    ingest.rules.limits = {"hard": "block"}
    instrument(spooled, mode=mode)
    with track_context(**SCOPE):
        call()
    assert flush()
    assert check_account().delivered == COUNT
    assert set(ingest.taken.values()) == {1} and len(ingest.taken) == COUNT
    for item in ingest.rules.events.values():
        assert (item["use_case_name"], item["user_id"], item["request_tags"]) == ("my-bot", "Jo_Do", ["a-b"])
        assert item["properties"].items() >= KEPT.items()
    assert sum("Pay-i refused" in record.getMessage() for record in caplog.records) == 4


@either_way
def test_a_server_that_goes_away_and_comes_back(
    spooled: bool, ingest: Ingest, instrument: Callable[..., None]
) -> None:
    instrument(spooled)
    for number in range(6):
        (ingest.stop if number % 2 else ingest.start)()
        call(10, 10 * number)
        payi_flush(0.05)
        check_account(10 * (number + 1))
    ingest.start()
    assert flush()
    assert check_account().delivered == COUNT
    assert ingest.taken == {f"id-{number}": 1 for number in range(COUNT)}


@either_way
def test_while_pay_i_hangs_no_caller_waits_and_memory_has_its_bounds(
    spooled: bool, ingest: Ingest, instrument: Callable[..., None]
) -> None:
    gate = threading.Event()
    ingest.reply = lambda events: CannedReply(WELL.pieces, takes=True, hold=gate)
    instrument(spooled, ring_capacity=40)
    began = monotonic()
    call(20)
    # What a hanging Pay-i would cost a caller is its timeout, a minute.
    assert monotonic() - began < 30
    assert check_account(20).delivered == 0
    if not spooled:
        call(COUNT - 20)
        assert check_account(COUNT).lost == {"overload": COUNT - 40}
    gate.set()
    assert flush()
    assert check_account(20 if spooled else COUNT).delivered == (20 if spooled else 40)


def test_a_disk_that_takes_nothing_costs_no_event_while_pay_i_takes_them(
    ingest: Ingest, instrument: Callable[..., None]
) -> None:
    gate = threading.Event()
    ingest.reply = lambda events: CannedReply(WELL.pieces, takes=True, hold=gate)
    instrument(True, spool_max_bytes=1)
    call()
    assert not payi_flush(0.1)
    stats = check_account()
    assert (stats.queued, stats.spooled) == (COUNT, 0)
    gate.set()
    assert flush()
    assert check_account().delivered == COUNT
    assert set(ingest.taken.values()) == {1} and len(ingest.taken) == COUNT


@either_way
@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_is_told_once_and_loses_nothing(
    status: int, spooled: bool, ingest: Ingest, instrument: Callable[..., None], caplog: Any
) -> None:
    ingest.reply = lambda events: make_reply(status)
    instrument(spooled)
    call()
    assert not payi_flush(5)
    stats = check_account()
    assert (stats.queued + stats.spooled, stats.lost) == (COUNT, {})
    while payi_stats().queued and spooled:
        payi_flush(0.01)
    told = [record.getMessage() for record in caplog.records if str(status) in record.getMessage()]
    assert len(told) == 1
    assert ingest.asked == 1
