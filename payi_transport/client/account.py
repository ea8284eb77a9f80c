"""The Pay-i account that events are reported to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from payi_transport.values.redaction import cut_urls

__all__ = ["PayiAccount"]


class PayiAccount(NamedTuple):
    """The base URL and API key to report with, and the headers and query sent with every request."""

    base_url: str
    api_key: str
    # The empty dicts are shared by all accounts, which is safe because nobody changes them.
    headers: Mapping[str, str | None] = {}
    query: Mapping[str, object] = {}

    def __repr__(self) -> str:
        # Headers and query may hold secrets as well as the key, so only their names are shown.
        return (
            f"PayiAccount(base_url={cut_urls(self.base_url)!r}, headers={sorted(self.headers)!r},"
            f" query={sorted(self.query)!r})"
        )
