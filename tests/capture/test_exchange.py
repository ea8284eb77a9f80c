"""A call in its three states: chunks as they came, both ends of a long body, and one end, whatever comes."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.capture.buffers import TAIL_CHUNKS
from payi_transport.capture.exchange import Exchange, OpenResponse, Outcome, SentRequest
from payi_transport.context.frame import Frame
from tests.support.exchanges import ROUTE, feed, make_request
from tests.support.garbage import collect_garbage


class Ended(list[Exchange]):
    """Where finished exchanges go."""

    def send(self, body_limit: int = 1 << 20, body: bytes | None = b"{}", **options: Any) -> SentRequest:
        return make_request(
            self.append,
            context=Frame(user_id="u"),
            headers=(b"accept", b"*/*"),
            body=body,
            body_limit=body_limit,
            **options,
        )

    def respond(self, **options: Any) -> OpenResponse:
        return self.send(**options).start_response(200, ())


def receive(chunks: list[bytes], **options: Any) -> Exchange:
    """The exchange of a call whose whole body came in `chunks`."""
    ended = Ended()
    response = ended.respond(**options)
    feed(response, chunks)
    response.finish()
    [exchange] = ended
    return exchange


def test_a_request_is_stamped_when_it_is_sent() -> None:
    ended = Ended()
    before = time.time()
    request = ended.send()
    assert before <= request.timestamp <= time.time()
    assert request.ended == 0.0
    assert ended == []


def test_a_response_is_remembered_as_it_came() -> None:
    ended = Ended()
    headers = (b"content-type", b"application/json")
    response = ended.send().start_response(200, headers)
    chunks = [b"one", b"", b"two"]
    feed(response, chunks)
    response.finish()
    [exchange] = ended
    assert (exchange.status, exchange.response_headers) == (200, headers)
    assert (exchange.request_headers, exchange.request_body) == ((b"accept", b"*/*"), b"{}")
    assert all(kept is chunk for kept, chunk in zip(exchange.chunks, chunks, strict=True))
    assert exchange.outcome is Outcome.EXHAUSTED
    assert exchange.weight == 8
    assert not exchange.decoded
    assert exchange.first_byte is not None
    assert exchange.started <= exchange.first_byte <= exchange.ended


def test_headers_and_route_of_the_response_replace_those_of_the_request() -> None:
    ended = Ended()
    elsewhere = ROUTE._replace(resource="there")
    ended.send().start_response(200, (), request_headers=(b"a", b"b"), route=elsewhere, decoded=True).finish()
    assert (ended[0].request_headers, ended[0].route, ended[0].decoded) == ((b"a", b"b"), elsewhere, True)


def test_the_first_byte_has_one_moment() -> None:
    response = Ended().respond(body_limit=1)
    response.open_buffer(1)
    first = response.first_byte
    response.open_buffer(2)
    assert response.first_byte == first


def test_both_ends_are_kept_of_a_body_over_its_limit() -> None:
    chunks = [bytes([number % 256]) * 4 for number in range(200)]
    exchange = receive(chunks, body_limit=10)
    assert exchange.chunks == chunks[:2]
    assert list(exchange.tail or ()) == chunks[-TAIL_CHUNKS:]
    assert exchange.has_gap
    assert exchange.weight == 4 * (2 + TAIL_CHUNKS) + len(b"{}")


@pytest.mark.parametrize(("limit", "kept"), [(8, 2), (9, 2), (7, 1), (3, 0)])
def test_a_body_just_over_its_limit_has_no_gap(limit: int, kept: int) -> None:
    chunks = [b"aaaa", b"bbbb", b"cccc"]
    exchange = receive(chunks, body_limit=limit)
    assert exchange.chunks == chunks[:kept]
    assert [*exchange.chunks, *(exchange.tail or ())] == chunks
    assert not exchange.has_gap


@given(st.lists(st.integers(0, 30), max_size=200), st.integers(1, 400), st.booleans())
def test_what_is_kept_is_the_beginning_and_the_end(sizes: list[int], limit: int, counted: bool) -> None:
    ended = Ended()
    response = ended.respond(body_limit=limit, body=None)
    chunks = [bytes(size) for size in sizes]
    size = feed(response, chunks)
    response.finish(size=size if counted else 0)
    [exchange] = ended
    kept, tail = exchange.chunks, list(exchange.tail or ())
    assert all(one is other for one, other in zip(kept, chunks, strict=False))
    assert all(one is other for one, other in zip(reversed(tail), reversed(chunks), strict=False))
    assert len(tail) == min(TAIL_CHUNKS, len(chunks) - len(kept))
    assert sum(map(len, kept)) <= limit
    assert exchange.weight == sum(map(len, (*kept, *tail)))


def test_a_body_that_came_whole_is_kept_whole() -> None:
    ended = Ended()
    response = ended.respond(body_limit=4)
    response.append(b"more than four")
    response.finish()
    assert b"".join((*ended[0].chunks, *(ended[0].tail or ()))) == b"more than four"


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_call_ends_once_and_the_first_end_counts(outcome: Outcome) -> None:
    ended = Ended()
    response = ended.respond()
    response.finish(outcome)
    when = response.request.ended
    response.finish(Outcome.EXHAUSTED)
    response.finish(Outcome.CLOSED)
    response.fail(RuntimeError("late"))
    response.request.fail(RuntimeError("later"))
    response.request.discard()
    [exchange] = ended
    assert (exchange.outcome, exchange.ended, exchange.error) == (outcome, when, None)
    assert response.request.ended == when


def test_of_an_exception_only_its_name_and_text_are_kept() -> None:
    class Timeout(Exception):
        pass

    ended = Ended()
    error = Timeout("too slow")
    ended.send().fail(error)
    [exchange] = ended
    assert (exchange.status, exchange.chunks) == (None, [])
    assert (exchange.outcome, exchange.error) == (Outcome.FAILED, ("Timeout", "too slow"))
    gone = weakref.ref(error)
    del error
    collect_garbage()
    assert gone() is None


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), SystemExit(1)], ids=repr)
@pytest.mark.parametrize("state", [Ended.send, Ended.respond])
def test_every_kind_of_exception_is_a_failure_in_every_state(
    error: BaseException, state: Callable[[Ended], SentRequest | OpenResponse]
) -> None:
    ended = Ended()
    state(ended).fail(error)
    assert (ended[0].outcome, ended[0].error) == (Outcome.FAILED, (type(error).__name__, str(error)))


def test_an_exception_whose_text_raises_has_none() -> None:
    class Rude(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not me")

    ended = Ended()
    ended.send().fail(Rude())
    assert [exchange.error for exchange in ended] == [("Rude", "")]


def test_the_text_of_an_exception_can_always_be_encoded() -> None:
    ended = Ended()
    ended.send().fail(RuntimeError("Grüße \udcff"))
    assert ended[0].error == ("RuntimeError", "Grüße ?")


def test_a_call_that_is_discarded_never_ends() -> None:
    ended = Ended()
    response = ended.respond()
    response.request.discard()
    response.finish()
    response.fail(RuntimeError("x"))
    assert ended == []


@pytest.mark.parametrize(
    "end",
    [
        OpenResponse.finish,
        lambda response: response.request.discard(),
        lambda response: response.fail(RuntimeError("x")),
    ],
    ids=["finished", "discarded", "failed"],
)
@pytest.mark.parametrize("caller", [None, {}], ids=["without a context", "with a context"])
def test_a_response_is_in_the_registry_from_its_start_to_its_end(
    caller: Any, end: Callable[[OpenResponse], None]
) -> None:
    request = Ended().send(caller=caller)
    open_responses = request.open_responses
    assert not open_responses
    response = request.start_response(200, ())
    [found] = open_responses.values()
    assert (found() if isinstance(found, weakref.ReferenceType) else found) is response
    end(response)
    assert not open_responses


def test_the_registry_does_not_hold_what_everyone_has_dropped_of_a_call_with_a_context() -> None:
    request = Ended().send(caller={})
    request.start_response(200, ())
    [found] = request.open_responses.values()
    assert isinstance(found, weakref.ReferenceType)
    assert found() is None


def test_of_many_threads_that_end_a_call_one_does() -> None:
    for _ in range(200):
        ended = Ended()
        response = ended.respond()
        barrier = threading.Barrier(4)

        def end(
            outcome: Outcome, barrier: threading.Barrier = barrier, response: OpenResponse = response
        ) -> None:
            barrier.wait()
            response.finish(outcome)

        threads = [threading.Thread(target=end, args=(outcome,)) for outcome in Outcome]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ended) == 1


def test_the_slower_of_two_that_end_a_call_at_once_does_nothing() -> None:
    class TakenMeanwhile(list[bool]):
        """Was there when asked, and is gone when taken."""

        def __bool__(self) -> bool:
            return True

    ended = Ended()
    response = ended.respond()
    response.request._unfinished = TakenMeanwhile()
    response.finish()
    assert ended == []


def test_forgetting_drops_all_content_wherever_it_is_kept() -> None:
    ended = Ended()
    response = ended.respond(body_limit=4)
    feed(response, [b"aaaa", b"bbbb"])
    response.fail(RuntimeError("prompt"))
    [exchange] = ended
    assert exchange.weight == 10
    exchange.forget()
    assert (exchange.chunks, list(exchange.tail or ())) == ([], [])
    assert (exchange.request_body, exchange.error) == (None, None)
    # The caller may keep its response, and the stream holds the open one.
    assert (response.chunks, list(response.tail or ()), response.request.body) == ([], [], None)
    assert exchange.context.user_id == "u"


def test_a_call_without_bodies_weighs_nothing() -> None:
    assert receive([], body=None).weight == 0
