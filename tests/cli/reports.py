"""A report with everything that one may have to say."""

from __future__ import annotations

from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any

from payi_transport.cli.report_notes import Reading
from payi_transport.prices import Estimate, Line
from payi_transport.reports.commitments import Commitment
from payi_transport.reports.dimensions import find_dimensions
from payi_transport.reports.report import Report, make_report
from payi_transport.reports.window import Window
from tests.reports.calls import MOMENT, make_estimate, make_event, unpriced

__all__ = ["COMMITTED", "READING", "make_full_report", "make_small_report"]

READING = Reading(timezone.utc, "UTC", "genai-prices 1.2.3", skipped=1, repeats=2)
COMMITTED = READING._replace(
    commitments=(
        Commitment(
            name="ptu",
            hours=Decimal("2.5"),
            cost=Decimal(50),
            tokens={"a": 3000, None: 4000},
            parts={"a": Decimal(10), None: Decimal(20)},
            unused=Decimal(20),
            capacity=12000,
        ),
    )
)
WINDOW = Window(MOMENT, MOMENT + timedelta(days=1), MOMENT - timedelta(days=1))


def make_full_report(
    by: str = "resource", top: int | None = None, window: Window = WINDOW, **more: Any
) -> Report:
    covered = Estimate(total=make_estimate("0").total, status="included", source="config")
    own = make_estimate("2", note="n")
    partial = Estimate(total=own.total, status="partial", source="list", lines=own.lines, notes=("r5",))
    calls = [
        (
            make_event(request_tags=("a", "b"), user_id="u", end_to_end_latency_ms=1500, **more),
            make_estimate("1234.5"),
        ),
        (make_event(resource="=1+1", user_id="v", http_status_code=500), make_estimate("0.00002")),
        (make_event(event_timestamp=MOMENT - timedelta(hours=1)), make_estimate("1000")),
        (make_event(event_timestamp=None), make_estimate("5")),
        (make_event(resource="ptu", properties={"system.stream": "partial"}), covered),
        (
            make_event(
                resource="p", properties={"system.units": "missing", "system.missing_fields": "user_id"}
            ),
            partial,
        ),
        *[(make_event(resource="x|y\x1b[2J"), unpriced(f"r{number}")) for number in range(4)],
    ]
    return make_report(calls, find_dimensions(by, timezone.utc), window, top)


def make_small_report(by: str = "tag", window: Window = WINDOW, top: int | None = None) -> Report:
    """Two owners, of whom one has units in both directions, latencies, and every kind of gap."""
    cached = Line(unit="text_cache_read", direction="input", count=50)
    priced = (
        Line(unit="text", direction="input", count=2_000_000, amount=Decimal(3), source="config"),
        Line(unit="text", direction="output", count=300, amount=Decimal("1.5"), source="list", note="n"),
        Line(unit="image", direction="output", count=7, amount=Decimal("0.25"), source="provider"),
    )
    partial = Estimate(
        total=Decimal("4.75"), status="partial", source="list", lines=(*priced, cached), notes=("no cache",)
    )
    calls = [
        (make_event(request_tags=("a",), user_id="u", end_to_end_latency_ms=1200), partial),
        (make_event(request_tags=("a", "b"), user_id="v", end_to_end_latency_ms=80), make_estimate("2")),
        (make_event(request_tags=("b",), http_status_code=429), unpriced("no model")),
        (make_event(request_tags=("a",), event_timestamp=MOMENT - timedelta(hours=1)), make_estimate("5")),
    ]
    return make_report(calls, find_dimensions(by, timezone.utc), window, top)
