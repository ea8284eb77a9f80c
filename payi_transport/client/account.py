"""The Pay-i account that events are reported to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["PayiAccount"]


class PayiAccount(NamedTuple):
    """The base URL and API key to report with, and the headers and query sent with every request."""

    base_url: str
    api_key: str
    headers: Mapping[str, str] = {}
    query: Mapping[str, object] = {}
