"""The 15 complaints that users of cost trackers make most often, each as a test of ours."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, track_context
from payi_transport.config import active_prices
from payi_transport.prices import defaults, estimate
from payi_transport.values.event import Units
from payi_transport.values.file_counts import FileCounts, find_counts_path
from payi_transport.values.zones import find_zone
from tests.reports.complaints import OWN, ask, event, money, report, run, write
from tests.support.calls import call

DIRECTIONS = ("input_cost", "output_cost")
# Both days on which clocks change, and places without any.
ZONES = [
    ("Asia/Kolkata", datetime(2026, 10, 4, tzinfo=timezone.utc)),
    ("Asia/Kathmandu", datetime(2026, 10, 4, tzinfo=timezone.utc)),
    ("America/Los_Angeles", datetime(2026, 3, 7, tzinfo=timezone.utc)),
    ("America/Los_Angeles", datetime(2026, 10, 31, tzinfo=timezone.utc)),
    ("Europe/Berlin", datetime(2026, 3, 28, tzinfo=timezone.utc)),
    ("Europe/Berlin", datetime(2026, 10, 24, tzinfo=timezone.utc)),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "payi.toml").write_text(OWN)
    monkeypatch.setenv("PAYI_TRANSPORT_CONFIG", str(tmp_path / "payi.toml"))
    # A process reads its prices once, and keeps those that it was instrumented with last.
    monkeypatch.setattr(defaults, "_remembered", None)
    monkeypatch.setattr(active_prices, "_in_use", None)
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_01_cached_tokens_are_counted_once() -> None:
    made = event({"text": Units(1000, 100), "text_cache_read": Units(9000)})
    total = report(write(made))["total"]
    assert Decimal(total["cost"]) == Decimal("0.0073")
    assert (total["input_tokens"], total["output_tokens"]) == (10_000, 100)
    parts = [Decimal(unit.get(name) or 0) for unit in total["units"].values() for name in DIRECTIONS]
    assert sum(parts) == Decimal(total["cost"])
    # A span's input includes the cache, by the conventions of OpenTelemetry, and its parts are the same.
    pytest.importorskip("opentelemetry")
    from payi_transport.sinks.otel.attributes import describe_usage

    usage = describe_usage(made)
    cached, whole = usage["gen_ai.usage.cache_read.input_tokens"], usage["gen_ai.usage.input_tokens"]
    again = event({"text": Units(whole - cached, 100), "text_cache_read": Units(cached)})
    assert estimate(again).total == Decimal(total["cost"])


@pytest.mark.parametrize(("zone", "start"), ZONES)
def test_02_days_add_up_in_every_zone_and_where_clocks_change(zone: str, start: datetime) -> None:
    events = [event(event_timestamp=start + timedelta(minutes=37 * number)) for number in range(120)]
    file, place = write(*events), find_zone(zone)
    days = Counter(
        str(each.event_timestamp.astimezone(place).date()) for each in events if each.event_timestamp
    )
    by_day = report(file, "--by", "day", "--tz", zone)
    assert dict(money(by_day["groups"])) == {day: Decimal(2 * count) for day, count in days.items()}
    assert by_day["zone"].startswith(zone)
    for day, count in days.items():
        one = report(file, "--since", day, "--until", day, "--tz", zone)
        assert Decimal(one["total"]["cost"]) == 2 * count
    whole = report(file, "--since", min(days), "--until", max(days), "--tz", zone)["total"]["cost"]
    rows = csv.DictReader(io.StringIO(run("export", file, "--focus", "--tz", zone).output))
    exported = {row["ChargePeriodStart"]: Decimal(row["EffectiveCost"]) for row in rows}
    assert sorted(exported.values()) == sorted(Decimal(2 * count) for count in days.values())
    assert sum(exported.values()) == Decimal(whole) == 2 * len(events)


ROWS = [("a", 4), ("b", 2), ("c", 2), (None, 2)]


@pytest.mark.parametrize(("by", "field"), [("tag", "request_tags"), ("limit", "limit_ids")])
def test_03_a_call_with_three_tags_costs_once(by: str, field: str) -> None:
    file = write(*(event(None, **{field: names}) for names in (("a", "b", "c"), ("a",), None)))
    made = report(file, "--by", by)
    assert money(made["groups"]) == [(name, Decimal(cost)) for name, cost in ROWS]
    assert Decimal(made["total"]["cost"]) == 6
    shown = run("report", file, "--by", by).output
    assert "(none)" in shown
    assert f"Calls with several {by}s stand in each of their rows. The total counts" in " ".join(
        shown.split()
    )


def test_04_an_unknown_model_is_unpriced_and_never_free() -> None:
    file = write(event(), event(resource="gpt-nobody-knows"), event(resource="free"))
    total = report(file)["total"]
    assert (total["cost"], total["unpriced_calls"]) == ("2", 1)
    shown = " ".join(run("report", file).output.split())
    assert "Not in the costs: 1 call without a price, 1,000,000 tokens in all." in shown
    assert "add one under [[prices.own]]" in shown
    assert "1 of 3 calls have no price" in run("report", file, "--strict", code=1).output
    run("check", file, code=1)
    run("report", write(event(resource="free")), "--strict")


def test_05_a_part_without_a_price_of_its_own_is_said_with_its_money() -> None:
    assumed = event({"text": Units(1000), "text_cache_read": Units(1000)}, resource="gpt-4-turbo")
    none = event({"text": Units(1000), "guardrail_topic": Units(5)})
    shown = " ".join(run("report", write(assumed, none), "--by", "model").output.split())
    assert "cache read at the input rate ($0.01)" in shown
    assert "guardrail_topic input" in shown
    assert "1 call with a price for some units only" in shown


@pytest.mark.parametrize(
    ("model", "properties", "cost", "note"),
    [
        ("gpt-5", {}, "11.25", ""),
        ("gpt-5", {"provider.service_tier": "default"}, "11.25", ""),
        ("gpt-5", {"provider.service_tier": "flex"}, "5.625", ""),
        ("gpt-5", {"provider.service_tier": "priority"}, "22.5", ""),
        ("gpt-5", {"provider.service_tier": "batch"}, "5.625", ""),
        (
            "gpt-5",
            {"provider.service_tier": "scale"},
            "11.25",
            "standard rate assumed for service tier scale",
        ),
    ],
)
def test_06_a_tier_decides_about_the_price_or_is_said_to_have_none(
    model: str, properties: dict[str, str], cost: str, note: str
) -> None:
    pytest.importorskip("genai_prices", minversion="0.2.3")
    # The price list has tiers since October 2026.
    moment = datetime(2026, 11, 20, tzinfo=timezone.utc)
    units = {"text": Units(1_000_000, 1_000_000)}
    made = estimate(event(units, resource=model, properties=properties, event_timestamp=moment))
    assert made.total == Decimal(cost)
    assert note in " ".join(made.notes)
    assert bool(note) == bool(made.notes)


def test_07_a_price_of_ones_own_is_the_same_in_every_view() -> None:
    events = [
        event({"text": Units(1234567, 89), "text_cache_read": Units(7)}, account_name="a") for _ in range(7)
    ]
    cost = sum((estimate(each).total or Decimal(0) for each in events), Decimal(0))
    file = write(*events)
    assert Decimal(report(file)["total"]["cost"]) == cost
    for by in ("day", "month", "user", "customer,model"):
        assert sum(amount for _, amount in money(report(file, "--by", by)["groups"])) == cost
    table = csv.DictReader(io.StringIO(run("report", file, "--format", "csv").output))
    assert sum(Decimal(row["cost_usd"]) for row in table) == cost
    for version in ("1.2", "1.3"):
        rows = csv.DictReader(io.StringIO(run("export", file, "--focus", "--focus-version", version).output))
        assert sum(Decimal(row["EffectiveCost"]) for row in rows) == cost
    Path("payi.toml").write_text(OWN + '[budgets.all]\namount = 100\nzone = "UTC"\n')
    checked = json.loads(run("check", file, "--at", "2026-10-05T13:00Z", "--json").output)
    assert Decimal(checked["states"][0]["spent"]) == cost


def test_08_the_same_call_in_two_files_counts_once(folder: Path) -> None:
    events = [event() for _ in range(5)]
    one, two = write(*events, name="one.jsonl"), write(*events[2:], event(), name="two.jsonl")
    made = report(one, two, one)
    assert (made["total"]["cost"], made["repeats"]) == ("12", 3)
    assert "Left out 3 events that had been read before" in " ".join(run("report", one, two).output.split())
    assert Decimal(report(str(folder))["total"]["cost"]) == 12


def test_09_what_is_missing_stands_beside_the_total() -> None:
    file = write(
        event(),
        event({}, properties={"system.units": "missing"}),
        event(properties={"system.stream": "partial"}),
    )
    counts = FileCounts(lost={"queue_full": 8}, unobserved={"grpc": 3})
    find_counts_path(Path(file)).write_bytes(msgspec.json.encode(counts))
    made = report(file)
    assert (made["lost"], made["unobserved"]) == (8, 3)
    shown = " ".join(run("report", file).output.split())
    assert "8 events that were lost" in shown
    assert "3 requests that were not recorded" in shown
    assert "1 response had no usage that could be read" in shown
    assert "1 stream ended early, and cost at least what is shown" in shown
    assert "8 events were lost" in run("report", file, "--strict", code=1).output
    assert "8 events were lost" in " ".join(run("check", file, code=1).output.split())


def test_10_a_trace_has_the_usage_of_a_call_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    memory = MemorySink()
    # Nobody listens for metrics, and their exporter would try again during later tests.
    payi_instrument(sink=[memory, "otel"], config={"otel": {"metrics": False}})
    with provider.get_tracer("app").start_as_current_span("agent"), track_context(use_case_name="bot"):
        call()
    assert payi_flush()
    (made,) = memory.events
    used: list[Any] = [
        (span.attributes or {}).get("gen_ai.usage.input_tokens", 0) for span in exporter.get_finished_spans()
    ]
    provider.shutdown()
    assert len(used) == 2
    assert sum(used) == sum(unit.input or 0 for unit in made.units.values())


@pytest.mark.parametrize(
    ("tokens", "shown"),
    [(1, "<$0.0001"), (2100, "$0.0042"), (685_000, "$1.37"), (521_917_000, "$1,044"), (0, "$0")],
)
def test_11_what_is_not_zero_is_not_shown_as_zero(tokens: int, shown: str) -> None:
    file = write(event({"text": Units(tokens, 0)}))
    row = next(line for line in run("report", file).output.splitlines() if line.startswith("Total"))
    assert row.split()[1] == shown
    assert Decimal(report(file)["total"]["cost"]) == Decimal(tokens) * 2 / 1_000_000


def test_12_figures_say_what_they_are_and_rows_add_up_to_their_total() -> None:
    file = write(*(event({"text": Units(1000 * n, 0)}, user_id=f"u{n}") for n in range(1, 9)))
    result = run("report", file, "--by", "user", "--tz", "Asia/Kolkata", "--since", "2026-10", "--top", "3")
    title = " ".join(result.output.split("\n\n")[0].split())
    assert "Asia/Kolkata" in title
    assert "2026-10-01" in title
    assert "p95 ms" in result.output
    made = report(file, "--by", "user", "--top", "3")
    assert sum(amount for _, amount in money(made["groups"])) == Decimal(made["total"]["cost"])
    assert "(5 others)" in result.output


def test_13_old_events_leave_a_store_slice_by_slice_and_its_sums_stay_right(folder: Path) -> None:
    pytest.importorskip("fastapi")
    from payi_transport.serve.command import open_service
    from payi_transport.serve.retention import delete_slice
    from payi_transport.serve.settings import ServeSettings
    from tests.serve.events import NOON as LATER
    from tests.serve.events import item, make_items, span

    items = [item(LATER - timedelta(days=day % 8), account_name=f"a{day}") for day in range(400)]
    with open_service(ServeSettings(file=folder / "serve.sqlite")) as service:
        service.ingest_bulk(make_items(*items), updates=False).result()
        slices = 0
        while delete_slice(service.store, LATER - timedelta(days=4), only_content=False, most=50):
            slices += 1
        assert slices >= 3
        left = service.queries.figures(span(LATER - timedelta(days=30), LATER + timedelta(days=1))).now
        assert left.calls == 250


def test_14_without_content_nothing_of_it_is_kept() -> None:
    memory = MemorySink()
    payi_instrument(sink=memory, config={"proxy": False, "log_prompt_and_response": False})
    call(headers={"x-request": "1"})
    assert payi_flush()
    (made,) = memory.events
    assert (made.provider_request_json, made.provider_response_json) == (None, None)
    assert not getattr(made, "provider_response_function_call", None)


def test_15_a_budget_holds_starts_anew_in_its_zone_and_warns_of_what_has_no_price(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config: Any = {
        "budgets": {"all": {"amount": 20, "zone": "Europe/Berlin", "enforce": True, "period": "year"}},
        "budgets_file": str(folder / "budgets.db"),
        "prices": {"own": [{"resource": "own", "units": {"text": {"input": 1.0, "output": 1.0, "per": 1}}}]},
    }
    payi_instrument(sink=MemorySink(), config=config)
    # 7 dollars each: the third reaches the amount, and no call after it is sent.
    assert [ask(model) for model in ("own", "gpt-nobody-knows", "own", "own", "own", "own")] == [
        *(200, 200, 200, 200),
        *(403, 403),
    ]
    assert payi_flush()
    lines = [record.getMessage() for record in caplog.records]
    assert len([line for line in lines if "has no price" in line]) == 1
    assert len([line for line in lines if "budget all reached" in line]) == 2

    Path("payi.toml").write_text(f'{OWN}[budgets.all]\namount = 100\nzone = "Europe/Berlin"\n')
    late = [event(event_timestamp=datetime(2026, 10, 31, hour, 30, tzinfo=timezone.utc)) for hour in (22, 23)]
    for at in ("2026-10-31T22:59Z", "2026-11-01T01:00Z"):
        made = json.loads(run("check", write(*late), "--at", at, "--json").output)
        assert [state["calls"] for state in made["states"]] == [1]
