"""A report adds up captured calls, group by group."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from payi_transport import Units
from payi_transport.cli.captured_calls import Call, Capture, read_capture
from payi_transport.cli.report import make_report


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("category", {"system.openai": 2, "system.anthropic": 1}),
        ("resource", {"gpt-5": 2, "claude": 1}),
        ("use_case", {"support": 2, "search": 1}),
        ("user", {"ada": 1, "grace": 1, None: 1}),
    ],
)
def test_groups_are_ordered_by_their_number_of_calls(
    events_file: Path, by: str, expected: Mapping[str | None, int]
) -> None:
    report = make_report(read_capture(events_file), by)
    assert [(group.name, group.calls) for group in report.groups] == list(expected.items())
    assert report.total.calls == 3


def test_input_and_output_are_added_up_separately_and_text_comes_first(events_file: Path) -> None:
    report = make_report(read_capture(events_file))
    assert list(report.total.units.items()) == [
        ("text", Units(input=101, output=22)),
        ("text_cache_read", Units(input=1024)),
        ("reasoning", Units(output=30)),
    ]
    assert report.groups[1].units == {}


def test_the_total_covers_all_calls(events_file: Path) -> None:
    total = make_report(read_capture(events_file)).total
    assert (total.calls, total.errors) == (3, 1)
    assert (total.latency_p50_ms, total.latency_p95_ms) == (200, 400)


@pytest.mark.parametrize(
    ("latencies", "p50", "p95"),
    [([], None, None), ([7], 7, 7), ([2, 1], 1, 2), (list(range(1, 21)), 10, 19)],
)
def test_percentiles_are_latencies_that_calls_really_had(
    latencies: list[int], p50: int | None, p95: int | None
) -> None:
    calls = [*(Call(latency_ms=latency) for latency in latencies), Call()]
    total = make_report(Capture(calls, 0)).total
    assert (total.latency_p50_ms, total.latency_p95_ms) == (p50, p95)


def test_json_holds_the_whole_report(events_file: Path) -> None:
    made = json.loads(make_report(read_capture(events_file), "use_case").to_json())
    assert made["by"] == "use_case"
    assert made["skipped"] == 0
    assert made["groups"][1] == {
        "name": "search",
        "calls": 1,
        "errors": 0,
        "latency_p50_ms": 200,
        "latency_p95_ms": 200,
        "units": {"text": {"input": 1, "output": 2}, "text_cache_read": {"input": 1024}},
    }
    assert made["total"]["calls"] == 3


def test_a_report_without_calls_has_no_groups() -> None:
    made = json.loads(make_report(Capture([], 3)).to_json())
    assert (made["groups"], made["total"]["calls"], made["skipped"]) == ([], 0, 3)
