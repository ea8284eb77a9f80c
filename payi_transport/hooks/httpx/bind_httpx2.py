"""httpx2, the fork of httpx that current provider SDKs are built on. Raises ImportError without the extra."""

from __future__ import annotations

import httpx2

from payi_transport.hooks.httpx.family import bind

__all__ = ["FAMILY"]

FAMILY = bind(httpx2)
