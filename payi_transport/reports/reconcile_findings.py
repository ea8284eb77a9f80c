"""Name what makes a bill differ: a service that was not seen, another rate, a cache billed otherwise, …

Each finder looks for one pattern in what is still unexplained, takes the money that the pattern explains, and
leaves the rest to the next. So no money is explained twice, and what is left at the end is listed too: the
findings that are in the difference add up to it to the last digit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

import msgspec

from payi_transport.reports.bills.reading import Bill
from payi_transport.reports.formats import say_count
from payi_transport.reports.reconcile import Comparison
from payi_transport.reports.reconcile_cells import CellKey
from payi_transport.reports.reconcile_left import Left
from payi_transport.reports.reconcile_patterns import (
    find_accounts,
    find_doubles,
    find_repeated_lines,
    find_retries,
    find_unseen,
)
from payi_transport.reports.reconcile_prices import (
    CACHES,
    find_batches,
    find_caches,
    find_hidden_rates,
    find_rates,
    find_roundings,
)
from payi_transport.reports.zones import describe_zone

__all__ = ["Finding", "find_findings"]

_ZERO = Decimal(0)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One reason, and its money in US dollars. `in_difference` is False for what was set right before."""

    kind: str
    text: str
    money: Decimal
    model: str | None = None
    in_difference: bool = True


def find_findings(comparison: Comparison, bill: Bill, repeats: tuple[int, Decimal]) -> list[Finding]:
    """Return all reasons, the largest first, and at last those that were set right beforehand.

    `repeats` is how many events were in the files more than once, and their estimate.
    """
    left = {row.key: Left(row) for row in comparison.rows}
    found = [
        *_name(find_unseen(left), comparison, "not seen", _describe_unseen),
        *_name(find_roundings(left), comparison, "rounding", _describe_rounding),
        *_name(find_accounts(left, comparison.lines), comparison, "account", _describe_account),
        *_name(find_repeated_lines(left, comparison.lines), comparison, "counted twice", _describe_double),
        *_name(find_doubles(left), comparison, "counted twice", _describe_double),
        *_name(find_caches(left), comparison, "cache", _describe_cache),
        *_name(find_batches(left), comparison, "batch", _describe_batch),
        *_name(find_rates(left), comparison, "rate", _describe_rate),
        *_name(find_hidden_rates(left, CACHES), comparison, "cache", _describe_cache),
        *_name(find_hidden_rates(left), comparison, "rate", _describe_rate),
        *_name(find_retries(left, comparison.failed), comparison, "failed calls", _describe_retry),
        *_list_rest(left, comparison),
    ]
    found.sort(key=lambda finding: -abs(finding.money))
    return [*(finding for finding in found if finding.money), *_list_corrections(comparison, bill, repeats)]


# The key of a model, or another name; the money; and a detail, whose meaning depends on the finder.
Found = tuple[str, Decimal, str]


def _name(
    found: Iterable[Found], comparison: Comparison, kind: str, describe: Callable[[str, str], str]
) -> Iterator[Finding]:
    for name, money, detail in found:
        model = comparison.names.get(name)
        yield Finding(kind=kind, text=describe(model or name, detail), money=money, model=model)


def _describe_unseen(model: str, days: str) -> str:
    if model == "(no model)":
        return "charges that belong to no model, such as taxes, credits, and fees"
    return f"{model}: billed on {days}, and no call of it was seen here; is its service instrumented?"


def _describe_account(account: str, detail: str) -> str:
    return f"{account}: none of this account's calls was seen here; is its service instrumented?"


def _describe_double(model: str, side: str) -> str:
    if side == "lines":
        return f"{model}: some lines are in the bill twice, which explains the excess; was it exported twice?"
    if side == "bill":
        return f"{model}: the bill has exactly twice our quantity on some days; billed or exported twice?"
    return f"{model}: we have exactly twice the bill's quantity on some days; were events imported twice?"


def _describe_cache(model: str, detail: str) -> str:
    if detail == "as input":
        return f"{model}: cached tokens are billed as uncached input"
    return f"{model}: cached tokens are billed at {detail} of our price for them"


def _describe_batch(model: str, share: str) -> str:
    return f"{model}: batches are billed at {share} of our price; our calls of them aren't marked as batch"


def _describe_rounding(model: str, detail: str) -> str:
    return f"{model}: amounts are rounded in the bill"


def _describe_rate(model: str, share: str) -> str:
    if not share:
        return f"{model}: we have no price for it; add one under [[prices.own]]"
    if share == "50 %":
        return f"{model}: billed at half our price, which is what batches cost, or a negotiated rate"
    return f"{model}: billed at {share} of our price, as under a negotiated rate; add it under [[prices.own]]"


def _describe_retry(model: str, number: str) -> str:
    calls, were = ("1 call", "was") if number == "1" else (f"{number} calls", "were")
    return f"{model}: {calls} failed or {were} sent again, and more was billed on those days; retries?"


def _list_rest(left: Mapping[CellKey, Left], comparison: Comparison) -> Iterator[Finding]:
    """Yield what nothing explains, by model."""
    names = {
        "quantity": "another quantity",
        "price": "another price",
        "undivided": "another quantity or price",
    }
    for part, words in names.items():
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for key, row in left.items():
            sums[key.model] += getattr(row, part)
        for model, money in sums.items():
            name = comparison.names.get(model, model)
            yield Finding(kind=words, text=f"{name}: {words}, for no reason known", money=money, model=name)


def _list_corrections(comparison: Comparison, bill: Bill, repeats: tuple[int, Decimal]) -> Iterator[Finding]:
    number, money = repeats
    if number:
        events = say_count(number, "event was", "events were")
        text = f"{events} in the files more than once, and count once"
        yield Finding(kind="duplicate events", text=text, money=money, in_difference=False)
    if bill.repeats:
        lines = say_count(len(bill.repeats), "line of the bill was", "lines of the bill were")
        text = f"{lines} in two files, and count once"
        costs = sum((line.cost or _ZERO for line in bill.repeats), _ZERO)
        yield Finding(kind="duplicate bill", text=text, money=costs, in_difference=False)
    for move in comparison.moves:
        zone = describe_zone(move.zone, comparison.first, comparison.last)
        model = None if move.model is None else comparison.names.get(move.model, move.model)
        text = (
            f"{f'{model}: ' if model else ''}the bill's days start at midnight of {zone}, and our calls are"
            " cut in the same way: this much changed its day"
        )
        yield Finding(kind="time zone", text=text, money=move.money, model=model, in_difference=False)
