"""Where a call is reported when it ends, and what has to wait for that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from payi_transport import MemorySink, payi_instrument
from payi_transport.capture.rewrites import HookAbilities, RequestRewrite
from payi_transport.context.frame import Frame
from payi_transport.pipeline.active import get_active
from payi_transport.pipeline.process import ProcessState
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import UNARY

COUNTED, OTHER = RequestRewrite(counted=True), RequestRewrite(body=b"{}")
WAITING, CALLBACK = HookAbilities(), HookAbilities(may_wait=False)


def start(tmp_path: Path, **config: Any) -> ProcessState:
    settings: Any = {"budgets_file": str(tmp_path / "budgets.db"), **config}
    payi_instrument(sink=MemorySink(), config=settings)
    pipeline = get_active()
    assert pipeline is not None
    return pipeline._state


def budget(*, enforce: bool) -> dict[str, Any]:
    return {"all": {"amount": 1, "period": "day", "zone": "UTC", "enforce": enforce}}


@pytest.mark.parametrize(
    ("mode", "enforce", "rewrite", "abilities", "end", "waits"),
    [
        ("bulk", None, None, WAITING, "push", False),
        ("bulk", None, OTHER, WAITING, "push", False),
        ("bulk", None, COUNTED, WAITING, "end_proxied", False),
        ("inline", None, COUNTED, WAITING, "end_proxied", False),
        ("inline", None, None, WAITING, "end_inline", True),
        ("inline", None, OTHER, CALLBACK, "push", False),
        ("inline", True, None, WAITING, "end_inline", True),
        ("inline", True, None, CALLBACK, "end_charged", False),
        ("bulk", True, None, WAITING, "end_charged", False),
        ("bulk", True, COUNTED, WAITING, "end_proxied", False),
        ("bulk", False, None, WAITING, "push", False),
    ],
)
def test_each_call_ends_where_it_can_be_reported(
    mode: str,
    enforce: bool | None,
    rewrite: RequestRewrite | None,
    abilities: HookAbilities,
    end: str,
    waits: bool,
    tmp_path: Path,
) -> None:
    budgets = {} if enforce is None else budget(enforce=enforce)
    state = start(tmp_path, delivery={"mode": mode}, budgets=budgets)
    found, has_to_wait = state.choose_end(rewrite, abilities, Frame())
    assert (found.__name__, has_to_wait) == (end, waits)
    assert state.has_other_ends is (mode == "inline" or enforce is True)


@pytest.mark.parametrize(
    ("enforce", "is_closed", "is_early"), [(True, False, True), (False, False, False), (True, True, False)]
)
def test_the_cost_of_a_call_is_counted_before_it_returns_where_the_next_may_be_refused(
    enforce: bool, is_closed: bool, is_early: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = start(tmp_path, budgets=budget(enforce=enforce))
    pushed: list[Any] = []
    monkeypatch.setattr(state.delivery, "push", pushed.append)
    state.delivery.closed = is_closed
    exchange = make_exchange(UNARY)
    state.end_charged(exchange)
    state.delivery.closed = False
    [queued] = pushed
    assert (queued.event is not None) is is_early
    # Its event holds what is needed of it.
    assert bool(exchange.chunks) is not is_early
