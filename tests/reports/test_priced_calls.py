"""Events with their prices, and which of them failed."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from payi_transport.budgets.budget import make_budgets
from payi_transport.budgets.owners import read_event_field
from payi_transport.cli.report_command import read_report
from payi_transport.prices import Pricer
from payi_transport.reports.allocation import Shares
from payi_transport.reports.bills.names import make_model_key
from payi_transport.reports.budget_check import check_events
from payi_transport.reports.events import EventReader
from payi_transport.reports.focus import FocusOptions, make_rows
from payi_transport.reports.priced_calls import TimedEvents, has_failed, price_calls
from payi_transport.reports.reconcile_cells import OurCalls
from payi_transport.reports.zones import Zones
from tests.budgets.support import read_budgets
from tests.prices.calls import MOMENT, make_call
from tests.reports.support import exact, make_event, price_with


@pytest.mark.parametrize(
    ("fields", "failed"),
    [
        ({}, False),
        ({"http_status_code": 200}, False),
        ({"http_status_code": 299}, True),
        ({"http_status_code": 404}, True),
        ({"http_status_code": 399}, False),
        ({"http_status_code": 400}, True),
        ({"properties": {"system.failure": ""}}, False),
        ({"http_status_code": 200, "properties": {"system.failure": "server_error"}}, True),
    ],
)
def test_a_call_failed_by_its_status_or_in_its_response(fields: dict[str, Any], failed: bool) -> None:
    assert has_failed(make_event({}, **fields)) is failed


def test_calls_are_priced_one_by_one() -> None:
    events = [make_event({"text": (1, 0)}), make_event({"text": (2, 0)})]
    calls = [*price_calls(events, lambda event, _: price_with({"text input": "3"}, event))]
    assert [exact(call.event, call.estimate.total) for call in calls] == [(events[0], 3), (events[1], 6)]


def test_a_figure_of_pay_i_is_the_cost_in_every_view(tmp_path: Path) -> None:
    """Of the report, budgets, FOCUS, and the reconciliation with bills."""
    call = make_call("gpt-4o", {"text": (1_000_000, None)}, account_name="acme")
    kept = {**json.loads(msgspec.json.encode(call)), "xproxy_result": {"cost": {"total": {"base": 1.25}}}}
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(kept))
    calls = [*price_calls(EventReader([str(file)]), Pricer().estimate)]
    assert [(found.estimate.total, found.estimate.source) for found in calls] == [(Decimal("1.25"), "payi")]
    report, _ = read_report([str(file)], by="model")
    assert report.total.summary.cost == Decimal("1.25")
    budgets = make_budgets(read_budgets({"all": {"amount": 10}}))
    [state] = check_events(budgets, calls, MOMENT).states
    assert state.spent == Decimal("1.25")
    [row] = make_rows(calls, FocusOptions())
    assert (row["EffectiveCost"], row["x_CostBasis"]) == (Decimal("1.25"), "Pay-i")


def test_calls_without_a_time_are_left_out_and_counted() -> None:
    timed, untimed = make_event({"text": (1, 0)}), make_event({"text": (2, 0)}, event_timestamp=None)
    events = TimedEvents([untimed, timed, untimed])
    assert [*events] == [timed]
    assert events.untimed == 2


def test_tokens_of_another_model_are_of_that_model_in_every_view() -> None:
    pytest.importorskip("genai_prices")
    call = make_call(
        "claude-haiku-4-5",
        {"text": (1000, None)},
        category="system.anthropic",
        account_name="acme",
        properties={
            "provider.iterations.1.model": "claude-opus-4-5",
            "provider.iterations.1.text.output": "100",
        },
    )
    calls = list(price_calls([call]))
    rows = make_rows(calls, FocusOptions())
    assert {row["ResourceId"]: row["ListCost"] for row in rows} == {
        "claude-haiku-4-5": Decimal("0.001"),
        "claude-opus-4-5": Decimal("0.0025"),
    }
    ours = OurCalls(calls, ["anthropic"])
    days = ours.by_day(Zones())
    assert {ours.names[key.model]: amount.cost for key, amount in days.items()} == {
        "claude-haiku-4-5": Decimal("0.001"),
        "claude-opus-4-5": Decimal("0.0025"),
    }
    shares = Shares(["account_name"], read_event_field)
    shares.add(calls[0])
    assert shares.find(make_model_key("claude-opus-4-5"), "output") == {("acme",): Decimal("0.0025")}
