"""The account at Pay-i that events are reported to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["PayiAccount"]


class PayiAccount(NamedTuple):
    """Where to report to, as whom, and what headers and query go with every call."""

    base_url: str
    api_key: str
    headers: Mapping[str, str] = {}
    query: Mapping[str, object] = {}
