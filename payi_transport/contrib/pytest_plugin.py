"""A fixture for tests of programs that make LLM calls: `payi_events`, the events of one test.

pytest loads this module in every environment that has the package, so it imports nothing but pytest until a
test asks for the fixture.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from payi_transport.config.types import PayiInstrumentConfig
    from payi_transport.sinks.memory import MemorySink
    from payi_transport.values.event import Event

__all__ = ["PayiEvents", "payi_events", "payi_events_config"]

# Events of a test go no further than memory, so a worker that needs longer than this is stuck.
_FLUSH_TIMEOUT = 10.0
# The mocks that replace a method that is hooked, and how they start. vcrpy does so for aiohttp alone.
_REPLACING = (
    ("aioresponses.core", "aioresponses", "start"),
    ("responses", "RequestsMock", "start"),
    ("vcr.cassette", "CassetteContextDecorator", "__enter__"),
)


class PayiEvents(Sequence["Event"]):
    """The events of the calls that a test has made so far, in the order in which their calls ended.

    Reading it waits until all calls that have ended are events. A streamed response ends when it was
    read to its end or closed.
    """

    def __init__(self, sink: MemorySink) -> None:
        self._sink = sink

    def __getitem__(self, index: Any) -> Any:
        return self._read()[index]

    def __len__(self) -> int:
        return len(self._read())

    def __eq__(self, other: object) -> bool:
        return self._read() == (other._read() if isinstance(other, PayiEvents) else other)

    def __repr__(self) -> str:
        return repr(self._read())

    # It changes as calls are made.
    __hash__ = None  # type: ignore[assignment]

    def clear(self) -> None:
        """Forget the events so far, so that those of the calls from now on remain."""
        self._read().clear()

    def _read(self) -> list[Event]:
        from payi_transport import payi_flush

        payi_flush(_FLUSH_TIMEOUT)
        return self._sink.events


@pytest.fixture
def payi_events_config() -> PayiInstrumentConfig | None:
    """Return the config to record with. Override it in a test module, or in a `conftest.py`.

    By default it is that of the program, where it has instrumented itself before the test, else that of the
    file and the environment. Keys that say where events go are ignored: a test sends none.
    """
    return None


@pytest.fixture
def payi_events(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    payi_events_config: PayiInstrumentConfig | None,
) -> Iterator[PayiEvents]:
    """Record the LLM calls of one test, and fail it if an event was lost.

    Nothing is sent, and no key is needed. The use case of calls outside all scopes is the test's module. What
    the program has instrumented before the test goes on after it.
    """
    from payi_transport import MemorySink, payi_stats
    from payi_transport.api.instrument import instrument_instead

    sink = MemorySink()
    for module, owner, start in _REPLACING:
        if module in sys.modules:
            _hook_again_after(getattr(sys.modules[module], owner), start, monkeypatch)
    with instrument_instead(sink, payi_events_config, request.path.stem):
        events = PayiEvents(sink)
        yield events
        len(events)
        stats = payi_stats()
    lost = {reason: count for reason, count in stats.lost.items() if count}
    if lost or stats.faults:
        pytest.fail(f"payi_transport lost events of this test: {lost}, and had {stats.faults} faults")


def _hook_again_after(mock: Any, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from payi_transport import payi_instrument

    start = getattr(mock, method)

    def start_and_hook(self: Any) -> Any:
        started = start(self)
        # Changes nothing but hooks that were taken away.
        payi_instrument()
        return started

    monkeypatch.setattr(mock, method, start_and_hook)
