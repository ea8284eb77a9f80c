"""A whole report as it is printed, from wide to narrow."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from payi_transport.cli.report_table import print_report
from tests.cli.reports import COMMITTED, make_small_report


def show(width: int) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_report(make_small_report(), COMMITTED, console)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


WIDE = """\
Calls by tag, 2026-11-01 12:00 to 2026-11-02 12:00 (UTC)

Tag     Cost  Unpriced  Change  Calls  Errors      Input  Output  p50 ms  p95 ms
─────────────────────────────────────────────────────────────────────────────────
a      $6.75         1    +35%      2       0  2,000,060     307      80   1,200
b      $2.00         1     new      2       1         20       0      80      80

Total  $6.75         2    +35%      3       1  2,000,070     307      80   1,200

Unit                 Input  Output   Cost
──────────────────────────────────────────
text             2,000,020     300  $6.50
image                    -       7  $0.25
text_cache_read         50       -      -

Commitment ptu, beside the costs above, by tokens used
Tag                 Tokens    Cost
───────────────────────────────────
(none)               4,000  $20.00
a                    3,000  $10.00
(not used)           5,000  $20.00

Total of 2.5 hours          $50.00

Costs are estimates, in US dollars: the price list ($6.75). The list is genai-prices 1.2.3.
Changes are since the period before, 2026-10-31 12:00 to 2026-11-01 12:00: $5.00 for 1 call.
Not in the costs: 1 call without a price and 1 call with a price for some units only, 60 tokens in all.
  1 call: no model
  1 call: text_cache_read input: no rate is known
Rates that were not its own: n ($1.50).
Calls with several tags stand in each of their rows. The total counts every call once.
Left out 2 events that had been read before.
Skipped 1 item that isn't an event.
"""
WITHOUT_LATENCIES = """\
Calls by tag, 2026-11-01 12:00 to 2026-11-02 12:00 (UTC)

Tag     Cost  Unpriced  Change  Calls  Errors  Input  Output
─────────────────────────────────────────────────────────────
a      $6.75         1    +35%      2       0     2M     307
b      $2.00         1     new      2       1     20       0

Total  $6.75         2    +35%      3       1     2M     307
Too narrow for: p50 ms, p95 ms.

"""
NARROW = """\
Calls by tag, 2026-11-01
12:00 to 2026-11-02 12:00
(UTC)

a
  cost $6.75, change +35%,
  unpriced 1
  calls 2, errors 0
  input 2M, output 307
  p50 ms 80, p95 ms 1,200
b
  cost $2.00, change new,
  unpriced 1
  calls 2, errors 1
  input 20, output 0
  p50 ms 80, p95 ms 80
Total
  cost $6.75, change +35%,
  unpriced 2
  calls 3, errors 1
  input 2M, output 307
  p50 ms 80, p95 ms 1,200

text
  input 2,000,020, output
300, cost $6.50
image
  input -, output 7, cost
$0.25
text_cache_read
  input 50, output -, cost -

Commitment ptu, beside the
costs above, by tokens used
(none)
  Tokens: 4,000
  Cost: $20.00
a
  Tokens: 3,000
  Cost: $10.00
(not used)
  Tokens: 5,000
  Cost: $20.00
Total of 2.5 hours
  Cost: $50.00

"""


@pytest.mark.parametrize(("width", "shown"), [(140, WIDE), (75, WITHOUT_LATENCIES), (28, NARROW)])
def test_a_report_is_printed_as_fits(width: int, shown: str) -> None:
    lines = show(width).splitlines()
    assert lines[: shown.count("\n")] == shown.splitlines()


# Each is the narrowest terminal for what it shows, as a name keeps 12 characters.
LAYOUTS = {
    88: (" 2,000,060 ", "text             2,000,020"),
    84: (" 2M     307      80   1,200", "text             2,000,020"),
    68: ("Too narrow for: p50 ms, p95 ms.", "text             2,000,020"),
    45: ("+35%      2\nb ", "text             2,000,020"),
    42: ("\n  calls 2, errors 0\n", "text             2,000,020"),
}


@pytest.mark.parametrize("width", LAYOUTS)
def test_what_fits_into_a_line_is_not_given_up(width: int) -> None:
    figures, units = LAYOUTS[width]
    assert figures in show(width) and units in show(width)
    changed = units if width == 42 else figures
    assert changed not in show(width - 1)


@pytest.mark.parametrize(
    ("width", "bold"),
    [
        (140, ["Calls by tag", "Tag", "Total", "Unit", "Commitment ptu", "Tag", "Total of"]),
        (
            28,
            [
                *("Calls by tag", "12:00 to", "(UTC)", "a", "b", "Total", "text", "image"),
                *("text_cache_read", "Commitment ptu", "costs above", "Total of"),
            ],
        ),
    ],
)
def test_titles_and_totals_are_bold_and_so_are_the_names_in_a_list(width: int, bold: list[str]) -> None:
    terminal: dict[str, Any] = {"force_terminal": True, "color_system": "standard"}
    console = Console(file=io.StringIO(), width=width, highlight=False, **terminal)
    print_report(make_small_report(), COMMITTED, console)
    assert isinstance(console.file, io.StringIO)
    lines = [line.strip() for line in console.file.getvalue().splitlines()]
    shown = [line.removeprefix("\x1b[1m").strip() for line in lines if line.startswith("\x1b[1m")]
    assert len(shown) == len(bold), shown
    for line, start in zip(shown, bold, strict=True):
        assert line.startswith(start)


def test_what_is_inside_a_group_is_indented_by_two_in_a_list() -> None:
    console = Console(file=io.StringIO(), width=28, highlight=False)
    print_report(make_small_report("tag,user"), COMMITTED, console)
    assert isinstance(console.file, io.StringIO)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    start = lines.index("a")
    assert lines[start : start + 11] == [
        "a",
        "  cost $6.75, change +35%,",
        "  unpriced 1",
        "  calls 2, errors 0",
        "  input 2M, output 307",
        "  p50 ms 80, p95 ms 1,200",
        "  u",
        "    cost $4.75, change new,",
        "    unpriced 1",
        "    calls 1, errors 0",
        "    input 2M, output 307",
    ]


@pytest.mark.parametrize(
    ("width", "parts"),
    [
        (140, ["\nSkipped 1 item that isn't an event.\n", "\n  1 call: no model\n"]),
        (28, ["\n\na\n  cost", "\n  calls 2, errors 0\n  input 2M, output 307\n  p50"]),
    ],
)
def test_no_spaces_follow_what_is_shorter_than_a_line(width: int, parts: list[str]) -> None:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_report(make_small_report(), COMMITTED, console)
    assert isinstance(console.file, io.StringIO)
    assert [part for part in parts if part not in console.file.getvalue()] == []
