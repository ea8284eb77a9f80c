"""What a caller can see of an answer, and the answers that it is to see alike with and without us."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from payi_transport import MemorySink, payi_instrument
from payi_transport.pipeline.active import get_active
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import STREAM, UNARY, WireCase, by_name

__all__ = [
    "PATH",
    "REQUEST",
    "RESPONSES",
    "STREAM",
    "UNARY",
    "block",
    "go_through_proxy",
    "make_response",
    "observe",
    "view_both",
    "view_errors",
]

_ERROR = by_name["openai/chat_error_429"]
PATH = "/v1/chat/completions"
REQUEST = json.loads(UNARY.request)


def make_response(case: WireCase, **more: Any) -> CannedResponse:
    return CannedResponse(case.chunks(), status=case.status, headers=case.headers, **more)


def _packed(case: WireCase) -> CannedResponse:
    body = gzip.compress(case.response)
    return CannedResponse([body[:40], body[40:]], headers={**case.headers, "content-encoding": "gzip"})


def _sized(case: WireCase) -> CannedResponse:
    return CannedResponse(
        [case.response], headers={**case.headers, "content-length": str(len(case.response))}
    )


# Each with the recorded case whose event it makes.
RESPONSES: Mapping[str, tuple[WireCase, CannedResponse]] = {
    "unary": (UNARY, make_response(UNARY)),
    "unary by length": (UNARY, _sized(UNARY)),
    "unary packed": (UNARY, _packed(UNARY)),
    "error": (_ERROR, make_response(_ERROR)),
    "stream": (STREAM, make_response(STREAM)),
    "stream packed": (STREAM, _packed(STREAM)),
}


def observe(origin: Origin, sink: MemorySink, category: str = "system.openai") -> None:
    """Begin to record, the origin being one of a category."""
    payi_instrument(sink=sink, config={"host_mappings": {origin.netloc: {"price_as_category": category}}})


def go_through_proxy(origin: Origin, sink: MemorySink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin proxy mode, the origin being Pay-i."""
    monkeypatch.setenv("PAYI_API_KEY", "payi-key")
    monkeypatch.setenv("PAYI_BASE_URL", origin.url)
    origin.responses = [make_response(UNARY)]
    payi_instrument(sink=sink, config={"proxy": True})


def block(sink: MemorySink, limit_id: str) -> None:
    """Begin to enforce limits, of which one is blocked."""
    payi_instrument(sink=sink, config={"enforce_limits": True})
    pipeline = get_active()
    assert pipeline is not None
    pipeline.limits.set(limit_id, "blocked")


def view_both(
    origin: Origin, sink: MemorySink, *responses: CannedResponse
) -> Callable[[Callable[[], Any]], list[Any]]:
    """A function that runs a scenario without the library and with it: what it gave each time."""

    def run(scenario: Callable[[], Any]) -> list[Any]:
        return list(_run_twice(scenario))

    def _run_twice(scenario: Callable[[], Any]) -> Iterator[Any]:
        for records in (False, True):
            origin.responses = list(responses)
            if records:
                observe(origin, sink)
            yield scenario()

    return run


def view_errors(
    origin: Origin, sink: MemorySink, *responses: CannedResponse
) -> Callable[[Callable[[], Any]], list[tuple[type[Exception], str]]]:
    """`view_both` of a scenario that raises: what it raised each time."""
    view = view_both(origin, sink, *responses)

    def fail(scenario: Callable[[], Any]) -> tuple[type[Exception], str]:
        with pytest.raises(Exception) as raised:
            scenario()
        return raised.type, str(raised.value)

    return lambda scenario: view(lambda: fail(scenario))
