"""What the doctor found is a line each, errors last, and a verdict."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from payi_transport.cli.doctor import Finding
from payi_transport.cli.doctor_lines import print_findings


def show(*findings: Finding, width: int = 100) -> list[str]:
    file = io.StringIO()
    print_findings(findings, Console(file=file, width=width))
    return [line.rstrip() for line in file.getvalue().splitlines()]


OK = Finding("httpx", "ok", "0.28.1, hooked")
WARNING = Finding("clock", "warning", "3 minutes ahead")
ERROR = Finding("Pay-i", "error", "does not take the key (status 401)")


def test_errors_come_last_so_that_they_stay_on_the_screen() -> None:
    lines = show(ERROR, OK, WARNING)
    assert [line.split()[0] for line in lines[:3]] == ["ok", "warn", "ERROR"]
    assert lines[2].endswith("Pay-i  does not take the key (status 401)")


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([OK], "Nothing keeps events from arriving."),
        ([OK, WARNING], "Nothing keeps events from arriving. 1 warning above."),
        ([WARNING, WARNING], "Nothing keeps events from arriving. 2 warnings above."),
        ([ERROR, WARNING], "1 problem would keep events from arriving."),
        ([ERROR, ERROR], "2 problems would keep events from arriving."),
    ],
)
def test_the_last_line_is_the_verdict(findings: list[Finding], verdict: str) -> None:
    assert show(*findings)[-1] == verdict


def test_square_brackets_in_what_was_found_are_shown_as_they_are() -> None:
    lines = show(Finding("config", "error", 'sinks: [bold]"x"[/bold] is not a sink'))
    assert lines[0].endswith('sinks: [bold]"x"[/bold] is not a sink')


def test_a_long_finding_wraps_in_its_column() -> None:
    lines = show(Finding("Pay-i", "error", "word " * 30), width=50)
    assert len(lines) > 4
    assert all(len(line) <= 50 for line in lines)
    assert lines[1].startswith(" " * 14 + "word")
