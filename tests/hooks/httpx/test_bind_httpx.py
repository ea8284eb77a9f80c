"""The binding of httpx: of that module alone, and the one that calls by its name get."""

from __future__ import annotations

import httpx

from payi_transport.hooks.httpx.bind_httpx import FAMILY
from payi_transport.hooks.httpx.installed import get_family


def test_the_family_is_that_of_httpx() -> None:
    assert FAMILY.module is httpx
    assert FAMILY is get_family("httpx")
    assert FAMILY.response is httpx.Response
