"""Mocks in every order of starting and ending: each responds as it does alone, and all is restored."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats, payi_uninstrument
from tests.instrumentations.calls import HTTP_CALLS, Provider
from tests.instrumentations.mocks import MOCKS
from tests.instrumentations.program import compare, snapshot
from tests.support.origin import run_origin

Party = Literal["ours", "theirs"]


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with run_origin(Provider()) as running:
        yield running


def count_events(sink: MemorySink) -> int:
    assert payi_flush(30)
    assert payi_stats().faults == 0
    return len(sink.events)


@pytest.mark.parametrize("ends", ["ours", "theirs"])
@pytest.mark.parametrize("starts", ["ours", "theirs"])
@pytest.mark.parametrize("name", MOCKS)
def test_it_responds_as_it_does_alone_and_all_is_restored(
    name: str, starts: Party, ends: Party, provider: Provider, sink: MemorySink, tmp_path: Path
) -> None:
    mock = MOCKS[name]
    pytest.importorskip(mock.module)
    url = mock.url or provider.url
    with mock.start(url, tmp_path) as seen:
        alone = mock.call(url), seen()
    # Recorded anew while both are there.
    (tmp_path / "calls.yaml").unlink(missing_ok=True)
    before = snapshot()
    config: Any = {"host_mappings": {provider.url: {"price_as_category": "system.openai"}}}
    real = HTTP_CALLS[mock.library]

    def instrument() -> None:
        payi_instrument(sink=sink, config=config)

    with contextlib.ExitStack() as theirs:
        if starts == "ours":
            instrument()
        seen = theirs.enter_context(mock.start(url, tmp_path))
        if starts == "theirs":
            instrument()
        assert (mock.call(url), seen()) == alone
        expected = mock.ours_first if starts == "ours" else mock.theirs_first
        assert count_events(sink) == expected
        if ends == "ours":
            payi_uninstrument()
            assert mock.call(url) == alone[0]
    if ends == "theirs":
        # A mock that restores what it found may have taken our hook away.
        instrument()
        real(provider.url)
        expected += 1
        assert count_events(sink) == expected
        payi_uninstrument()
    real(provider.url)
    assert len(sink.events) == expected
    # One that restores what it found may have brought a hook of ours back, which is idle and goes away.
    instrument()
    real(provider.url)
    assert count_events(sink) == expected + 1
    payi_uninstrument()
    assert compare(snapshot(), before) == []
