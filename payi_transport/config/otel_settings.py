"""The section of the config for OpenTelemetry."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from payi_transport.config.section import Name, Section

__all__ = ["OtelSettings"]

_Count = Annotated[int, Meta(ge=1, le=2**31, description="an integer from 1 to 2**31")]


class OtelSettings(Section, frozen=True):
    """Spans and metrics of OpenTelemetry for each call, beside Pay-i unless `only` says otherwise."""

    public_name = "PayiOtelConfig"

    traces: bool = True
    metrics: bool = True
    content: bool = False
    only: bool = False
    # The attribute that the cost of a call has. The conventions have none yet.
    cost_attribute: Name = "gen_ai.usage.cost"
    # Characters, of all messages of one direction together.
    content_limit: _Count = 16384
    # Attributes of metrics that have many values, and how many of them are kept apart.
    metric_attributes: tuple[Literal["user_id", "account_name", "use_case_name"], ...] = ()
    metric_values: _Count = 100

    @property
    def replaces_payi(self) -> bool:
        return self.only
