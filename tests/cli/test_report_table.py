"""A report is printed so that every figure can be read, on a terminal of any width."""

from __future__ import annotations

import io
import re
from datetime import timezone

import pytest
from rich.console import Console

from payi_transport.cli.report_notes import Reading
from payi_transport.cli.report_table import print_report
from payi_transport.reports.dimensions import find_dimensions
from payi_transport.reports.report import Report, make_report
from tests.cli.reports import READING, make_full_report
from tests.reports.calls import make_estimate, make_event

EMPTY = make_report([], find_dimensions("resource", timezone.utc))


def print_to_text(report: Report, width: int, reading: Reading = READING) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_report(report, reading, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 140])
@pytest.mark.parametrize("by", ["resource", "tag,resource", "day"])
def test_no_money_is_truncated_however_narrow_the_terminal_is(width: int, by: str) -> None:
    text = print_to_text(make_full_report(by), width)
    assert all(len(line.rstrip()) <= width for line in text.splitlines())
    squeezed = text.replace("\n", "").replace(" ", "")
    for figure in ("$1,237", "Total", "genai-prices1.2.3", "Skipped1item"):
        assert figure in squeezed
    # Nothing in a file can make a terminal act.
    assert "\x1b" not in text
    assert "…" not in text


def test_a_wide_terminal_shows_every_column_and_a_narrow_one_the_money() -> None:
    heads = {
        width: next(
            line
            for line in print_to_text(make_full_report(), width).splitlines()
            if line.startswith("Resource")
        )
        for width in (120, 60)
    }
    assert heads[120].split()[:6] == ["Resource", "Cost", "Included", "Unpriced", "Change", "Calls"]
    assert "p95 ms" in heads[120]
    assert "Too narrow for" not in print_to_text(make_full_report(), 120)
    left_out = "Too narrow for: Errors, Input, Output, p50 ms, p95 ms."
    assert left_out in " ".join(print_to_text(make_full_report(), 60).split())
    assert heads[60].split() == ["Resource", "Cost", "Included", "Unpriced", "Change", "Calls"]


def test_the_total_and_the_names_above_others_are_bold() -> None:
    console = Console(
        file=io.StringIO(), width=140, highlight=False, force_terminal=True, color_system="standard"
    )
    print_report(make_full_report("user,resource"), READING, console)
    assert isinstance(console.file, io.StringIO)
    bold = re.findall(r"^\x1b\[1m([\w()]+)", console.file.getvalue(), re.MULTILINE)
    assert bold == ["Calls", "User", "u", "(none)", "v", "Total", "Unit"]


def test_a_narrower_one_gets_a_list() -> None:
    lines = print_to_text(make_full_report(), 40).splitlines()
    start = lines.index(next(line for line in lines if line.startswith("gpt-5")))
    assert [line.rstrip() for line in lines[start : start + 4]] == [
        "gpt-5",
        "  cost $1,234, change +23%, unpriced 0,",
        "  included 0",
        "  calls 1, errors 0",
    ]


def test_a_report_without_calls_says_so_and_what_was_left_out() -> None:
    text = print_to_text(EMPTY, 80)
    assert text.startswith("There are no calls to report.\n")
    assert "Skipped 1 item" in text
    unread = make_report([(make_event(), make_estimate())], find_dimensions("user", timezone.utc))
    assert "There are no calls" not in print_to_text(unread, 80)


def test_calls_without_units_have_no_table_of_them() -> None:
    estimate = make_estimate("0")
    failed = [(make_event(), type(estimate)(total=estimate.total, status="priced"))]
    text = print_to_text(
        make_report(failed, find_dimensions("resource", timezone.utc)), 80, Reading(timezone.utc)
    )
    assert "Unit" not in text
