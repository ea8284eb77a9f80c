"""Calls of every provider and tier cost what somebody computed by hand, in every view of money."""

from __future__ import annotations

import csv
import io
import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from payi_transport import Event
from payi_transport.cli.report_command import read_report
from payi_transport.cli.report_files import write_csv, write_json
from payi_transport.config.validation import check_config
from payi_transport.prices import Pricer
from payi_transport.reports.focus import FocusOptions, make_rows
from payi_transport.reports.priced_calls import PricedCall
from tests.prices.calls import make_call

# Earlier lists, which Python 3.10 has, lack some of these models.
pytest.importorskip("genai_prices", minversion="0.2.3")

TABLE = json.loads(Path(__file__).with_name("reference_calls.json").read_text("utf-8"))["calls"]
TOTAL = sum(Decimal(row["cost"]) for row in TABLE)


def make(number: int, row: dict[str, Any]) -> Event:
    call = make_call(
        row["resource"],
        row["units"],
        category=row["category"],
        properties=row.get("properties"),
        provider_uri=row.get("uri"),
    )
    return msgspec.structs.replace(call, provider_response_id=f"call_{number}")


@pytest.mark.parametrize("row", TABLE, ids=[row["name"] for row in TABLE])
def test_a_call_costs_what_was_computed_by_hand(row: dict[str, Any]) -> None:
    products = (math.prod(map(Decimal, product.split("*"))) for product in row["how"].split("+"))
    assert sum(products) / 1_000_000 == Decimal(row["cost"])
    estimate = Pricer().estimate(make(0, row))
    assert estimate.total == Decimal(row["cost"])
    assert estimate.status == "priced"
    # No token counts twice: the parts are the total.
    assert sum(line.amount or Decimal(0) for line in estimate.lines) == estimate.total


def test_the_same_calls_cost_the_same_in_every_view(tmp_path: Path) -> None:
    events = [make(number, row) for number, row in enumerate(TABLE)]
    file = tmp_path / "calls.jsonl"
    file.write_bytes(b"\n".join(map(msgspec.json.encode, events)))
    copy = file.with_name("copy.jsonl")
    copy.write_bytes(file.read_bytes())
    report, reading = read_report([str(file), str(copy)], by="category,model", tz="UTC")
    assert reading.repeats == len(TABLE)
    assert report.total.summary.cost == TOTAL
    assert sum((sums.cost for sums in report.total.summary.units.values()), Decimal(0)) == TOTAL
    assert Decimal(json.loads(write_json(report, reading))["total"]["cost"]) == TOTAL
    rows = csv.DictReader(io.StringIO(write_csv(report, reading)))
    assert sum(Decimal(row["cost_usd"]) for row in rows) == TOTAL
    pricer = Pricer()
    focus = list(make_rows((PricedCall(e, pricer.estimate(e)) for e in events), FocusOptions()))
    assert sum(Decimal(row["EffectiveCost"]) for row in focus) == TOTAL
    by_day, _ = read_report([str(file)], by="day", tz="Asia/Kathmandu")
    assert by_day.total.summary.cost == TOTAL


def test_a_ranking_that_the_list_has_no_price_for_is_priced_by_the_config() -> None:
    ranking = make_call("rerank-v3.5", {}, category="cohere", properties={"provider.search_units": "3"})
    assert Pricer().estimate(ranking).status == "unpriced"
    row = {"resource": "rerank-*", "units": {"rerank_search": {"output": 2, "per": 1000}}}
    prices = check_config({"prices": {"own": [row]}}).prices
    assert Pricer(prices).estimate(ranking).total == Decimal("0.006")


@pytest.mark.parametrize(("name", "total"), [("pages", "0.006"), ("annotated_pages", "0.009")])
def test_pages_that_mistral_reads_have_a_price_in_the_list(name: str, total: str) -> None:
    document = make_call("mistral-ocr-2512", {}, category="mistral", properties={f"provider.{name}": "3"})
    assert Pricer().estimate(document).total == Decimal(total)
