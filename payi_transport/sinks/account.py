"""The account at Pay-i that events are reported to."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PayiAccount"]


class PayiAccount(NamedTuple):
    """Where to report to, and as whom."""

    base_url: str
    api_key: str
