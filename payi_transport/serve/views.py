"""What the page is shown: values only. Money is a Decimal in US dollars, times are in UTC.

A name is "" where a call has none, as for the calls without a customer.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from payi_transport.serve.rows import Detail

__all__ = [
    "Breakdown",
    "Budget",
    "CallDetail",
    "CallPage",
    "CallRow",
    "Figures",
    "Filters",
    "Group",
    "Line",
    "Percentiles",
    "Run",
    "RunPage",
    "Series",
    "Span",
    "State",
    "Sums",
    "UnitSums",
    "Unowned",
]

Dimension = Literal["use_case", "model", "account", "user", "category", "environment", "step", "tag", "limit"]
StepName = Literal["15m", "hour", "day", "week"]


class Span(msgspec.Struct, frozen=True):
    """A time from `start` up to `end`, both aware, and the zone in which its days begin."""

    start: datetime
    end: datetime
    zone: str = "UTC"


class Filters(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which calls to look at: those that have all of the values. None is any value, "" is none at all."""

    use_case: str | None = None
    model: str | None = None
    account: str | None = None
    user: str | None = None
    category: str | None = None
    environment: str | None = None
    step: str | None = None
    run: str | None = None
    tag: str | None = None
    status: int | None = None
    failed: bool = False
    unpriced: bool = False


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """What calls add up to.

    `unpriced` counts calls without a (full) price, `included` those that a subscription covers, which cost
    nothing more. `saved` is what reading from a cache saved, `waste` the part of `cost` for `wasted` calls.
    """

    calls: int = 0
    errors: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    included: int = 0
    input: int = 0
    output: int = 0
    cache_read: int = 0
    saved: Decimal = Decimal(0)
    wasted: int = 0
    waste: Decimal = Decimal(0)


class Figures(msgspec.Struct, frozen=True):
    """A span and the one before it, of the same length. `since` is the first call in the store."""

    now: Sums
    before: Sums
    since: datetime | None


class Line(msgspec.Struct, frozen=True):
    """One line of a chart. `name` is None for the rest: everything that has no line of its own."""

    name: str | None
    sums: list[Sums]


class Series(msgspec.Struct, frozen=True):
    """Lines over time, the most expensive first and the rest last. `starts` has the start of each step."""

    step: StepName
    zone: str
    starts: list[datetime]
    lines: list[Line]


class Group(msgspec.Struct, frozen=True):
    """The calls that have one value of a dimension."""

    name: str
    sums: Sums


class Breakdown(msgspec.Struct, frozen=True):
    """The most expensive groups, and what all calls add up to.

    `overlaps` says that a call may be in several groups, as with tags, so that they add up to more.
    """

    by: str
    groups: list[Group]
    total: Sums
    overlaps: bool = False


class UnitSums(msgspec.Struct, frozen=True):
    """How much of a unit was used."""

    unit: str
    calls: int
    input: int
    output: int


class Percentiles(msgspec.Struct, frozen=True):
    """Latencies in ms of the calls that succeeded, each within 5 percent, or 1 ms, of the exact one.

    None if no call reports one. What takes over three hours counts as three. `name` is as in Group.
    """

    name: str
    calls: int
    p50: int | None
    p90: int | None
    p95: int | None
    p99: int | None


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """A limit. `pace` is what a day of the last seven cost, `full_at` when nothing is left at that pace.

    `unpriced` counts the calls of these days without a (full) price, which `spent` lacks.
    """

    limit_id: str
    name: str
    type: str
    max: Decimal
    threshold: Decimal
    spent: Decimal
    state: str
    calls: dict[str, int]
    created: datetime
    reset: datetime | None
    pace: Decimal
    full_at: datetime | None
    unpriced: int = 0


class Unowned(msgspec.Struct, frozen=True):
    """What calls cost that lack an owner: by what is missing, and the models of all of them, ranked."""

    missing: list[Group]
    models: list[Group]
    total: Sums


class Run(msgspec.Struct, frozen=True):
    """One instance of a use case, from the start of its first call to the end of its last one."""

    run: str
    use_case: str
    account: str
    started: datetime
    ended: datetime
    sums: Sums


class RunPage(msgspec.Struct, frozen=True):
    """Some runs; `cursor` fetches the next ones, None at the end."""

    runs: list[Run]
    cursor: str | None


class CallRow(msgspec.Struct, frozen=True, kw_only=True):
    """A call in a list. `cost` is None if nothing is known of its price. Latencies are in ms."""

    id: int
    at: datetime
    use_case: str
    run: str
    step: str
    model: str
    category: str
    account: str
    user: str
    environment: str
    status: int | None
    failed: bool
    latency: int | None
    first_token: int | None
    input: int
    output: int
    cost: Decimal | None
    price_status: str


class CallPage(msgspec.Struct, frozen=True):
    """Some calls, the latest first; `cursor` fetches the next ones, None at the end."""

    calls: list[CallRow]
    cursor: str | None


class CallDetail(msgspec.Struct, frozen=True):
    """Everything the store has of one call. `request` and `response` are None if they were not recorded."""

    call: CallRow
    response_id: str
    detail: Detail
    request: str | None
    response: str | None


class State(msgspec.Struct, frozen=True):
    """How far the store is: `revision` changes with each change."""

    revision: int
    calls: int
    since: datetime | None
    until: datetime | None
