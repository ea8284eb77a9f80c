"""Alerts about a budget that reaches a level: the text, and the message to a webhook.

The message has the key `text`, which Slack, Mattermost, and Teams workflows show, and everything else as
fields for programs.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from payi_transport.budgets.budget import Budget
from payi_transport.budgets.periods import Period
from payi_transport.budgets.store import Total
from payi_transport.values.decimals import with_own_decimals

__all__ = [
    "ATTEMPTS",
    "Notice",
    "find_decimals",
    "format_apart",
    "format_money",
    "format_owner",
    "make_notice",
    "make_refusal",
    "post",
]

# Seconds for a webhook to respond.
_TIMEOUT = 5.0
# How often a webhook is tried.
ATTEMPTS = 3
# Tried in turn where the usual decimals make two amounts look equal.
_MORE_DECIMALS = (4, 6, 9, 15)


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A level that was reached. Amounts are decimal text in US dollars, times have the offset of the zone."""

    text: str
    budget: str
    owner: str
    level: str
    spent: str
    amount: str
    currency: str = "USD"
    period: str
    period_start: datetime
    period_end: datetime
    zone: str
    calls: int
    unpriced: int
    enforced: bool


def format_money(amount: Decimal, decimals: int | None = None) -> str:
    """Return an amount with so many decimals: "$12.40", "<$0.0001".

    By default, these are two, and four of less than a dollar.
    """
    if decimals is None:
        decimals = find_decimals(amount)
    smallest = Decimal(1).scaleb(-decimals)
    rounded = amount.quantize(smallest, ROUND_HALF_EVEN)
    if not rounded and amount:
        return f"<${smallest:f}" if amount > 0 else f"-<${smallest:f}"
    return f"{'-' if rounded < 0 else ''}${abs(rounded):,f}"


def find_decimals(amount: Decimal) -> int:
    """Return the decimals that an amount has by default."""
    return 2 if abs(amount) >= 1 or not amount else 4


def format_apart(one: Decimal, other: Decimal) -> tuple[str, str]:
    """Return two amounts with enough decimals to tell them apart."""
    texts = format_money(one), format_money(other)
    for decimals in _MORE_DECIMALS:
        if texts[0] != texts[1] or one == other:
            break
        texts = format_money(one, decimals), format_money(other, decimals)
    return texts


def format_owner(budget: str, owner: str) -> str:
    """Return the name of a budget, with whom of its owners it is about."""
    return f"{budget} ({owner})" if owner else budget


def make_notice(budget: Budget, total: Total, level: Decimal, period: Period) -> Notice:
    """Return the notice of a level that a sum has reached."""
    start, end = (moment.astimezone(budget.zone) for moment in period)
    spent, amount = format_apart(total.spent, budget.amount)
    text = (
        f"budget {format_owner(budget.name, total.key.owner)} reached {_format_share(level)}: {spent} of"
        f" {amount} in the {budget.settings.period} from {start:%Y-%m-%d %H:%M} ({name_zone(budget, start)})"
    )
    if level >= 1 and budget.settings.enforce:
        text += f"; its calls are refused until {end:%Y-%m-%d %H:%M}"
    if total.unpriced:
        calls = "call without a price is" if total.unpriced == 1 else "calls have no price and are"
        text += f"; {total.unpriced:,} {calls} not in it"
    return Notice(
        text=text,
        budget=budget.name,
        owner=total.key.owner,
        level=str(level),
        spent=str(total.spent),
        amount=str(budget.amount),
        period=budget.settings.period,
        period_start=start,
        period_end=end,
        zone=name_zone(budget, start),
        calls=total.calls,
        unpriced=total.unpriced,
        enforced=budget.settings.enforce,
    )


@with_own_decimals
def make_refusal(budget: Budget, owner: str, period: Period) -> str:
    """Return why a call is not sent, for the developer who sees the error."""
    end = period.end.astimezone(budget.zone)
    each = f"{'an' if budget.settings.period == 'hour' else 'a'} {budget.settings.period}"
    return (
        f"budget {format_owner(budget.name, owner)} is spent: {format_money(budget.amount)}"
        f" {each}, so the request was not sent; its next period starts at"
        f" {end:%Y-%m-%d %H:%M} ({name_zone(budget, end)}), or raise config.budgets.{budget.name}.amount"
    )


def name_zone(budget: Budget, moment: datetime) -> str:
    """Return the name of a budget's zone, always one that a reader can use."""
    return budget.settings.zone or moment.tzname() or f"{moment:%z}"


def _format_share(level: Decimal) -> str:
    return f"{(level * 100).normalize():f} %"


def post(url: str, notice: Notice) -> str | None:
    """Send a notice to a webhook; return what went wrong, without the address, or None."""
    # Imported late: most programs have no webhook, and the client is large.
    from payi_transport.client.untraced import UntracedClient

    try:
        with UntracedClient(timeout=_TIMEOUT) as client:
            response = client.post(
                url, content=msgspec.json.encode(notice), headers={"content-type": "application/json"}
            )
    # Of httpx, or of an address that it can't use.
    except Exception as exc:
        return type(exc).__name__
    return None if response.is_success else f"HTTP {response.status_code}"
