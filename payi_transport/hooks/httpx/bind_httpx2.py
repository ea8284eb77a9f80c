"""httpx2, the fork of httpx that current provider SDKs are built on.

Importing this raises ImportError if httpx2 is not installed.
"""

from __future__ import annotations

import httpx2

from payi_transport.hooks.httpx.family import bind

__all__ = ["FAMILY"]

FAMILY = bind(httpx2)
