"""The section `budgets`: what calls may cost in a period."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from msgspec import Meta, field

from payi_transport.config.budget_rules import BudgetPeriod, check_budget
from payi_transport.config.section import Name, Section

__all__ = ["BudgetSettings"]

# A Decimal, so that no amount passes through a float. TOML's floats are read as they are written.
Money = Annotated[Decimal, Meta(description="an amount of money such as 500 or '499.50'")]
Share = Annotated[float, Meta(gt=0, le=10, description="a share of the amount such as 0.8, above 0")]


class BudgetSettings(Section, frozen=True):
    """What calls may cost in a period, in US dollars.

    `by` names the scope fields whose values have a budget each, and `match` the calls that count.
    """

    public_name = "PayiBudgetConfig"

    amount: Money
    period: BudgetPeriod = "month"
    # None is the zone of the machine.
    zone: Name | None = None
    by: Name | tuple[Name, ...] = ()
    match: dict[str, str] = field(default_factory=dict)
    warn_at: tuple[Share, ...] = (0.8, 1.0)
    webhook: Name | None = None
    enforce: bool = False

    def __post_init__(self) -> None:
        check_budget(self)
