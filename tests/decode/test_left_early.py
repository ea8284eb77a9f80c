"""What was left early and is fetched later counts in full, once, and for the call that started it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import Any

import httpx
import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats
from payi_transport.capture.exchange import Exchange, Outcome
from payi_transport.capture.session import Session, SessionWork
from payi_transport.context.frame import Frame
from payi_transport.decode.exchange_decoder import Decoded, ExchangeDecoder
from payi_transport.decode.more_units import add_units
from payi_transport.decode.options import DecodeOptions
from payi_transport.decode.sessions import read_session
from payi_transport.decode.warnings import OneTimeWarnings
from payi_transport.prices import estimate
from payi_transport.providers.openai.live import LIVE
from payi_transport.routing.hosts import HostPattern
from payi_transport.routing.routes import Route
from payi_transport.values.event import Event, Units
from tests.support.exchanges import ROUTE, make_exchange
from tests.support.wire_cases import WireCase, by_name

CUT, FETCHED = by_name["google/interactions_stream_cut"], by_name["google/interactions_fetched_again"]
OPENAI = "https://api.openai.com/v1/responses"
STREAM, JSON = {"content-type": "text/event-stream"}, {"content-type": "application/json"}
REQUEST = {"model": "gpt-5.4", "input": "x", "stream": True, "background": True}


class Desk:
    """A decoder, and what it has decoded, charged, and traced."""

    def __init__(self, **options: Any) -> None:
        self.events: list[Event] = []
        self.charged: list[tuple[Frame, Event]] = []
        self.traced: list[Event] = []
        warnings = OneTimeWarnings(logging.getLogger("test.left_early"), ())
        self.decoder = ExchangeDecoder(
            DecodeOptions(**options), warnings, charge=lambda *it: self.charged.append(it), trace=self._trace
        )

    def _trace(self, exchange: Exchange, event: Event) -> Event:
        self.traced.append(event)
        return event

    def decode(self, *exchanges: Exchange) -> list[str]:
        found = [self.decoder.decode(exchange) for exchange in exchanges]
        self.events += [one.event for one in found if isinstance(one, Decoded)]
        return [one for one in found if isinstance(one, str)]

    def sum_units(self) -> dict[str, Units]:
        total: dict[str, Units] = {}
        for event in self.events:
            total = add_units(total, event.units)
        assert [event for _, event in self.charged] == self.traced == self.events
        assert len({event.provider_response_id for event in self.events}) == len(self.events)
        return total


def stream(*bodies: Any) -> bytes:
    return b"".join(b"data: %b\n\n" % json.dumps(body).encode() for body in bodies)


def start(*snapshots: dict[str, Any], frame: Frame | None = None) -> Exchange:
    """A stream of the Responses API that was left early."""
    created = {"id": "resp_1", "status": "in_progress", "model": "gpt-5.4", **(snapshots or ({},))[0]}
    body = stream(
        {"type": "response.created", "response": created},
        {"type": "response.output_text.delta", "delta": "one two"},
    )
    case = WireCase("left", json.dumps(REQUEST).encode(), body, 200, STREAM, {})
    route = ROUTE._replace(operation="openai.responses", uri=OPENAI)
    return make_exchange(case, outcome=Outcome.CLOSED, route=route, context=frame)


def fetch(*usage: int, frame: Frame | None = None, **more: Any) -> Exchange:
    """The fetch of the same response, with the tokens of its usage."""
    counts = dict(zip(("input_tokens", "output_tokens"), usage, strict=True)) if usage else None
    document = {"id": "resp_1", "status": "completed", "model": "gpt-5.4-2026-03-05", "usage": counts, **more}
    case = WireCase("fetched", b"", json.dumps(document).encode(), 200, JSON, {})
    route = ROUTE._replace(operation="openai.responses.again", uri=f"{OPENAI}/resp_1")
    return make_exchange(case, route=route, context=frame)


def test_an_interaction_that_was_left_early_counts_in_full_once_it_is_fetched() -> None:
    desk = Desk()
    repeats = desk.decode(make_exchange(CUT, outcome=Outcome.CLOSED), *[make_exchange(FETCHED)] * 2)
    assert repeats == ["repeated"]
    first, second = desk.events
    assert first.units == {"text": Units(11, 3)}
    assert second.units == {"text": Units(None, 87), "reasoning": Units(None, 245)}
    assert desk.sum_units() == {"text": Units(11, 90), "reasoning": Units(0, 245)}
    own = first.provider_response_id
    assert second.provider_response_id.startswith(f"{own}_")
    assert second.properties == {"provider.response_id": own}


def test_tokens_that_were_counted_here_are_topped_up() -> None:
    desk = Desk(count_tokens=lambda model, text: len(text.split()))
    desk.decode(start(), fetch(1000, 2000))
    assert [event.units for event in desk.events] == [{"text": Units(None, 2)}, {"text": Units(1000, 1998)}]
    assert desk.sum_units() == {"text": Units(1000, 2000)}


@pytest.mark.parametrize("zeros", [{}, {"usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}}])
def test_a_first_report_of_nothing_or_of_zeros_hides_nothing(zeros: dict[str, Any]) -> None:
    desk = Desk()
    assert desk.decode(start(zeros), fetch(100, 200), fetch(100, 200)) == ["repeated"]
    assert desk.sum_units() == {"text": Units(100, 200)}


def test_a_response_that_failed_before_any_usage_is_reported_again_with_its_usage() -> None:
    desk = Desk()
    failed: dict[str, Any] = {"status": "failed", "error": {"code": "server_error"}}
    assert desk.decode(fetch(**failed), fetch(**failed), fetch(1, 2)) == ["repeated"]
    assert desk.sum_units() == {"text": Units(1, 2)}


def test_what_is_fetched_belongs_to_the_call_that_was_left() -> None:
    desk = Desk()
    starter, fetcher = Frame(user_id="starter"), Frame(user_id="fetcher")
    used = {"usage": {"input_tokens": 5, "output_tokens": 1}}
    desk.decode(start(used, frame=starter), fetch(5, 9, frame=fetcher))
    assert [(event.user_id, event.provider_uri, event.resource) for event in desk.events] == [
        ("starter", OPENAI, "gpt-5.4")
    ] * 2
    assert [frame for frame, _ in desk.charged] == [starter, starter]
    assert desk.sum_units() == {"text": Units(5, 9)}


def test_what_the_proxy_has_counted_of_a_stream_that_was_left_is_not_counted_again() -> None:
    desk = Desk()
    used = {"usage": {"input_tokens": 5, "output_tokens": 1}}
    desk.decoder.note_counted(start(used))
    desk.decode(fetch(5, 9))
    assert desk.sum_units() == {"text": Units(0, 8)}


def test_the_rest_of_a_long_prompt_has_the_price_of_a_long_prompt() -> None:
    pytest.importorskip("genai_prices")
    desk = Desk()
    desk.decode(start({"usage": {"input_tokens": 300_000, "output_tokens": 0}}), fetch(300_000, 1000))
    parts, whole = desk.events, Desk()
    whole.decode(fetch(300_000, 1000))
    assert parts[1].units == {"text": Units(None, 1000)}
    costs = [estimate(event).total or 0 for event in (*parts, *whole.events)]
    assert costs[0] + costs[1] == costs[2]


SESSION = {"id": "live_1", "model": "gpt-live-1"}


def attend(frame: Frame, *events: dict[str, Any]) -> list[Exchange]:
    """The exchanges of one connection to a session of the Live API."""
    uri, host = "wss://api.openai.com/v1/live/sessions", HostPattern("api.openai.com", None)
    works: list[SessionWork] = []

    def push(work: SessionWork) -> bool:
        works.append(work)
        return True

    session = Session(push, LIVE, Route("openai.live.again", "system.openai", uri, host), frame)
    for event in ({"type": "session.started", "session": SESSION}, *events):
        session.receive(json.dumps(event).encode())
    session.finish()
    return [exchange for work in works for exchange in read_session(work)]


def used(kind: str, seconds: int) -> dict[str, Any]:
    return {"type": kind, "usage": {"seconds": seconds}}


@pytest.mark.parametrize(
    ("connections", "seconds"),
    [
        ([("session.usage.updated", 10), ("session.closed", 600)], [10, 590]),
        (
            [("session.usage.updated", 10), ("session.usage.updated", 15), ("session.closed", 600)],
            [10, 5, 585],
        ),
        ([("session.closed", 600), ("session.usage.updated", 10)], [600]),
        ([("session.usage.updated", 0), ("session.closed", 600)], [0, 600]),
    ],
)
def test_all_connections_of_a_session_have_its_seconds_together(
    connections: Iterable[tuple[str, int]], seconds: list[int]
) -> None:
    desk = Desk()
    for number, connection in enumerate(connections):
        desk.decode(*attend(Frame(user_id=str(number)), used(*connection)))
    assert [event.units["audio"].input for event in desk.events] == seconds
    # Each is for whoever attended meanwhile.
    assert [event.user_id for event in desk.events] == [str(number) for number in range(len(seconds))]


@pytest.mark.parametrize("mode", ["bulk", "inline"])
def test_a_program_that_leaves_a_stream_and_fetches_it_pays_for_it_once(mode: str, sink: MemorySink) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        case = CUT if request.method == "POST" else FETCHED
        return httpx.Response(200, headers=case.headers, content=iter([case.response, b""]))

    config: Any = {"delivery": {"mode": mode}}
    payi_instrument(sink=sink, config=config)
    url = "https://generativelanguage.googleapis.com/v1beta/interactions"
    with httpx.Client(transport=httpx.MockTransport(respond)) as client:
        with client.stream("POST", url, content=CUT.request) as left:
            assert next(left.iter_raw()) == CUT.response
        for _ in range(3):
            client.get(f"{url}/{CUT.event['provider_response_id']}")
    assert payi_flush(10)
    # Inline delivery reports what was left early in the background, most often after the fetch.
    assert payi_stats().skipped["repeated"] in (2, 3)
    total: dict[str, Units] = {}
    for event in sink.events:
        total = add_units(total, event.units)
    assert total == {"text": Units(11, 90), "reasoning": Units(0, 245)}
