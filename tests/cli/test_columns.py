"""Rows are a table where it fits, and a list where it doesn't."""

from __future__ import annotations

import io
import sys
from typing import Any

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


def test_figures_are_at_the_right_and_the_total_stands_apart() -> None:
    assert [line.rstrip() for line in show(80, has_total=True).splitlines()] == [
        "Model                        Billed  Why",
        "─────────────────────────────────────────────",
        "gpt-4.1 with a long name  $1,234.56  because",
        "o3",
        "",
        "Total                     $1,234.56",
    ]
    assert "" not in [line.strip() for line in show(80).splitlines()]


@pytest.mark.parametrize(("width", "is_table"), [(38, True), (37, False)])
def test_a_table_is_shown_as_long_as_texts_keep_twelve_characters(width: int, is_table: bool) -> None:
    lines = [line.rstrip() for line in show(width).splitlines()]
    assert ("  Billed: $1,234.56" in lines) != is_table
    assert any(line.startswith("gpt-4.1 with") for line in lines)


@pytest.mark.parametrize("width", [80, 20])
def test_only_a_total_is_bold(width: int) -> None:
    terminal: dict[str, Any] = {"force_terminal": True, "color_system": "standard"}
    console = Console(file=io.StringIO(), width=width, highlight=False, **terminal)
    print_rows(console, HEADINGS, ROWS, has_total=True)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert [line for line in lines if "\x1b[1m" in line and not line.startswith("\x1b[1mModel")] == [
        line for line in lines if "Total" in line
    ]


def test_nothing_in_brackets_is_taken_for_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    console = make_console()
    console.print("[[prices.own]] 12 '3'")
    assert output.getvalue() == "[[prices.own]] 12 '3'\n"
    assert console.width == 100_000


def test_letters_that_are_no_commands_stay() -> None:
    assert (
        make_printable("渡辺 é\t\u200b").plain == "渡辺 é\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"
    )
