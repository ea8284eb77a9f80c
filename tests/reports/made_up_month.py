"""A month of 100,000 calls, and a bill for them that differs in eight known ways, each with its money."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, NamedTuple

from payi_transport.reports.reconcile_cells import find_unit_kind
from payi_transport.values.event import Event
from tests.reports.support import make_event

__all__ = ["NAMES", "OPENAI", "RATES", "ROLES", "Month", "Seller", "make_month", "write_focus_bill"]

FIRST = datetime(2026, 10, 1, tzinfo=timezone.utc)
RATES = {
    "text input": "0.000002",
    "text output": "0.000008",
    "text_cache_read input": "0.0000005",
}
CENT = Decimal("0.01")


# What differs of each model's part of the bill.
ROLES = ("plain", "negotiated", "cached", "shifted", "retried", "batch", "rounded")
# Names of models that say nothing of it.
NAMES = dict(zip(ROLES, ("plain", "deal", "memo", "west", "again", "bulk", "cents"), strict=True))


class Seller(NamedTuple):
    """A provider: the category of its calls, its models by what differs of them, and one not seen here.

    `rate` is what one of the bill's currency is in US dollars.
    """

    category: str
    models: dict[str, str]
    unseen: str
    rate: Decimal = Decimal(1)


OPENAI = Seller(
    "system.openai", {role: f"gpt-{name}" for role, name in NAMES.items()}, "text-embedding-9-large"
)


class Month(NamedTuple):
    """The events, a bill's rows (day, model, kind, tier, quantity, cost), and each difference's money."""

    events: list[Event]
    bill: list[tuple[Any, str, str, str, int, Decimal]]
    money: dict[str, Decimal]


LOS_ANGELES = timezone(timedelta(hours=-7))


def make_month(
    calls: int, seller: Seller = OPENAI, *, zone: tzinfo = LOS_ANGELES, own: tzinfo | None = None
) -> Month:
    """Each difference has a model of its own. The bill's days are those of `zone`, of one model `own`."""
    chance = random.Random(7)
    models = list(seller.models.values())
    events = [
        make_event(
            {
                "text": (chance.randint(200, 4000), chance.randint(10, 900)),
                "text_cache_read": (chance.randint(0, 900), 0),
            },
            category=seller.category,
            resource=models[number % len(models)],
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
        moment: Any = event.event_timestamp
        is_own = own is not None and event.resource == seller.models["shifted"]
        day = moment.astimezone(own if is_own else zone).date()
        for unit, counts in event.units.items():
            for direction in ("input", "output"):
                quantities[day, str(event.resource), find_unit_kind(unit, direction)] += (
                    getattr(counts, direction) or 0
                )
    failures = [
        make_event(
            {},
            category=seller.category,
            resource=seller.models["retried"],
            event_timestamp=FIRST + timedelta(days=day, hours=15),
            http_status_code=500,
        )
        for day in range(2, 20)
    ]
    money: Counter[str] = Counter()
    bill = [*_bill(quantities, money, seller)]
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


def _bill(quantities: Counter[tuple[Any, str, str]], money: Counter[str], seller: Seller) -> Iterator[Any]:
    days = sorted({day for day, _, _ in quantities})
    for day in days:
        for role, model in seller.models.items():
            counts = {kind: quantities[day, model, kind] for kind in KIND_RATES}
            yield from _bill_day(day, role, model, counts, money, seller.rate)
        # A service that is not instrumented.
        cost = Decimal("1.25")
        money["not seen"] += cost  # type: ignore[assignment]
        yield day, seller.unseen, "input", "", 1_000_000, cost


def _bill_day(
    day: Any, role: str, model: str, counts: dict[str, int], money: Counter[str], euro: Decimal
) -> Iterator[Any]:
    rate = {kind: Decimal(RATES[name]) for kind, name in KIND_RATES.items()}
    cost = {kind: rate[kind] * count for kind, count in counts.items()}
    name: str | None = None
    before = sum(cost.values(), Decimal(0))
    if role == "cached":
        name = "cache"
        counts = {
            "input": counts["input"] + counts["cache_read"],
            "output": counts["output"],
            "cache_read": 0,
        }
        cost = {kind: rate[kind] * count for kind, count in counts.items()}
    elif role == "negotiated":
        name = "rate"
        cost = {kind: amount * Decimal("0.85") for kind, amount in cost.items()}
    elif role == "retried" and 3 <= day.day <= 18:
        name = "failed calls"
        counts = {kind: count + (5000 if kind == "input" else 0) for kind, count in counts.items()}
        cost = {kind: rate[kind] * count for kind, count in counts.items()}
    elif role == "rounded":
        name = "rounding"
        cost = {kind: (amount / euro).quantize(CENT, ROUND_HALF_UP) * euro for kind, amount in cost.items()}
    elif role == "batch":
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
            yield day, model, kind, "", count, cost[kind]


def write_focus_bill(path: Path, month: Month) -> None:
    """Write the bill as a FOCUS file of OpenAI."""
    words = {"input": "input", "output": "output", "cache_read": "cached input"}
    lines = [
        "BilledCost,ChargePeriodStart,ChargeCategory,ServiceCategory,ProviderName,SkuMeter,SkuPriceDetails,"
        "ConsumedQuantity,ConsumedUnit"
    ]
    for day, model, kind, tier, quantity, cost in month.bill:
        details = json.dumps({"x_Model": f"{model}-2026-01-31"}).replace('"', '""')
        meter = f"{words[kind]} {tier}".strip()
        lines.append(
            f"{cost:f},{day}T00:00:00Z,Usage,AI and Machine Learning,OpenAI,{meter},"
            f'"{details}",{quantity},Tokens'
        )
    path.write_text("\n".join(lines))
