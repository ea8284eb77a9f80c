"""The benchmarks run. What they measure is not judged here: a time that fails a test would fail at random."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.corpus import LONG, OBSERVED, SHORT, WORKLOADS
from benchmarks.overhead import CALL_BUDGET, CHUNK_BUDGET, Case, Sample, list_cases, summarize

_ROOT = Path(__file__).resolve().parents[1]


def test_quick_run_prints_a_row_a_case_and_keeps_the_samples(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", "overhead", "--quick", "--output", str(file)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    document = json.loads(file.read_text())
    assert {row["case"]["workload"] for row in document["rows"]} == set(WORKLOADS)
    assert len(ran.stdout.splitlines()) > len(document["rows"]) == 12
    for case in document["cases"]:
        assert case["case"]["workload"] in ran.stdout
        assert len(case["rounds"]) == 3
    for row in document["rows"]:
        numbers = [row["bare"], *row["cpu"], *row["wall"]]
        assert all(map(math.isfinite, numbers))
        assert row["cpu"] == sorted(row["cpu"])
        if row["unit"] != "chunk":
            assert row["bare"] > 0


def test_cases_cover_each_way_to_call_and_to_install() -> None:
    for cases, count in ((list_cases(), 48), (list_cases(quick=True), len(WORKLOADS))):
        assert len(set(cases)) == count
        assert {case.workload for case in cases} == set(WORKLOADS)
        assert {case.family for case in cases} == {"httpx", "httpx2"}
        assert {case.mode for case in cases} == {"sync", "async"}
        assert {case.install for case in cases} == {"global", "explicit"}


def test_bodies_are_the_same_each_time_and_of_the_size_they_should_be() -> None:
    for make in WORKLOADS.values():
        assert make() == make()
    (small,), (large,) = WORKLOADS["unary 1 KB"](), WORKLOADS["unary 200 KB"]()
    assert len(small.script.request) == 1_000
    assert sum(map(len, small.script.answer.chunks)) == 600
    assert len(large.script.request) == 200_000
    assert sum(map(len, large.script.answer.chunks)) == 8_000
    for part, chunks in zip(WORKLOADS["stream, usage hidden"](), (SHORT, LONG), strict=True):
        assert part.script.answer_with_usage is not None
        assert len(list(part.script.answer.cut())) == chunks
        assert len(list(part.script.answer_with_usage.cut())) == chunks + 1
    assert set(WORKLOADS) - OBSERVED == {"unobserved host"}


def test_a_round_counts_by_its_ratio_at_the_quietest_speed() -> None:
    """A machine at half its speed doubles both sides of a round, and says nothing new."""
    case = Case("unary 1 KB", "httpx", "sync", "global")
    rounds = [
        {"bare": {"call": Sample(100.0, 80.0)}, "payi": {"call": Sample(110.0, 88.0)}},
        {"bare": {"call": Sample(200.0, 160.0)}, "payi": {"call": Sample(220.0, 176.0)}},
    ]
    (row,) = summarize(case, rounds)
    assert (row.unit, row.bare, row.budget) == ("call", 80.0, CALL_BUDGET)
    assert row.cpu == pytest.approx((8.0, 8.0, 8.0))
    assert row.wall == pytest.approx((10.0, 10.0, 10.0))


def test_a_chunk_is_what_a_long_stream_costs_more_than_a_short_one() -> None:
    case = Case("stream, usage asked", "httpx", "sync", "global")
    bare = {"short": Sample(100.0, 100.0), "long": Sample(580.0, 580.0)}
    payi = {"short": Sample(110.0, 110.0), "long": Sample(638.0, 638.0)}
    *calls, chunk = summarize(case, [{"bare": bare, "payi": payi}] * 2)
    assert [row.budget for row in calls] == [None, None]
    assert (chunk.unit, chunk.bare, chunk.budget) == ("chunk", 1.0, CHUNK_BUDGET)
    assert chunk.cpu[1] == pytest.approx(0.1)


@pytest.mark.parametrize("arguments", [["--rounds", "1"], ["--passes", "0"], ["--only", "no such case"]])
def test_a_command_line_that_can_measure_nothing_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)


@pytest.mark.parametrize("options", [[], ["--spool"]], ids=["memory", "spool"])
def test_a_short_soak_accounts_for_every_call(options: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", "--events", "300", *options],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert "unaccounted  0" in ran.stdout
