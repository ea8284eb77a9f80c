"""The section `prices`: what calls cost where the price list doesn't say it, or says something else.

A row names the calls that it is for by category and resource, in which `*` stands for any text, and by the
time of the call. The first row that matches is the one that counts.
"""

from __future__ import annotations

from datetime import date, datetime, time, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, defstruct, field

from payi_transport.config.section import Name, Section
from payi_transport.values.shown import show

__all__ = ["OwnPriceSettings", "PricesSettings", "UnitPriceSettings", "read_moment"]

# A Decimal, so that no price passes through a float. TOML's floats are read as they are written.
Price = Annotated[Decimal, Meta(description="an amount in US dollars, such as 2.5 or '0.075'")]
Factor = Annotated[Decimal, Meta(description="a factor such as 0.93 or '1.1'")]
# Any, because msgspec knows no union of a date and a moment. Checked by `read_moment`.
Moment = Annotated[
    Any, Meta(description="a date such as 2026-07-01, or a moment", extra_json_schema={"type": "string"})
]
Amount = Annotated[int, Meta(ge=1, le=2**53, description="an integer from 1 to 2**53")]


def read_moment(value: object) -> datetime:
    """Return when a price starts or ends: a date is midnight UTC, and so is a moment without an offset.

    Raises ValueError.
    """
    if isinstance(value, str):
        try:
            # Python 3.10 doesn't read the letter that most programs write for UTC.
            value = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        except ValueError:
            value = None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    if isinstance(value, date):
        return datetime.combine(value, time(), timezone.utc)
    raise ValueError("expected a date such as 2026-07-01, or a time such as '2026-07-01T00:00:00+02:00'")


class UnitPriceSettings(Section, frozen=True):
    """What a unit costs in US dollars, by default a million of it."""

    public_name = "PayiUnitPriceConfig"

    input: Price | None = None
    output: Price | None = None
    per: Amount = 1_000_000

    def __post_init__(self) -> None:
        if self.input is None and self.output is None:
            raise ValueError("one of input and output is needed")
        for key in ("input", "output"):
            _check_amount(key, getattr(self, key))


if TYPE_CHECKING:

    class PriceDates(Section, frozen=True):
        """When a price applies: `from` a moment on, and `until` before another."""

        until: Moment = None
else:
    # `from` is a word of Python's own, so a class statement can't have it as a field.
    PriceDates = defstruct(
        "PriceDates",
        [("from", Moment, None), ("until", Moment, None)],
        bases=(Section,),
        module=__name__,
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )


class OwnPriceSettings(PriceDates, frozen=True):
    """What calls cost: by unit, free, as a factor of the price list, or by the hour. US dollars.

    Units that a row doesn't name cost what the price list says, times its `multiplier`.
    """

    public_name = "PayiOwnPriceConfig"

    category: Name | None = None
    resource: Name | None = None
    units: dict[Name, UnitPriceSettings] = field(default_factory=dict)
    multiplier: Factor | None = None
    free: bool = False
    # A commitment, such as provisioned throughput: what an hour costs, and how many tokens it is good for.
    cost_per_hour: Price | None = None
    tokens_per_hour: Amount | None = None

    def __post_init__(self) -> None:
        for key in ("multiplier", "cost_per_hour"):
            _check_amount(key, getattr(self, key))
        start, end = self.period
        if start and end and start >= end:
            raise ValueError("from: expected a moment before until")
        self._check_kind()

    @property
    def period(self) -> tuple[datetime | None, datetime | None]:
        """Return when this price starts to apply and when it ends; None where it is open."""
        moments = []
        for key in ("from", "until"):
            value = getattr(self, key)
            try:
                moments.append(None if value is None else read_moment(value))
            except ValueError as exc:
                raise ValueError(f"{key}: {exc}, got {show(value)}") from None
        return moments[0], moments[1]

    def _check_kind(self) -> None:
        kinds = {
            "free": self.free,
            "cost_per_hour": self.cost_per_hour is not None,
            "units or multiplier": bool(self.units) or self.multiplier is not None,
        }
        stated = [kind for kind, given in kinds.items() if given]
        if not stated:
            raise ValueError("one of units, multiplier, free, and cost_per_hour is needed")
        if len(stated) > 1:
            raise ValueError(f"{' and '.join(stated)} exclude each other")
        if self.tokens_per_hour is not None and self.cost_per_hour is None:
            raise ValueError("tokens_per_hour is needed with cost_per_hour only")


class PricesSettings(Section, frozen=True):
    """Prices of your own, the first that matches counts."""

    public_name = "PayiPricesConfig"

    own: tuple[OwnPriceSettings, ...] = ()


def _check_amount(key: str, amount: Decimal | None) -> None:
    if amount is not None and not (amount.is_finite() and amount >= 0):
        raise ValueError(f"{key}: expected a number from 0, got {str(amount)!r}")
