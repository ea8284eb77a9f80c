"""Rows are a table where it fits, and a list where it doesn't."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from payi_transport.cli.columns import Heading, make_console, make_printable, print_rows

HEADINGS = [Heading("Model", False), Heading("Billed"), Heading("Why", False)]
ROWS = [["gpt-4.1 with a long name", "$1,234.56", "because"], ["o3", "", ""], ["Total", "$1,234.56", ""]]


def show(width: int, **options: bool) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_rows(console, HEADINGS, ROWS, **options)
    written = console.file
    assert isinstance(written, io.StringIO)
    return written.getvalue()


def test_a_wide_terminal_shows_a_table() -> None:
    lines = [line.rstrip() for line in show(80, has_total=True).splitlines()]
    assert lines[0].split() == ["Model", "Billed", "Why"]
    assert lines[2] == "gpt-4.1 with a long name  $1,234.56  because"
    assert lines[-1].startswith("Total")


def test_texts_are_folded_before_figures_are_cut() -> None:
    shown = show(40)
    assert "$1,234.56" in shown
    assert max(map(len, shown.splitlines())) <= 40


def test_a_narrow_terminal_shows_a_list_without_empty_figures() -> None:
    assert show(20, has_total=True).splitlines() == [
        "gpt-4.1 with a long ",
        "name, because",
        "  Billed: $1,234.56",
        "o3",
        "Total",
        "  Billed: $1,234.56",
    ]


def test_nothing_in_a_name_reaches_the_terminal_as_a_command() -> None:
    assert make_printable("a\x1b[31mb").plain == "a\N{REPLACEMENT CHARACTER}[31mb"


def test_nothing_is_folded_where_nobody_looks_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert make_console().width > 10_000
    monkeypatch.setenv("COLUMNS", "70")
    assert make_console().width == 70
    monkeypatch.delenv("COLUMNS")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert make_console().width < 10_000
