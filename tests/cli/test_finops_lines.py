"""What the commands about money print, line by line."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from rich.console import Console

from payi_transport.cli.finops_lines import EventsRead, print_allocation, print_change
from payi_transport.cli.report_notes import LeftOut
from payi_transport.reports.change import PARTS, Change, PeriodSums
from tests.cli.money import event, run, write, write_bill

EVENTS = (
    event(1_000_000),
    event(1_000_000, account_name="acme"),
    event(7, resource="no-such-model"),
    event(3, event_timestamp=None),
)
BILL = (("gpt-own", 1_900_000, "3.4"), ("gpt-hidden", 5, "4"), ("gpt-hidden", 5, "-1.5"))


def list_lines(output: str) -> list[str]:
    return [line.rstrip() for line in output.splitlines()]


RECONCILED = """\
Days 2026-10-05 to 2026-10-05, in US dollars.
Read 4 events.
Left out 1 call without a time, which no period has.

Why                                                                                        Money  Of the bill
──────────────────────────────────────────────────────────────────────────────────────────────────────────────
gpt-hidden: billed on 1 day, and no call of it was seen here; is its service               $2.50       42.4 %
instrumented?
gpt-own: billed at 89.5 % of our price, as under a negotiated rate; add it under        -$0.4000       -6.8 %
[[prices.own]]
gpt-own: another quantity, for no reason known                                          -$0.2000       -3.4 %

The difference                                                                             $1.90       32.2 %

Model          Billed  Estimate  Not seen  Quantity     Price
──────────────────────────────────────────────────────────────
gpt-hidden      $2.50     $0.00     $2.50
gpt-own         $3.40     $4.00            -$0.2000  -$0.4000
no-such-model   $0.00  unpriced

Total           $5.90     $4.00     $2.50  -$0.2000  -$0.4000
7 tokens of our calls have no price: add one under [[prices.own]], unless a commitment covers them.
"""


def test_a_reconciliation_has_the_reasons_the_rows_and_what_has_no_price(folder: Path) -> None:
    shown = run("reconcile", write_bill(folder, *BILL), "--events", write(folder, *EVENTS)).output
    assert list_lines(shown)[2:] == RECONCILED.splitlines()


def test_the_models_without_a_price_are_counted_in_the_singular_too(folder: Path) -> None:
    file = write(folder, event(1, resource="no-such-model"))
    shown = run("reconcile", write_bill(folder, *BILL), "--events", file).output
    assert "\n1 token of our calls has no price: add one under" in shown
    priced = write(folder, event(1))
    assert "no price" not in run("reconcile", write_bill(folder, *BILL), "--events", priced).output


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ((40,), "Read 1 event.\nThe event isn't of the days and the provider of the bill.\n"),
        ((40, 41), "Read 2 events.\nNone of the 2 events is of the days and the provider of the bill.\n"),
        ((40, 0), "Read 2 events.\n\n"),
        ((), "Read 0 events.\n\n"),
    ],
)
def test_a_bill_about_none_of_the_events_is_reported(folder: Path, days: tuple[int, ...], said: str) -> None:
    file = write(folder, *(event(9 + day, day=day) for day in days))
    shown = run("reconcile", write_bill(folder, *BILL), "--events", file).output
    assert f"Days 2026-10-05 to 2026-10-05, in US dollars.\n{said}" in shown


def test_items_that_are_no_events_stand_beside_the_number_of_events(folder: Path) -> None:
    (folder / "events.json").write_text('[{}, {"x": 1}, 2]')
    shown = run("reconcile", write_bill(folder, *BILL), "--events", str(folder / "events.json")).output
    assert "\nRead 0 events. Skipped 3 items that aren't events.\n" in shown


def test_what_was_set_right_and_the_rates_stand_between_the_tables(folder: Path) -> None:
    lines = ["BilledCost,BillingCurrency,ChargePeriodStart,ProviderName,SkuMeter,ConsumedQuantity"]
    lines += ["1.6,EUR,2026-10-05T00:00:00Z,OpenAI,gpt-own Input tokens,1000000"]
    (folder / "euros.csv").write_text("\n".join(lines))
    bill, file = str(folder / "euros.csv"), write(folder, event(1_000_000))
    shown = list_lines(run("reconcile", bill, bill, "--events", file, "--rate", "EUR=1.250").output)
    assert shown[4].startswith("Set right beforehand: 1 line of the bill was in two files, ")
    assert shown[4].endswith(" ($2.00).")
    assert [*shown[3:4], *shown[5:8]] == [
        "",
        "The bill's amounts in EUR count 1.250 US dollars for each EUR.",
        "",
        "Model    Billed  Estimate  Not seen  Quantity  Price",
    ]


ALLOCATED = """\
Read 4 events.
Left out 1 call without a time, which no period has.
Account name     Use case   Pays    Share
──────────────────────────────────────────
(not seen here)            $2.50   42.4 %
(none)           (none)    $1.70   28.8 %
acme             (none)    $1.70   28.8 %

The invoice                $5.90  100.0 %
"""


def test_an_allocation_has_a_row_for_each_owner_and_the_invoice(folder: Path) -> None:
    by = ("--allocate", "account_name", "--allocate", "use_case")
    shown = run("reconcile", write_bill(folder, *BILL), "--events", write(folder, *EVENTS), *by).output
    assert list_lines(shown) == ALLOCATED.splitlines()


def test_an_allocation_as_json_has_what_was_read_beside_the_owners(folder: Path) -> None:
    by = ("--allocate", "account_name", "--json")
    shown = run("reconcile", write_bill(folder, *BILL), "--events", write(folder, *EVENTS), *by).output
    assert json.loads(shown) == {
        "currency": "USD",
        "invoice": "5.90",
        "owners": [
            {"owner": None, "amount": "2.50"},
            {"owner": {"account_name": "(none)"}, "amount": "1.70"},
            {"owner": {"account_name": "acme"}, "amount": "1.70"},
        ],
        "unread": [],
        "events": 4,
        "skipped": 0,
        "seen": 3,
        "untimed": 1,
    }


@pytest.mark.parametrize(
    ("currency", "shown"),
    [("USD", ["$1,234.50", "-$0.50", "$1,234.00"]), ("EUR", ["1,234.50 EUR", "-0.50 EUR", "1,234.00 EUR"])],
)
def test_the_cents_of_an_invoice_are_shown_whatever_its_size(
    currency: str, shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    allocated: dict[tuple[str, ...], Decimal] = {("a",): Decimal("1234.50"), ("b",): Decimal("-0.50")}
    reading = EventsRead(events=1, skipped=0, seen=1, untimed=0)
    console = Console(width=80, highlight=False)
    print_allocation(["user"], allocated, reading, console, as_json=False, currency=currency, unread=[])
    printed = capsys.readouterr().out
    assert [part for part in shown if part not in printed] == []


CHANGED = """\
2026-11 cost $5.01, $2.99 less than 2026-10 with $8.00 (37.4 % less).
Left out 1 call without a time, which no period has.
Estimates in US dollars, of 3 and 3 calls. Days are those of UTC.

Part           What changed                         Money  Of 2026-10
──────────────────────────────────────────────────────────────────────
prompt size    longer or shorter prompts           -$2.99     -37.4 %
volume         more or fewer calls                  $0.00       0.0 %
model mix      other models                         $0.00       0.0 %
cache rate     more or less of the prompts cached   $0.00       0.0 %
response size  longer or shorter responses          $0.00       0.0 %
other units    searches, images, audio, …           $0.00       0.0 %
price          other prices                         $0.00       0.0 %
retries        calls that were repeated             $0.00       0.0 %

The change                                         -$2.99     -37.4 %
1 and 1 calls have no price, or only a part of one, and what has none counts as free.
"""


def test_a_change_has_its_parts_and_what_counts_as_free(folder: Path) -> None:
    october = (event(1_000_000), event(3_000_000), event(5, resource="no-such-model"))
    november = (event(2_500_000, day=31), event(5_000, day=31), event(5, day=32, resource="no-such-model"))
    file = write(folder, *october, *november, event(1, event_timestamp=None))
    shown = run("explain-change", "2026-10", "2026-11", "--events", file, "--tz", "UTC").output
    assert list_lines(shown) == CHANGED.splitlines()


def explain(before: Fraction, after: Fraction, capsys: pytest.CaptureFixture[str], **parts: Fraction) -> str:
    change = Change(before, after, {**dict.fromkeys(PARTS, Fraction(0)), **parts})
    sums = [PeriodSums([]), PeriodSums([])]
    sums[1].calls = 1
    print_change(change, sums, ("A", "B"), Console(width=100), as_json=False, left_out=LeftOut())
    return capsys.readouterr().out


def test_parts_are_rounded_so_that_they_add_up_the_largest_first(capsys: pytest.CaptureFixture[str]) -> None:
    third = Fraction(1, 300)
    shown = explain(Fraction(1), 1 - third, capsys, volume=third, price=-2 * third)
    rows = [line.split() for line in shown.splitlines() if "$" in line]
    assert [(row[0], row[-3]) for row in rows[1:3]] == [("price", "-$0.0066"), ("volume", "$0.0033")]
    assert rows[-1] == ["The", "change", "-$0.0033", "-0.3", "%"]
    assert "Days are those" not in shown


def test_a_change_as_json_is_in_hundredths_of_a_cent(capsys: pytest.CaptureFixture[str]) -> None:
    change = Change(Fraction(1, 3), Fraction(1), {"volume": Fraction(2, 3)})
    sums = [PeriodSums([]), PeriodSums([])]
    left_out = LeftOut(skipped=1, untimed=2)
    print_change(change, sums, ("A", "B"), Console(), as_json=True, left_out=left_out)
    assert json.loads(capsys.readouterr().out) == {
        "currency": "USD",
        "before": {"period": "A", "cost": "0.3333", "calls": 0, "unpriced": 0},
        "after": {"period": "B", "cost": "1", "calls": 0, "unpriced": 0},
        "change": "0.6667",
        "parts": {"volume": "0.6667"},
        "skipped": 1,
        "untimed": 2,
    }


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (2, 2, "B cost $2.00, as much as A."),
        (2, 3, "B cost $3.00, $1.00 more than A with $2.00 (50.0 % more)."),
        (4, 3, "B cost $3.00, $1.00 less than A with $4.00 (25.0 % less)."),
        (0, 3, "B cost $3.00, $3.00 more than A with $0.00."),
    ],
)
def test_the_sentence_says_how_much_more_or_less(
    before: int, after: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explain(Fraction(before), Fraction(after), capsys).splitlines()[0] == sentence


def test_without_calls_in_both_periods_there_is_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    change = Change(Fraction(0), Fraction(0), {})
    sums = [PeriodSums([]), PeriodSums([])]
    print_change(change, sums, ("A", "B"), Console(width=100), as_json=False, left_out=LeftOut(2, 0))
    assert capsys.readouterr().out == (
        "There are no calls in A and none in B.\nSkipped 2 items that aren't events.\n"
    )


def test_each_period_has_its_own_numbers_of_calls(capsys: pytest.CaptureFixture[str]) -> None:
    sums = [PeriodSums([]), PeriodSums([])]
    sums[0].calls, sums[1].calls, sums[1].unpriced = 1234, 5, 2
    change = Change(Fraction(1), Fraction(2), {"volume": Fraction(1)})
    print_change(change, sums, ("A", "B"), Console(width=100), as_json=False, left_out=LeftOut(), zone="UTC")
    shown = capsys.readouterr().out
    assert "Estimates in US dollars, of 1,234 and 5 calls. Days are those of UTC.\n\n" in shown
    assert "\n0 and 2 calls have no price, or only a part of one, and what has none" in shown
    print_change(change, sums, ("A", "B"), Console(), as_json=True, left_out=LeftOut())
    made = json.loads(capsys.readouterr().out)
    assert [(made[key]["calls"], made[key]["unpriced"]) for key in ("before", "after")] == [(1234, 0), (5, 2)]


@pytest.mark.parametrize(("by", "name"), [("model", "(no model)"), ("kind", "(none)")])
def test_what_a_bill_does_not_name_has_a_row(folder: Path, by: str, name: str) -> None:
    bucket = {"start_time": 1791201600, "results": [{"amount": {"value": 1.5}}]}
    (folder / "costs.json").write_text(json.dumps({"data": [bucket]}))
    arguments = ("reconcile", str(folder / "costs.json"), "--events", write(folder, event(5)))
    lines = [" ".join(line.split()) for line in run(*arguments, "--by", by).output.splitlines()]
    assert f"{by.capitalize()} Billed Estimate Not seen Quantity Price Either" in lines
    assert f"{name} $1.50 <$0.0001 $1.50" in lines
