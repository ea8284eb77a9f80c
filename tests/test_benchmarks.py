"""The benchmarks run. What they measure is not judged here: a time that fails a test would fail at random."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import instructions, overhead, throughput, wires
from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.callers import CONCURRENCY, open_caller
from benchmarks.case import find_benchmark
from benchmarks.corpus import LONG, OBSERVED, SHORT, WORKLOADS, make_unary
from benchmarks.formats import KINDS, find_format
from benchmarks.playback import check_event, make_exchanges
from benchmarks.samples import Row, summarize
from benchmarks.tables import format_rows
from payi_transport import MemorySink, Units, payi_flush, payi_instrument
from payi_transport.decode.decode import decode
from tests.support.exchanges import shown
from tests.support.untraced import untraced_environment

_ROOT = Path(__file__).resolve().parents[1]


# That of the peers needs their environments, see test_benchmark_peers.py.
# The one of instructions needs valgrind.
@pytest.mark.parametrize("name", sorted({*BENCHMARKS} - {"peers", "instructions"}))
def test_quick_run_prints_a_row_a_measure_and_keeps_the_samples(name: str, tmp_path: Path) -> None:
    file, picture = tmp_path / "run.json", tmp_path / "run.svg"
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", name, "--quick", "--output", str(file), "--plot", str(picture)],
        cwd=_ROOT,
        env=untraced_environment(),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    document = json.loads(file.read_text())
    assert document["benchmark"] == name
    cases = find_benchmark(name).list_cases(quick=True)
    assert [tuple(one["case"]) for one in document["cases"]] == cases
    assert all(len(one["rounds"]) == 2 for one in document["cases"])
    rows = [Row(**row) for row in document["rows"]]
    assert {row.case for row in rows} == {" / ".join(case) for case in cases}
    assert len(ran.stdout.splitlines()) == len(rows) + 1
    for row in rows:
        assert row.case in ran.stdout
        assert all(map(math.isfinite, (row.low, row.median, row.high)))
        assert row.low <= row.median <= row.high
        if row.is_rate:
            assert row.median > 0
    drawn = "".join(ElementTree.parse(picture).getroot().itertext())  # noqa: S314 (our own)
    assert all(part in drawn for first, *others in cases for part in (first, " / ".join(others)))


def test_cases_cover_each_way_to_call_and_to_install() -> None:
    for cases, count in ((overhead.list_cases(), 48), (overhead.list_cases(quick=True), len(WORKLOADS))):
        assert len(set(cases)) == count
        assert {case.workload for case in cases} == set(WORKLOADS)
        assert {case.family for case in cases} == {"httpx", "httpx2"}
        assert {case.mode for case in cases} == {"sync", "async"}
        assert {case.install for case in cases} == {"global", "explicit"}


@pytest.mark.parametrize("case", wires.list_cases(), ids=" / ".join)
def test_every_library_gets_what_was_recorded_of_the_provider(
    case: tuple[str, str, str], sink: MemorySink
) -> None:
    kind, provider, library = case
    form = find_format(provider, KINDS[kind])
    payi_instrument(sink=sink)
    with open_caller(library, form.target, form.make_script(KINDS[kind])) as call:
        call(CONCURRENCY)
    payi_flush()
    expected = {name: form.recorded.event[name] for name in ("category", "resource", "units")}
    assert [shown(event, expected) for event in sink.events] == [expected] * CONCURRENCY


def test_a_quick_run_of_the_wires_meets_every_provider_and_kind() -> None:
    some, every = (
        [set(part) for part in zip(*wires.list_cases(quick=quick), strict=True)] for quick in (True, False)
    )
    assert some[:2] == every[:2]


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
    case = overhead.Case("unary 1 KB", "httpx", "sync", "global")
    rounds = [
        {"bare": {"call": overhead.Sample(100.0, 80.0)}, "payi": {"call": overhead.Sample(110.0, 88.0)}},
        {"bare": {"call": overhead.Sample(200.0, 160.0)}, "payi": {"call": overhead.Sample(220.0, 176.0)}},
    ]
    cpu, wall = overhead.summarize(case, rounds)
    assert (cpu.unit, cpu.bare, cpu.budget) == ("µs CPU a call", 80.0, 10.0)
    assert (cpu.low, cpu.median, cpu.high) == pytest.approx((8.0, 8.0, 8.0))
    assert (wall.unit, wall.bare, wall.budget) == ("µs by the clock a call", 100.0, None)
    assert wall.median == pytest.approx(10.0)


def test_a_chunk_is_what_a_long_stream_costs_more_than_a_short_one() -> None:
    case = overhead.Case("stream, usage asked", "httpx", "sync", "global")
    bare = {"short": overhead.Sample(100.0, 100.0), "long": overhead.Sample(580.0, 580.0)}
    payi = {"short": overhead.Sample(110.0, 110.0), "long": overhead.Sample(638.0, 638.0)}
    *calls, chunk, _ = overhead.summarize(case, [{"bare": bare, "payi": payi}] * 2)
    assert [row.budget for row in calls] == [None] * 4
    assert (chunk.unit, chunk.bare, chunk.budget) == ("µs CPU a chunk", 1.0, 0.1)
    assert chunk.median == pytest.approx(0.1)


def test_every_budget_is_of_a_workload_that_there_is_and_of_cpu_time() -> None:
    assert {workload for workload, _ in overhead.BUDGETS} == set(WORKLOADS) - {"stream, fresh chunks"}
    sample = overhead.Sample(10.0, 5.0)
    for (workload, unit), budget in overhead.BUDGETS.items():
        side = {part.name: sample for part in WORKLOADS[workload]()}
        rows = overhead.summarize(
            overhead.Case(workload, "httpx", "sync", "global"), [{"bare": side, "payi": side}] * 2
        )
        assert {row.unit: row.budget for row in rows if row.budget} == {f"µs CPU a {unit}": budget}


def test_what_was_added_is_told_at_the_quietest_speed_and_a_rate_as_it_is() -> None:
    rounds: list[dict[str, list[float | None]]] = [
        {"added": [110.0, 100.0], "rate": [5.0, None]},
        {"added": [440.0, 400.0], "rate": [7.0, None]},
    ]
    added, rate = summarize(("a", "case"), rounds, {"rate": 5.0})
    assert (added.case, added.unit, added.bare) == ("a / case", "added", 100.0)
    assert (added.low, added.median, added.high) == pytest.approx((10.0, 10.0, 10.0))
    assert rate == ("a / case", "rate", 5.5, 6.0, 6.5, None, 5.0)


@pytest.mark.parametrize(
    ("unit", "budget", "within"),
    [("µs", None, True), ("µs", 9.0, False), ("µs", 10.0, True), ("events a second", 11.0, False)],
)
def test_a_budget_is_the_most_of_a_cost_and_the_least_of_a_rate(
    unit: str, budget: float | None, within: bool
) -> None:
    assert Row("case", unit, 9.0, 10.0, 11.0, None, budget).is_within is within


def test_the_table_is_markdown_where_that_is_asked_for() -> None:
    row = Row("ring", "events a second", 1000.0, 1234.5, 2000.0, None, 20_000.0)
    assert format_rows([row], markdown=True).splitlines() == [
        "| case | unit            | bare | median |      quartiles | budget |        |",
        "| ---- | --------------- | ---: | -----: | -------------: | -----: | -----: |",
        "| ring | events a second |    - |  1,234 | 1,000 to 2,000 | 20,000 | MISSED |",
    ]


@pytest.mark.parametrize("arguments", [["--rounds", "1"], ["--passes", "0"], ["--only", "no such case"]])
def test_a_command_line_that_can_measure_nothing_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)


def _keep(file: Path, *rows: Row) -> str:
    file.write_text(json.dumps({"rows": [row._asdict() for row in rows]}))
    return str(file)


def test_two_runs_are_compared_row_by_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def make(*medians: float) -> list[Row]:
        units = ("µs", "events a second", "MB", "ms")
        return [Row("a", unit, one - 1, one, one + 1) for unit, one in zip(units, medians, strict=True)]

    before = _keep(tmp_path / "before", *make(10.0, 10.0, 10.0, 0.0), Row("gone", "µs", 1.0, 1.0, 1.0))
    after = _keep(tmp_path / "after", *make(20.0, 20.0, 11.0, 3.0))
    main(["--compare", before, after, "--markdown"])
    lines = [line.replace(" ", "") for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "|case|unit|before|after|change||"
    assert lines[2:] == [
        "|a|µs|10.0|20.0|+100%|WORSE|",
        "|a|eventsasecond|10.0|20.0|+100%|better|",
        "|a|MB|10.0|11.0|+10%||",
        "|a|ms|0.000|3.00|-|WORSE|",
    ]


@pytest.mark.parametrize("content", [None, "no JSON", "{}", '{"rows": [{}]}', '{"rows": []}'])
def test_what_can_not_be_compared_is_refused(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SystemExit, match="2"):
        main(["--compare", str(file), str(file)])


@pytest.mark.parametrize("content", [True, False])
def test_what_is_decoded_and_delivered_has_units_and_the_bodies_that_are_wanted(content: bool) -> None:
    script = make_unary(1_000, 600)
    (exchange,) = make_exchanges(script, 1, content=content)
    event = check_event(decode(exchange), content=content)
    assert event.units["text"] == Units(input=250, output=40)
    with pytest.raises(RuntimeError, match="has bodies where it should have none, or lacks them"):
        check_event(event, content=not content)
    exchange.forget()
    with pytest.raises(RuntimeError, match="decoded without units"):
        check_event(decode(exchange), content=content)


def test_instructions_without_valgrind_say_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match="needs valgrind, which is not on the PATH"):
        main(["instructions"])


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_instructions_of_a_call_are_more_when_it_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ.keys() - untraced_environment().keys():
        monkeypatch.delenv(name)
    (case,) = instructions.list_cases(quick=True)
    rows = list(instructions.summarize(case, instructions.measure(case, rounds=1, quick=True)))
    assert [row.unit for row in rows] == ["instructions", "Python calls", "C calls"]
    assert all(row.median > 0 and row.bare for row in rows)


# Where the system tells it.
_RESIDENT = [case for case in throughput.list_cases(quick=True) if case[0] == "resident memory"]


@pytest.mark.parametrize("case", _RESIDENT, ids=" / ".join)
def test_a_call_that_waits_takes_the_memory_of_its_bodies_and_little_more(case: tuple[str, str]) -> None:
    (measured,) = throughput.measure(case, rounds=1)
    ((grown, _),) = measured.values()
    assert 1_600 < grown < 8_000


@pytest.mark.parametrize("options", [[], ["--spool"]], ids=["memory", "spool"])
def test_a_short_soak_accounts_for_every_call(options: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", "--events", "300", *options],
        cwd=_ROOT,
        env=untraced_environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert "unaccounted  0" in ran.stdout


def test_a_report_on_few_events_has_each_of_them_and_says_what_it_took() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.report", "--events", "300", "--by", "day"],
        cwd=_ROOT,
        env=untraced_environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert "300 events" in ran.stdout
    assert "s of CPU time" in ran.stdout
