"""The user's content logger: what it gets, where it runs, and that its errors hurt nobody."""

from __future__ import annotations

import contextvars
import json
import threading
from typing import Any

import pytest
from msgspec.structs import replace

from payi_transport.capture.exchange import Exchange
from payi_transport.context.frame import Frame
from payi_transport.decode.content_logger import ContentLogger
from payi_transport.decode.options import DecodeOptions
from tests.support.exchanges import decode_case, make_exchange
from tests.support.wire_cases import STREAM, UNARY

RESPONSE = {"request_id": "r-1", "xproxy_result": {}}
SPAN: contextvars.ContextVar[str] = contextvars.ContextVar("SPAN", default="none")


class Bench:
    """A logger that keeps what it gets."""

    def __init__(self) -> None:
        self.logged: list[tuple[str, dict[str, str]]] = []
        self.spans: list[str] = []
        self.faults: list[BaseException] = []

    def log(self, request_id: str, data: dict[str, str]) -> None:
        self.logged.append((request_id, data))
        self.spans.append(SPAN.get())

    def deliver(self, exchange: Exchange, case: Any = UNARY, response: Any = RESPONSE) -> dict[str, str]:
        """Return the data that the logger gets for an exchange."""
        log = ContentLogger(self.log, DecodeOptions(), self.faults.append)
        event = decode_case(case, log_content=exchange.log_content)
        listener = log.make_listener(exchange, event)
        exchange.forget()
        assert self.logged == []
        listener(response)
        assert self.faults == []
        return self.logged[0][1]


def test_the_logger_gets_the_id_and_the_request_and_response_as_text() -> None:
    bench = Bench()
    data = bench.deliver(make_exchange(UNARY))
    assert data == {
        "provider_request_json": UNARY.request.decode(),
        "provider_response_json": UNARY.response.decode(),
    }
    assert bench.logged == [("r-1", data)]


def test_the_messages_of_a_stream_are_a_json_array() -> None:
    data = Bench().deliver(make_exchange(STREAM), STREAM)
    parts = json.loads(data["provider_response_json"])
    assert parts == list(decode_case(STREAM).provider_response_json or ())


@pytest.mark.parametrize("response", [{}, {"request_id": None}, {"request_id": 3}])
def test_an_event_that_pay_i_gave_no_id_has_the_local_id(response: Any) -> None:
    bench = Bench()
    bench.deliver(make_exchange(UNARY), response=response)
    assert bench.logged[0][0] == "local_instrumentation"


@pytest.mark.parametrize(("logs", "keys"), [(None, 2), (True, 2), (False, 0)])
def test_the_logger_gets_content_that_is_kept_from_pay_i_unless_the_scope_turned_it_off(
    logs: bool | None, keys: int
) -> None:
    exchange = make_exchange(UNARY, log_content=False, context=Frame(log_prompt_and_response=logs))
    assert len(Bench().deliver(exchange)) == keys


def test_the_logger_runs_in_the_context_of_the_call() -> None:
    bench = Bench()
    token = SPAN.set("the caller's")
    exchange = replace(make_exchange(UNARY), caller=contextvars.copy_context())
    SPAN.reset(token)
    thread = threading.Thread(target=bench.deliver, args=[exchange])
    thread.start()
    thread.join()
    assert bench.spans == ["the caller's"]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt()])
def test_what_the_logger_raises_is_a_fault_and_nothing_else(error: BaseException) -> None:
    def fail(request_id: str, data: dict[str, str]) -> None:
        raise error

    faults: list[BaseException] = []
    log = ContentLogger(fail, DecodeOptions(), faults.append)
    log.make_listener(make_exchange(UNARY), decode_case(UNARY))(RESPONSE)
    assert faults == [error]
