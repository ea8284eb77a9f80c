"""Pay-i's result for a call: where it is found, and where the last one is seen."""

from __future__ import annotations

import threading
from contextvars import copy_context
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.context.results import (
    Result,
    ResultSlot,
    find_result,
    forget_results,
    get_last_result,
    set_last,
)


def judge(result: Result | None) -> ResultSlot:
    result_slot = ResultSlot()
    result_slot.result = result
    return result_slot


@pytest.mark.parametrize(
    ("bodies", "result"),
    [
        ([b'{"id":"a","xproxy_result":{"request_id":"r"}}'], {"request_id": "r"}),
        ([b'{"message":"no","statusCode":400,"xproxy_error":{"code":"c"}}'], {"code": "c"}),
        (
            [b'{"xproxy_result":{"id":"1"}}', b'{"xproxy_result":{"id":"2"}}'],
            {"id": "2"},
        ),
        ([b'{"xproxy_result":{"request_id":"1"}}', b"[DONE]"], {"request_id": "1"}),
        ([b'{"xproxy_result":null}'], None),
        ([b'{"xproxy_result":"text","xproxy_error":7}'], None),
        ([b'{"text":"\\"xproxy_result\\""}'], None),
        ([b'["xproxy_result"]'], None),
        ([b'{"xproxy_result":'], None),
        ([b'"xproxy_\xff"'], None),
        ([], None),
    ],
)
def test_the_result_is_that_of_the_last_document_that_has_one(bodies: list[bytes], result: Any) -> None:
    assert find_result(bodies) == result


@given(st.binary(max_size=100))
def test_no_bytes_raise(body: bytes) -> None:
    find_result([body, b'{"xproxy_result":' + body])


def test_each_thread_sees_its_own_last_result() -> None:
    set_last(judge({"request_id": "mine"}))
    seen: list[Any] = []

    def look() -> None:
        seen.append(get_last_result())
        set_last(judge({"request_id": "other"}))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert (seen, get_last_result()) == ([None], {"request_id": "mine"})
    set_last(None)
    assert get_last_result() is None


def test_a_result_is_seen_where_the_call_was_made_even_if_it_arrives_elsewhere() -> None:
    result_slot = ResultSlot()
    set_last(result_slot)
    assert get_last_result() is None

    def come_in() -> None:
        result_slot.result = {"request_id": "r"}

    thread = threading.Thread(target=come_in)
    thread.start()
    thread.join()
    assert get_last_result() == {"request_id": "r"}
    set_last(None)


def test_forgotten_results_are_forgotten_in_every_context() -> None:
    result_slot = judge({"request_id": "r"})
    set_last(result_slot)
    elsewhere = copy_context()
    forget_results()
    result_slot.result = {"request_id": "late"}
    assert get_last_result() is elsewhere.run(get_last_result) is None
    set_last(judge({"request_id": "new"}))
    assert get_last_result() == {"request_id": "new"}
    set_last(None)


def test_a_result_counts_for_more_than_an_error_beside_it() -> None:
    both = b'{"xproxy_result":{"id":"1"},"xproxy_error":{"code":"c"}}'
    assert find_result([both]) == {"id": "1"}
    assert find_result([both, b'{"xproxy_result":null,"xproxy_error":{"code":"d"}}']) == {"code": "d"}
    assert find_result([both, b'{"xproxy_result":[]}', b'{"id":"x"}']) == {"id": "1"}
