"""The binding of httpx2: of that module alone, and the one that calls by its name get."""

from __future__ import annotations

import httpx2

from payi_transport.hooks.httpx.bind_httpx2 import FAMILY
from payi_transport.hooks.httpx.installed import get_family


def test_the_family_is_that_of_httpx2() -> None:
    assert FAMILY.module is httpx2
    assert FAMILY is get_family("httpx2")
    assert FAMILY.response is httpx2.Response
