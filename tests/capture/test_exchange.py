"""An exchange: chunks as they came, the beginning and the end of a long body, and one end, whatever comes."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.capture.exchange import TAIL_CHUNKS, Exchange, Outcome, RequestRewrite
from payi_transport.context.frame import Frame
from payi_transport.context.results import ResultSlot
from tests.support.exchanges import ROUTE
from tests.support.garbage import collect_garbage


class Pushed(list[Exchange]):
    """Where finished exchanges go."""

    def make(self, body_limit: int = 1 << 20, request_body: bytes | None = b"{}") -> Exchange:
        return Exchange(
            self.append,
            ROUTE,
            Frame(user_id="u"),
            log_content=True,
            request_headers=(b"accept", b"*/*"),
            request_body=request_body,
            body_limit=body_limit,
        )


def feed(exchange: Exchange, chunks: list[bytes]) -> None:
    """Append chunks as adapters do: a lane is asked for when the body outgrows the last one."""
    size, room = 0, -1
    for chunk in chunks:
        size += len(chunk)
        if size > room:
            append, room = exchange.open_lane(size)
        append(chunk)


def test_an_exchange_that_was_just_made_is_a_call_without_an_answer() -> None:
    pushed = Pushed()
    before = time.time()
    exchange = pushed.make()
    assert before <= exchange.timestamp <= time.time()
    assert (exchange.status, exchange.response_headers, exchange.chunks) == (None, (), [])
    assert (exchange.first_byte, exchange.error, exchange.rewriter) == (None, None, None)
    assert not exchange.decoded
    assert pushed == []


def test_an_answer_is_remembered_as_it_came() -> None:
    pushed = Pushed()
    exchange = pushed.make()
    headers = (b"content-type", b"application/json")
    exchange.begin_answer(200, headers)
    chunks = [b"one", b"", b"two"]
    feed(exchange, chunks)
    exchange.finish()
    assert pushed == [exchange]
    assert (exchange.status, exchange.response_headers) == (200, headers)
    assert all(kept is chunk for kept, chunk in zip(exchange.chunks, chunks, strict=True))
    assert exchange.outcome is Outcome.EXHAUSTED
    assert exchange.size == 6
    assert exchange.weight == 8
    assert exchange.first_byte is not None
    assert exchange.started <= exchange.first_byte <= exchange.ended


def test_the_first_byte_has_one_moment() -> None:
    exchange = Pushed().make(body_limit=1)
    exchange.open_lane(1)
    first = exchange.first_byte
    exchange.open_lane(2)
    assert exchange.first_byte == first


def test_of_a_body_over_its_limit_both_ends_are_kept() -> None:
    exchange = Pushed().make(body_limit=10)
    chunks = [bytes([number % 256]) * 4 for number in range(200)]
    feed(exchange, chunks)
    exchange.finish()
    assert exchange.chunks == chunks[:2]
    assert list(exchange.tail or ()) == chunks[-TAIL_CHUNKS:]
    assert exchange.has_gap
    assert exchange.size == 4 * (2 + TAIL_CHUNKS)


@pytest.mark.parametrize(("limit", "kept"), [(8, 2), (9, 2), (7, 1), (3, 0)])
def test_a_body_just_over_its_limit_has_no_gap(limit: int, kept: int) -> None:
    exchange = Pushed().make(body_limit=limit)
    chunks = [b"aaaa", b"bbbb", b"cccc"]
    feed(exchange, chunks)
    assert exchange.chunks == chunks[:kept]
    assert [*exchange.chunks, *(exchange.tail or ())] == chunks
    assert not exchange.has_gap


@given(st.lists(st.integers(0, 30), max_size=200), st.integers(1, 400))
def test_what_is_kept_is_the_beginning_and_the_end(sizes: list[int], limit: int) -> None:
    exchange = Pushed().make(body_limit=limit)
    chunks = [bytes(size) for size in sizes]
    feed(exchange, chunks)
    exchange.finish()
    kept, tail = exchange.chunks, list(exchange.tail or ())
    assert all(one is other for one, other in zip(kept, chunks, strict=False))
    assert all(one is other for one, other in zip(reversed(tail), reversed(chunks), strict=False))
    assert len(tail) == min(TAIL_CHUNKS, len(chunks) - len(kept))
    assert sum(map(len, kept)) <= limit
    assert exchange.size == sum(map(len, (*kept, *tail)))


def test_a_whole_body_is_taken_as_decoded() -> None:
    pushed = Pushed()
    exchange = pushed.make(body_limit=4)
    exchange.begin_answer(200, ())
    exchange.feed_whole(b"more than four")
    exchange.finish()
    assert exchange.decoded
    assert b"".join((*exchange.chunks, *(exchange.tail or ()))) == b"more than four"


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_exchange_ends_once_and_the_first_end_counts(outcome: Outcome) -> None:
    pushed = Pushed()
    exchange = pushed.make()
    exchange.finish(outcome)
    ended = exchange.ended
    exchange.finish(Outcome.EXHAUSTED)
    exchange.finish(Outcome.CLOSED)
    exchange.fail(RuntimeError("late"))
    exchange.discard()
    assert pushed == [exchange]
    assert (exchange.outcome, exchange.ended, exchange.error) == (outcome, ended, None)


def test_of_an_exception_its_name_and_text_are_kept_alone() -> None:
    class Timeout(Exception):
        pass

    pushed = Pushed()
    exchange = pushed.make()
    error = Timeout("too slow")
    exchange.fail(error)
    assert pushed == [exchange]
    assert (exchange.outcome, exchange.error) == (Outcome.FAILED, ("Timeout", "too slow"))
    gone = weakref.ref(error)
    del error
    collect_garbage()
    assert gone() is None


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), SystemExit(1)], ids=repr)
def test_every_kind_of_exception_is_a_failure(error: BaseException) -> None:
    exchange = Pushed().make()
    exchange.fail(error)
    assert exchange.error == (type(error).__name__, str(error))


def test_an_exception_that_has_no_text_to_give_is_no_trouble() -> None:
    class Rude(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not me")

    pushed = Pushed()
    exchange = pushed.make()
    exchange.fail(Rude())
    assert pushed == [exchange]
    assert exchange.error == ("Rude", "")


def test_the_text_of_an_exception_can_always_be_written() -> None:
    exchange = Pushed().make()
    exchange.fail(RuntimeError("Grüße \udcff"))
    assert exchange.error == ("RuntimeError", "Grüße ?")


def test_an_exchange_that_is_discarded_never_ends() -> None:
    pushed = Pushed()
    exchange = pushed.make()
    exchange.discard()
    exchange.finish()
    exchange.fail(RuntimeError("x"))
    assert pushed == []


@pytest.mark.parametrize(
    "end",
    [
        Exchange.finish,
        Exchange.discard,
        lambda exchange: exchange.fail(RuntimeError("x")),
        # Found by nobody, and held by none either.
        lambda exchange: None,
    ],
    ids=["finished", "discarded", "failed", "let go"],
)
def test_it_is_to_be_found_from_the_head_of_its_answer_to_its_end(end: Callable[[Exchange], None]) -> None:
    exchange = Pushed().make()
    answering = exchange.answering
    assert not answering
    exchange.begin_answer(200, ())
    assert [found() for found in answering.values()] == [exchange]
    end(exchange)
    del exchange
    assert [found() for found in answering.values() if found() is not None] == []


def test_of_many_threads_that_end_it_one_does() -> None:
    for _ in range(200):
        pushed = Pushed()
        exchange = pushed.make()
        barrier = threading.Barrier(4)

        def end(
            outcome: Outcome, barrier: threading.Barrier = barrier, exchange: Exchange = exchange
        ) -> None:
            barrier.wait()
            exchange.finish(outcome)

        threads = [threading.Thread(target=end, args=(outcome,)) for outcome in Outcome]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert pushed == [exchange]


def test_forgetting_lets_go_of_all_content() -> None:
    exchange = Pushed().make(body_limit=4)
    feed(exchange, [b"aaaa", b"bbbb"])
    exchange.fail(RuntimeError("prompt"))
    weight = exchange.weight
    exchange.forget()
    assert (exchange.chunks, exchange.tail) == ([], None)
    assert (exchange.request_body, exchange.error) == (None, None)
    assert weight == 10
    assert exchange.context.user_id == "u"


def test_a_request_without_a_body_weighs_nothing() -> None:
    exchange = Pushed().make(request_body=None)
    exchange.finish()
    assert exchange.weight == 0


def test_the_slower_of_two_that_end_an_exchange_at_once_does_nothing() -> None:
    class TakenMeanwhile(list[bool]):
        """Was there when asked, and is gone when taken."""

        def __bool__(self) -> bool:
            return True

    pushed = Pushed()
    exchange = pushed.make()
    exchange._unfinished = TakenMeanwhile()
    exchange.finish()
    assert pushed == []


def test_who_waits_for_the_end_is_told_once_behind_it_and_let_go() -> None:
    pushed, waiting = Pushed(), Pushed()
    exchange = pushed.make()
    exchange.then = lambda ended: waiting.extend([*pushed, ended])
    exchange.finish()
    exchange.finish(Outcome.CLOSED)
    assert waiting == [exchange, exchange]
    assert exchange.then is None


@pytest.mark.parametrize(
    ("waits", "detour", "brings"),
    [
        (True, None, True),
        (False, None, False),
        (False, RequestRewrite(counted=True), True),
        (False, RequestRewrite(plain=True), False),
    ],
)
def test_a_result_is_there_where_pay_i_tells_it_in_time(
    waits: bool, detour: RequestRewrite | None, brings: bool
) -> None:
    exchange = Pushed().make()
    exchange.waits, exchange.detour = waits, detour
    assert exchange.brings_result is brings


@pytest.mark.parametrize("result_slot", [ResultSlot(), None], ids=["somebody asks", "nobody asks"])
def test_what_pay_i_says_is_known_at_the_end_to_who_asks(result_slot: ResultSlot | None) -> None:
    exchange = Pushed().make()
    exchange.push = lambda ended: ended.take_result({"request_id": "r"})
    exchange.result_slot = result_slot
    assert exchange.result is None
    assert exchange.settle() == exchange.result == (result_slot and {"request_id": "r"})
