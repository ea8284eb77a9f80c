"""A report is printed so that every figure can be read, on a terminal of any width."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from payi_transport import Units
from payi_transport.cli.captured_calls import Call, Capture, read_capture
from payi_transport.cli.report import Report, make_report
from payi_transport.cli.report_table import print_report


def print_to_text(report: Report, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_report(report, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_table_has_a_row_for_each_unit_and_a_total(events_file: Path) -> None:
    lines = print_to_text(make_report(read_capture(events_file))).splitlines()
    assert [" ".join(line.split()) for line in lines if line.strip() and "─" not in line] == [
        "Resource Calls Errors p50 ms p95 ms Unit Input Output",
        "gpt-5 2 0 200 400 text 101 22",
        "text_cache_read 1,024 -",
        "reasoning - 30",
        "claude 1 1 9 9",
        "Total 3 1 200 400 text 101 22",
        "text_cache_read 1,024 -",
        "reasoning - 30",
    ]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
@pytest.mark.parametrize("unit", ["text", "guardrail_sensitive_information_free_large_context"])
def test_no_figure_is_truncated_however_narrow_the_terminal_is(width: int, unit: str) -> None:
    call = Call(resource="model", latency_ms=1234, units={unit: Units(input=1_234_567, output=7_654_321)})
    text = print_to_text(make_report(Capture([call], 0)), width).replace("\n", "").replace(" ", "")
    for figure in ("model", "1,234", "1,234,567", "7,654,321"):
        assert figure in text
    assert unit in text
    assert "Total" in text


def test_a_narrow_terminal_gets_a_list(events_file: Path) -> None:
    assert print_to_text(make_report(read_capture(events_file), "user"), 40).splitlines()[:6] == [
        "ada",
        "  calls 1, errors 0",
        "  p50 400 ms, p95 400 ms",
        "  text: input 100, output 20",
        "  reasoning: input -, output 30",
        "grace",
    ]


def test_a_long_name_is_folded_and_not_truncated() -> None:
    name = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude"
    text = print_to_text(make_report(Capture([Call(resource=name)], 0)), 70)
    column = text.partition("Calls")[0].rindex("Resource")
    width = text.index("Calls") - column
    assert name in "".join(line[:width].strip() for line in text.splitlines())


@pytest.mark.parametrize("width", [40, 100])
def test_a_name_in_a_file_can_not_control_the_terminal(width: int) -> None:
    call = Call(resource="\x1b[2J[bold]x[/bold]", units={"\x1b]0;y": Units(input=1)})
    text = print_to_text(make_report(Capture([call], 0)), width)
    assert "\x1b" not in text
    assert "[bold]" in text


def test_a_group_without_a_name_is_shown_as_none() -> None:
    assert "(none)" in print_to_text(make_report(Capture([Call()], 0)))


def test_a_file_without_calls_says_so() -> None:
    assert print_to_text(make_report(Capture([], 0))) == "The file holds no calls.\n"


@pytest.mark.parametrize(
    ("skipped", "says"),
    [
        (1, "Skipped 1 item that isn't an event."),
        (1234, "Skipped 1,234 items that aren't events."),
    ],
)
def test_skipped_items_are_counted_below_the_table(skipped: int, says: str) -> None:
    assert print_to_text(make_report(Capture([Call()], skipped))).splitlines()[-1] == says
    assert "Skipped" not in print_to_text(make_report(Capture([Call()], 0)))
