"""A month of 100,000 calls, and a bill for them that differs in eight known ways, each with its money."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, NamedTuple

from payi_transport.reports.bills.names import make_model_key
from payi_transport.reports.reconcile_cells import find_unit_kind
from payi_transport.values.event import Event
from tests.reports.support import make_event

__all__ = ["RATES", "Month", "make_month", "write_focus_bill"]

FIRST = datetime(2026, 10, 1, tzinfo=timezone.utc)
RATES = {
    "text input": "0.000002",
    "text output": "0.000008",
    "text_cache_read input": "0.0000005",
}
CENT = Decimal("0.01")


class Month(NamedTuple):
    """The events, a bill's rows (day, model, kind, tier, quantity, cost), and each difference's money."""

    events: list[Event]
    bill: list[tuple[Any, str, str, str, int, Decimal]]
    money: dict[str, Decimal]


MODELS = (
    "gpt-plain",
    "gpt-negotiated",
    "gpt-cached",
    "gpt-shifted",
    "gpt-retried",
    "gpt-batch",
    "gpt-rounded",
)


def make_month(calls: int) -> Month:
    """Each difference has a model of its own, but for the zone, in which the whole bill is cut."""
    chance = random.Random(7)
    events = [
        make_event(
            {
                "text": (chance.randint(200, 4000), chance.randint(10, 900)),
                "text_cache_read": (chance.randint(0, 900), 0),
            },
            resource=MODELS[number % len(MODELS)],
            # More in the afternoon and on some days, as real traffic.
            event_timestamp=FIRST
            + timedelta(days=int(31 * chance.random() ** 1.3), seconds=int(86399 * chance.betavariate(4, 2))),
            account_name=chance.choice(("acme", "zeta", "omni")),
            use_case_name=chance.choice(("bot", "mail")),
        )
        for number in range(calls)
    ]
    quantities: Counter[tuple[Any, str, str]] = Counter()
    for event in events:
        # The bill's days start at midnight in Los Angeles.
        moment: Any = event.event_timestamp
        day = (moment - timedelta(hours=7)).date()
        for unit, counts in event.units.items():
            for direction in ("input", "output"):
                quantities[day, str(event.resource), find_unit_kind(unit, direction)] += (
                    getattr(counts, direction) or 0
                )
    failures = [
        make_event(
            {},
            resource="gpt-retried",
            event_timestamp=FIRST + timedelta(days=day, hours=15),
            http_status_code=500,
        )
        for day in range(2, 20)
    ]
    money: Counter[str] = Counter()
    bill = [*_bill(quantities, money)]
    repeats = chance.sample(events, calls // 200)
    for event in repeats:
        money["duplicate events"] += _price(event)  # type: ignore[assignment]
    shuffled = [*events, *failures, *repeats]
    return Month(shuffled, bill, {name: Decimal(amount) for name, amount in money.items()})


def _price(event: Event) -> Decimal:
    return sum(
        (
            Decimal(RATES[f"{unit} {direction}"]) * (getattr(counts, direction) or 0)
            for unit, counts in event.units.items()
            for direction in ("input", "output")
            if getattr(counts, direction)
        ),
        Decimal(0),
    )


KIND_RATES = {"input": "text input", "output": "text output", "cache_read": "text_cache_read input"}


def _bill(quantities: Counter[tuple[Any, str, str]], money: Counter[str]) -> Iterator[Any]:
    days = sorted({day for day, _, _ in quantities})
    for day in days:
        for model in MODELS:
            yield from _bill_day(day, model, {k: quantities[day, model, k] for k in KIND_RATES}, money)
        # A service that is not instrumented.
        cost = Decimal("1.25")
        money["not seen"] += cost  # type: ignore[assignment]
        yield day, "text-embedding-9-large", "input", "", 1_000_000, cost


def _bill_day(day: Any, model: str, counts: dict[str, int], money: Counter[str]) -> Iterator[Any]:
    rate = {kind: Decimal(RATES[name]) for kind, name in KIND_RATES.items()}
    cost = {kind: rate[kind] * count for kind, count in counts.items()}
    name: str | None = None
    before = sum(cost.values(), Decimal(0))
    if model == "gpt-cached":
        name = "cache"
        counts = {
            "input": counts["input"] + counts["cache_read"],
            "output": counts["output"],
            "cache_read": 0,
        }
        cost = {kind: rate[kind] * count for kind, count in counts.items()}
    elif model == "gpt-negotiated":
        name = "rate"
        cost = {kind: amount * Decimal("0.85") for kind, amount in cost.items()}
    elif model == "gpt-retried" and 3 <= day.day <= 18:
        name = "failed calls"
        counts = {kind: count + (5000 if kind == "input" else 0) for kind, count in counts.items()}
        cost = {kind: rate[kind] * count for kind, count in counts.items()}
    elif model == "gpt-rounded":
        name = "rounding"
        cost = {kind: amount.quantize(CENT, ROUND_HALF_UP) for kind, amount in cost.items()}
    elif model == "gpt-batch":
        # Half of it was sent in batches.
        for kind, count in counts.items():
            half = count // 2
            money["batch"] -= rate[kind] * half / 2  # type: ignore[assignment]
            yield day, model, kind, "batch", half, rate[kind] * half / 2
            yield day, model, kind, "", count - half, rate[kind] * (count - half)
        return
    if name is not None:
        money[name] += sum(cost.values(), Decimal(0)) - before  # type: ignore[assignment]
    for kind, count in counts.items():
        if count:
            yield day, f"{model}-2026-01-31", kind, "", count, cost[kind]


def write_focus_bill(path: Path, month: Month) -> None:
    """Write the bill as a FOCUS file of OpenAI."""
    words = {"input": "input", "output": "output", "cache_read": "cached input"}
    lines = [
        "BilledCost,ChargePeriodStart,ChargeCategory,ServiceCategory,ProviderName,SkuMeter,SkuPriceDetails,"
        "ConsumedQuantity,ConsumedUnit"
    ]
    for day, model, kind, tier, quantity, cost in month.bill:
        details = json.dumps({"x_Model": model}).replace('"', '""')
        meter = f"{words[kind]} {tier}".strip()
        lines.append(
            f"{cost:f},{day}T00:00:00Z,Usage,AI and Machine Learning,OpenAI,{meter},"
            f'"{details}",{quantity},Tokens'
        )
    path.write_text("\n".join(lines))


assert make_model_key("gpt-plain-2026-01-31") == make_model_key("gpt-plain")
