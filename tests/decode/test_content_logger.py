"""The logger of prompts and answers: what it is told, where it runs, and that nobody feels its failing."""

from __future__ import annotations

import contextvars
import json
import threading
from typing import Any

import pytest

from payi_transport.capture.exchange import Exchange
from payi_transport.context.frame import Frame
from payi_transport.decode.content_logger import ContentLogger
from payi_transport.decode.options import DecodeOptions
from tests.support.exchanges import decode_case, make_exchange
from tests.support.wire_cases import STREAM, UNARY

ANSWER = {"request_id": "r-1", "xproxy_result": {}}
SPAN: contextvars.ContextVar[str] = contextvars.ContextVar("SPAN", default="none")


class Bench:
    """A logger that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, str]]] = []
        self.spans: list[str] = []
        self.faults: list[BaseException] = []

    def log(self, request_id: str, data: dict[str, str]) -> None:
        self.told.append((request_id, data))
        self.spans.append(SPAN.get())

    def deliver(self, exchange: Exchange, case: Any = UNARY, answer: Any = ANSWER) -> dict[str, str]:
        """The data that the logger is told of an exchange."""
        log = ContentLogger(self.log, DecodeOptions(), self.faults.append)
        event = decode_case(case, log_content=exchange.log_content)
        listener = log.make_listener(exchange, event)
        exchange.forget()
        assert self.told == []
        listener(answer)
        assert self.faults == []
        return self.told[0][1]


def test_it_is_told_the_id_and_request_and_answer_as_text() -> None:
    bench = Bench()
    data = bench.deliver(make_exchange(UNARY))
    assert data == {
        "provider_request_json": UNARY.request.decode(),
        "provider_response_json": UNARY.answer.decode(),
    }
    assert bench.told == [("r-1", data)]


def test_the_parts_of_a_stream_are_a_json_array() -> None:
    data = Bench().deliver(make_exchange(STREAM), STREAM)
    parts = json.loads(data["provider_response_json"])
    assert parts == list(decode_case(STREAM).provider_response_json or ())


@pytest.mark.parametrize("answer", [{}, {"request_id": None}, {"request_id": 3}])
def test_a_request_that_got_no_id_has_the_one_for_none(answer: Any) -> None:
    bench = Bench()
    bench.deliver(make_exchange(UNARY), answer=answer)
    assert bench.told[0][0] == "local_instrumentation"


@pytest.mark.parametrize(("said", "keys"), [(None, 2), (True, 2), (False, 0)])
def test_what_pay_i_is_not_told_it_is_told_unless_the_call_says_no(said: bool | None, keys: int) -> None:
    exchange = make_exchange(UNARY, log_content=False, context=Frame(log_prompt_and_response=said))
    assert len(Bench().deliver(exchange)) == keys


def test_it_runs_in_the_context_of_the_request() -> None:
    bench = Bench()
    exchange = make_exchange(UNARY)
    token = SPAN.set("the caller's")
    exchange.caller = contextvars.copy_context()
    SPAN.reset(token)
    thread = threading.Thread(target=bench.deliver, args=[exchange])
    thread.start()
    thread.join()
    assert bench.spans == ["the caller's"]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt()])
def test_what_it_raises_is_a_fault_and_nothing_else(error: BaseException) -> None:
    def fail(request_id: str, data: dict[str, str]) -> None:
        raise error

    faults: list[BaseException] = []
    log = ContentLogger(fail, DecodeOptions(), faults.append)
    log.make_listener(make_exchange(UNARY), decode_case(UNARY))(ANSWER)
    assert faults == [error]
