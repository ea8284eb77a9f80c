"""`payi-transport reconcile`, from a bill and files of events to what is printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.money import DAY, event, run, stand_apart, write, write_bill


def test_reconcile_says_why_in_one_sentence(folder: Path) -> None:
    file = write(folder, event(1_000_000))
    bill = write_bill(folder, ("gpt-own", 1_000_000, "1.7"), ("gpt-hidden", 5, "4"))
    result = run("reconcile", bill, "--events", file)
    assert result.exit_code == 0, result.output
    first = " ".join(result.output.splitlines()[:2])
    assert (
        "The bill of $5.70 is $3.70 more (64.9 %) than the estimate of the calls seen here, $2.00:" in first
    )
    assert "gpt-hidden: billed on 1 day, and no call of it was seen here" in result.output
    assert "gpt-own: billed at 85 % of our price" in result.output
    assert "Either" not in result.output


@pytest.mark.parametrize("by", ["day", "kind"])
def test_reconcile_shows_the_difference_by_day_and_kind(folder: Path, by: str) -> None:
    file = write(folder, event(1_000_000), event(1_000_000), event(7, resource="no-such-model"))
    write(folder, event(5), name="more.json")
    bill = write_bill(folder, ("gpt-own", 1_000_000, "2"))
    result = run("reconcile", bill, bill, "--events", file, "--by", by)
    assert "Set right beforehand: 1 line of the bill was in two files" in result.output
    assert ("2026-10-05" if by == "day" else "input") in result.output
    assert "7 tokens of our calls have no price" in result.output


def test_the_last_row_of_each_table_stands_apart(folder: Path) -> None:
    bill, file = write_bill(folder, ("gpt-own", 1_000_000, "1.7")), write(folder, event(1_000_000))
    assert stand_apart(run("reconcile", bill, "--events", file).output) == ["The difference", "Total"]
    allocated = run("reconcile", bill, "--events", file, "--allocate", "account_name").output
    assert stand_apart(allocated) == ["The invoice"]


def test_reconcile_counts_events_of_two_files_once(folder: Path) -> None:
    one = event(1_000_000)
    files = [write(folder, one, name=name) for name in ("a.json", "b.json")]
    bill = write_bill(folder, ("gpt-own", 1_000_000, "2"))
    result = run("reconcile", bill, "--events", files[0], "--events", files[1])
    assert "The bill of $2.00 is exactly the estimate" in result.output
    assert "1 event was in the files more than once, and count once ($2.00)" in result.output


def test_reconcile_without_quantities_and_without_amounts(folder: Path) -> None:
    file = write(folder, event(1_000_000))
    bill = folder / "costs.json"
    bucket: dict[str, Any] = {"start_time": int(DAY.timestamp()), "results": []}
    bucket["results"] = [{"amount": {"value": 1.5}, "line_item": "gpt-own, input"}]
    bill.write_text(json.dumps({"data": [bucket]}))
    assert "Either" in run("reconcile", str(bill), "--events", file).output
    bucket["results"] = [{"input_tokens": 1_500_000, "output_tokens": 0, "model": "gpt-own"}]
    bill.write_text(json.dumps({"data": [bucket]}))
    shown = " ".join(run("reconcile", str(bill), "--events", file).output.split())
    assert "The bill has no amounts. At our prices, its quantities are worth $1.00 more than" in shown


def test_reconcile_has_all_rows_as_json(folder: Path) -> None:
    bill = write_bill(folder, ("gpt-own", 1_000_000, "1.7"))
    shown = json.loads(run("reconcile", bill, "--events", write(folder, event(1_000_000)), "--json").output)
    assert (shown["billed"], shown["difference"], shown["total"]["price"]) == (
        "1.7",
        "-0.300000000000",
        "-0.300000000000",
    )
    assert shown["rows"][0]["day"] == "2026-10-05"
    assert shown["findings"][0]["kind"] == "rate"


def test_allocate_adds_up_to_the_invoice(folder: Path) -> None:
    file = write(folder, event(2_000_000, account_name="acme"), event(1_000_000, account_name="zeta"))
    bill = write_bill(folder, ("gpt-own", 3_000_000, "10"), ("gpt-hidden", 5, "4"))
    result = run("reconcile", bill, "--events", file, "--allocate", "account_name")
    rows = [line.split() for line in result.output.splitlines() if "$" in line]
    assert [(row[0], row[-3]) for row in rows] == [
        ("acme", "$6.67"),
        ("(not", "$4.00"),
        ("zeta", "$3.33"),
        ("The", "$14.00"),
    ]
    shown = json.loads(
        run("reconcile", bill, "--events", file, "--allocate", "account_name", "--json").output
    )
    assert shown["owners"][0] == {"owner": {"account_name": "acme"}, "amount": "6.67"}
    assert shown["owners"][1] == {"owner": None, "amount": "4.00"}


def write_euros(folder: Path, *rows: tuple[str, str]) -> str:
    """A bill of rows of (cost, currency), each of a million tokens of gpt-own."""
    lines = ["BilledCost,BillingCurrency,ChargePeriodStart,ProviderName,SkuMeter,ConsumedQuantity"]
    lines += [
        f"{cost},{currency},2026-10-05T00:00:00Z,OpenAI,gpt-own Input tokens,1000000"
        for cost, currency in rows
    ]
    (folder / "euros.csv").write_text("\n".join(lines))
    return str(folder / "euros.csv")


def test_a_bill_in_another_currency_needs_its_rate(folder: Path) -> None:
    file, bill = write(folder, event(1_000_000)), write_euros(folder, ("1.60", "EUR"))
    refused = run("reconcile", bill, "--events", file)
    assert refused.exit_code == 2
    assert "the bill is in EUR" in refused.output
    shown = run("reconcile", bill, "--events", file, "--rate", "EUR=1.25")
    assert "The bill of $2.00 is exactly the estimate" in shown.output
    assert "The bill's amounts in EUR count 1.25 US dollars for each EUR." in shown.output


def test_an_invoice_is_spread_in_its_own_currency(folder: Path) -> None:
    file, bill = write(folder, event(1_000_000, user_id="u")), write_euros(folder, ("1601.60", "EUR"))
    arguments = ("reconcile", bill, "--events", file, "--allocate", "user_id")
    assert "1,601.60 EUR" in run(*arguments).output
    assert json.loads(run(*arguments, "--json").output)["currency"] == "EUR"
    assert "$2,002.00" in run(*arguments, "--rate", "EUR=1.25").output
    several = write_euros(folder, ("1", "EUR"), ("1", "USD"))
    refused = run("reconcile", several, "--events", file, "--allocate", "user_id")
    assert "the bill is in several currencies" in refused.output


def test_a_bill_of_nothing_is_allocated_to_nobody(folder: Path) -> None:
    result = run(
        "reconcile", write_bill(folder, ("x", 1, "0")), "--events", write(folder), "--allocate", "user_id"
    )
    assert "The invoice" in result.output


def test_names_in_brackets_are_shown(folder: Path) -> None:
    """A terminal's markup would swallow `[prices.own]`, the section that the user has to change."""
    file = write(folder, event(1_000_000, resource="gpt-unknown"))
    bill = write_bill(folder, ("gpt-unknown", 1_000_000, "2"))
    shown = " ".join(run("reconcile", bill, "--events", file).output.split())
    assert "have no price: add one under [[prices.own]]" in shown
    checked = run("check", file, "--at", "2026-10-20T12:00Z")
    assert "Add a price under [[prices.own]];" in " ".join(checked.output.split())


def test_it_says_how_many_events_were_read_and_that_none_is_of_the_bill(folder: Path) -> None:
    bill = write_bill(folder, ("gpt-own", 1_000_000, "2"))
    (folder / "odd.json").write_text('{"category": "system.openai"}\n5\n')
    file = write(folder, event(5, day=40), event(5, day=41))
    for arguments in ((), ("--allocate", "customer")):
        empty = run("reconcile", bill, "--events", write(folder, name="empty.json"), *arguments)
        assert "Read 0 events.\n" in empty.output
        shown = run("reconcile", bill, "--events", file, "--events", "odd.json", *arguments)
        assert "Read 3 events. Skipped 1 item that isn't an event.\n" in shown.output
        assert "None of the 3 events is of the days and the provider of the bill." in shown.output
        made = json.loads(run("reconcile", bill, "--events", file, "--json", *arguments).output)
        assert (made["events"], made["skipped"], made["seen"]) == (2, 0, 0)
    one = run("reconcile", bill, "--events", write(folder, event(5, day=40), name="one.json"))
    assert "The event isn't of the days and the provider of the bill." in one.output
    seen = run("reconcile", bill, "--events", write(folder, event(5), name="seen.json"))
    assert "of the days and the provider" not in seen.output


@pytest.mark.parametrize("arguments", [(), ("--allocate", "customer")])
def test_it_says_how_many_calls_have_no_time(folder: Path, arguments: tuple[str, ...]) -> None:
    bill = write_bill(folder, ("gpt-own", 1_000_000, "2"))
    file = write(folder, event(1_000_000), event(7, event_timestamp=None))
    shown = run("reconcile", bill, "--events", file, *arguments)
    assert "Read 2 events.\nLeft out 1 call without a time, which no period has.\n" in shown.output
    made = json.loads(run("reconcile", bill, "--events", file, "--json", *arguments).output)
    assert (made["events"], made["seen"], made["untimed"]) == (2, 1, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--rate", "EUR=1.1", "--rate", "eur=1.2"), "--rate: EUR has 2 rates; name one"),
        (("--rate", "USD=2"), "--rate: amounts in USD need none"),
        (("--allocate", "user", "--by", "model"), "--by has no effect with --allocate"),
        (("--allocate", "status"), "--allocate: unknown field 'status'"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    folder: Path, options: tuple[str, ...], message: str
) -> None:
    result = run("reconcile", write_bill(folder, ("x", 1, "1")), "--events", write(folder), *options)
    assert (result.exit_code, len(result.output.splitlines())) == (2, 1), result.output
    assert message in result.output


def test_an_invoice_is_spread_by_the_names_that_reports_group_by(folder: Path) -> None:
    file = write(folder, event(1_000_000, request_tags=("a", "b"), properties={"team": "x"}))
    bill = write_bill(folder, ("gpt-own", 1_000_000, "2"))
    options = ("--allocate", "tag", "--allocate", "property.team", "--json")
    made = json.loads(run("reconcile", bill, "--events", file, *options).output)
    assert made["owners"] == [{"owner": {"tag": "a, b", "property.team": "x"}, "amount": "2.00"}]


def test_a_model_without_a_price_is_unpriced_and_never_free(folder: Path) -> None:
    file = write(folder, event(1_000_000), event(1_000_000, resource="gpt-unknown"))
    bill = write_bill(folder, ("gpt-own", 1_000_000, "2"), ("gpt-unknown", 1_000_000, "3"))
    rows = [line.split() for line in run("reconcile", bill, "--events", file).output.splitlines()]
    assert ["gpt-unknown", "$3.00", "unpriced", "$3.00"] in rows


def test_no_two_empty_lines_follow_each_other(folder: Path) -> None:
    file, bill = write(folder, event(1_000_000)), write_bill(folder, ("gpt-own", 1_000_000, "2"))
    more = write_bill(folder, ("gpt-own", 1_000_000, "2"), ("gpt-hidden", 5, "4"))
    for bills in ((bill,), (more, more)):
        shown = run("reconcile", *bills, "--events", file).output
        assert "\n\n\n" not in shown.replace(" ", "")


def test_what_of_a_bill_cannot_be_read_is_told(folder: Path) -> None:
    file, bill = (
        write(folder, event(1_000_000, user_id="u")),
        write_euros(folder, ("2", "USD"), ("n/a", "USD")),
    )
    told = "euros.csv: 1 number can't be read (taken for none); expected 1234.56"
    for more in ((), ("--allocate", "user_id")):
        arguments = ("reconcile", bill, "--events", file, *more)
        assert told in " ".join(run(*arguments).output.split())
        (unread,) = json.loads(run(*arguments, "--json").output)["unread"]
        assert unread == {"file": bill, "kind": "number", "count": 1, "first": "n/a"}


def test_a_credit_is_part_of_the_bill(folder: Path) -> None:
    bill = write_euros(folder, ("100.00", "USD"), ("-$20.00", "USD"))
    assert "The bill of $80.00" in run("reconcile", bill, "--events", write(folder, event(5))).output
