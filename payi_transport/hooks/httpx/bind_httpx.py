"""httpx: https://www.python-httpx.org"""

from __future__ import annotations

import httpx

from payi_transport.hooks.httpx.family import bind

__all__ = ["FAMILY"]

FAMILY = bind(httpx)
