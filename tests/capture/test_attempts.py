"""Collecting the requests that one SDK call sends: those of its own block, for as long as the block lasts."""

from __future__ import annotations

import gc
from contextvars import copy_context

from payi_transport.capture.attempts import collect_attempts, current_attempts
from payi_transport.capture.exchange import SentRequest
from tests.support.exchanges import make_request


def send() -> SentRequest:
    """A request, sent here and now as the pipeline does it."""
    attempts = current_attempts()
    request = make_request(collected=attempts is not None)
    if attempts is not None:
        attempts.append(request)
    return request


def test_requests_sent_in_a_block_are_collected_in_order() -> None:
    before = send()
    with collect_attempts() as attempts:
        first = send()
        second = copy_context().run(send)
    after = send()
    assert attempts == [first, second]
    assert [request.collected for request in (before, first, second, after)] == [False, True, True, False]


def test_of_two_nested_blocks_the_inner_one_collects() -> None:
    with collect_attempts() as attempts:
        mine = send()
        with collect_attempts() as nested:
            inner = send()
        again = send()
    assert (attempts, nested) == ([mine, again], [inner])


def test_a_context_that_outlives_its_block_keeps_nothing_and_collects_nothing() -> None:
    with collect_attempts() as attempts:
        send()
        context = copy_context()
    context.run(send)
    assert len(attempts) == 1
    # No longer held by what the context has.
    assert not [part for part in gc.get_referrers(attempts) if isinstance(part, list)]
