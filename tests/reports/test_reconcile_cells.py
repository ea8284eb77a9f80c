"""Our calls and the bill by day, model, and kind of tokens."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from payi_transport.reports.bills.line import BillLine
from payi_transport.reports.reconcile_cells import (
    Amount,
    CellKey,
    OurCalls,
    add_bill,
    find_unit_kind,
    is_covered,
)
from payi_transport.reports.zones import Zones
from tests.reports.support import NOON, exact, make_call

RATES = {"text input": "2", "text output": "8"}


@pytest.mark.parametrize(
    ("unit", "direction", "kind"),
    [
        ("text", "input", "input"),
        ("text_large_context", "output", "output"),
        ("vision", "input", "input"),
        ("reasoning", "output", "output"),
        ("text_cache_read", "input", "cache_read"),
        ("vision_cache_read_large_context", "input", "cache_read"),
        ("text_cache_write", "input", "cache_write"),
        ("text_cache_write_1h", "input", "cache_write_1h"),
        ("text_cache_write_12h", "input", "cache_write"),
        ("audio", "output", "audio_output"),
        ("image", "output", "image_output"),
        ("image", "input", "input"),
        ("web_search_request", "output", "web_search"),
        ("guardrail_topic", "input", "other"),
        ("audio", "input", "audio_input"),
        ("video", "input", "input"),
        ("video", "output", "output"),
        ("audio_cache_read", "input", "cache_read"),
        ("file_search_request", "output", "other"),
        ("document_page", "input", "other"),
    ],
)
def test_our_units_have_the_kinds_of_bills(unit: str, direction: str, kind: str) -> None:
    assert find_unit_kind(unit, direction) == kind


@pytest.mark.parametrize(
    ("category", "providers", "covered"),
    [
        ("system.openai", {"openai"}, True),
        ("system.anthropic", {"openai"}, False),
        ("system.azureopenai", {"azure"}, True),
        ("system.azure", {"azure"}, True),
        ("system.aws.bedrock", {"aws", "openai"}, True),
        ("system.google.vertex", {"google"}, True),
        ("system.databricks.aws", {"databricks"}, True),
        ("system.databricks.aws", {"aws"}, False),
        ("system.openaix", {"openai"}, False),
        ("custom", {"openai"}, False),
        ("custom", {""}, True),
        ("custom", set(), False),
    ],
)
def test_a_bill_is_about_the_categories_of_its_provider(
    category: str, providers: set[str], covered: bool
) -> None:
    assert is_covered(category, providers) is covered


def test_days_are_cut_in_any_zone() -> None:
    late = NOON.replace(hour=23, minute=40)
    ours = OurCalls([make_call({"text": (10, 0)}, RATES, event_timestamp=late)], {"openai"})
    for offset, day in ((0, 5), (15, 5), (30, 6), (-23 * 60 - 45, 4)):
        (key,) = ours.by_day(Zones(timezone(timedelta(minutes=offset))))
        assert key == CellKey(date(2026, 11, day), "1 4 gpt", "input")


def test_calls_of_other_providers_and_without_a_time_are_outside() -> None:
    calls = [
        make_call({"text": (10, 0)}, RATES, category="system.anthropic"),
        make_call({"text": (10, 0)}, RATES, event_timestamp=None),
    ]
    ours = OurCalls(calls, {"openai"})
    assert (ours.outside, ours.by_day(Zones())) == (2, {})


def test_what_has_no_price_and_what_failed_is_counted() -> None:
    calls = [
        make_call({"text": (10, 3)}, {"text input": "2", "text output": None}),
        make_call({}, RATES, http_status_code=500),
        make_call({}, RATES, properties={"system.retry": "1"}),
    ]
    ours = OurCalls(calls, {"openai"})
    days = ours.by_day(Zones())
    assert {key.kind: exact(amount.cost, amount.unpriced) for key, amount in days.items()} == {
        "input": (20, 0),
        "output": (0, 3),
    }
    assert ours.count_failed(Zones()) == {(date(2026, 11, 5), "1 4 gpt"): 2}


def test_a_bill_adds_up_and_keeps_its_batches_apart() -> None:
    start = datetime(2026, 11, 5, tzinfo=timezone.utc)
    lines = [
        BillLine(provider="openai", start=start, model="gpt-4.1", kind="input", quantity=Decimal(5)),
        BillLine(
            provider="openai", start=start, model="gpt-4.1-2025-04-14", kind="input", cost=Decimal("1.25")
        ),
        BillLine(
            provider="openai",
            start=start,
            model="gpt-4.1",
            kind="input",
            tier="batch",
            quantity=Decimal(2),
            cost=Decimal("0.1"),
        ),
    ]
    names: dict[str, str] = {}
    (cell,) = add_bill(lines, names).values()
    assert exact(cell.bill.quantity, cell.bill.cost, cell.bill.lines, cell.bill.step) == (
        7,
        Decimal("1.35"),
        2,
        Decimal("0.01"),
    )
    assert exact(cell.batch.quantity, cell.batch.cost) == (2, Decimal("0.1"))
    assert names == {"1 4 gpt": "gpt-4.1"}


def test_a_quantity_may_be_unknown() -> None:
    amount = Amount()
    amount.add(None, Decimal(1))
    assert not amount.has_quantity
    amount.add(0, None)
    assert amount.has_quantity


def test_the_smallest_digit_of_amounts_is_that_of_all_that_were_added() -> None:
    amount, other = Amount(), Amount()
    amount.add(None, Decimal(3))
    assert exact(amount.step, amount.lines) == (1, 1)
    other.add(2, Decimal("1.5"), Decimal("0.25"))
    other.unpriced += 2
    amount.merge(other)
    assert exact(amount.step, amount.lines, amount.cost, amount.quantity) == (
        Decimal("0.25"),
        2,
        Decimal("4.5"),
        2,
    )
    assert exact(amount.unpriced, amount.has_quantity) == (2, True)
    assert exact(Amount().step, Amount().lines) == (1, 0)


def test_a_model_without_a_name_has_one_that_can_be_read() -> None:
    ours = OurCalls([make_call({"text": (10, 0)}, RATES, resource=None)], {"openai"})
    assert ours.names == {"": "(no model)"}
    names: dict[str, str] = {}
    add_bill([BillLine(provider="openai", start=NOON)], names)
    assert names == {"": "(no model)"}


@pytest.mark.parametrize(("retry", "failed"), [("0", 0), ("", 0), ("1", 1), ("2", 1)])
def test_a_call_that_was_sent_again_counts_once(retry: str, failed: int) -> None:
    ours = OurCalls([make_call({}, RATES, properties={"system.retry": retry})], {"openai"})
    assert sum(ours.count_failed(Zones()).values()) == failed


def test_a_day_of_the_bill_is_one_of_its_zone() -> None:
    zone = timezone(timedelta(hours=-8))
    line = BillLine(provider="openai", start=datetime(2026, 11, 5, 3, tzinfo=timezone.utc), kind="input")
    assert [key.day.day for key in add_bill([line], {}, zone)] == [4]
    assert [key.day.day for key in add_bill([line], {})] == [5]
