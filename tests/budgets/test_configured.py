"""The tracker of a configuration: its file, and what a call counts for."""

from __future__ import annotations

import logging
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from payi_transport.budgets import configured
from payi_transport.budgets.configured import find_file, make_charge, make_tracker
from payi_transport.budgets.store import Store, find_default_file
from payi_transport.config.validation import check_config
from payi_transport.context.frame import Frame
from payi_transport.prices import Estimate
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from payi_transport.values.event import Event, Units
from payi_transport.values.names import UNITS_PROPERTY
from tests.budgets.support import make_event


def make(**fields: object) -> Event:
    return Event(category="system.openai", provider_response_id="r", **{"units": {}, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("total", "status", "amount", "is_complete"),
    [
        ("1.5", "priced", "1.5", True),
        ("1.5", "partial", "1.5", False),
        (None, "unpriced", "0", False),
        ("0", "included", "0", True),
    ],
)
def test_a_call_counts_for_its_estimate(
    total: str | None, status: str, amount: str, is_complete: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind: Any = status
    made = Estimate(total=None if total is None else Decimal(total), status=kind)
    monkeypatch.setattr(configured, "estimate", lambda event: made)
    assert make_charge(make_event()) == (Decimal(amount), is_complete)


def test_a_call_that_failed_costs_nothing() -> None:
    assert make_charge(make(http_status_code=500)) == (Decimal(0), True)


def test_a_call_whose_units_are_missing_has_no_price() -> None:
    assert make_charge(make(properties={UNITS_PROPERTY: "missing"})) == (Decimal(0), False)


def test_a_call_that_is_billed_by_searches_alone_may_lack_a_price() -> None:
    ranking = make(resource="rerank-99", properties={"provider.search_units": "3"})
    assert make_charge(ranking) == (Decimal(0), False)


def test_a_stream_that_was_left_before_its_usage_lacks_no_price_that_anybody_knows() -> None:
    assert make_charge(make(properties={"system.stream": "partial"})) == (Decimal(0), True)
    assert make_charge(make(properties={"system.stream": "partial", UNITS_PROPERTY: "missing"})) == (
        Decimal(0),
        False,
    )


def test_the_file_is_the_configured_one() -> None:
    assert find_file(check_config({"budgets_file": "/x/b.db"})) == Path("/x/b.db")
    assert find_file(check_config({})) == find_default_file()


def test_a_tracker_warns_with_the_programs_logger(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = check_config({"budgets": {"b": {"amount": 1}}, "budgets_file": str(tmp_path / "b.db")})
    log = RateLimitedLogger(logging.getLogger("finops"), 60)
    tracker = make_tracker(settings, log, lambda exc: None)
    tracker.charge(Frame(), make(units={"text": Units(input=1)}, resource="no-such-model"))
    tracker.close(5)
    assert "a call of no-such-model under budget b has no price" in caplog.text
    assert Store(tmp_path / "b.db").path.exists()
