"""Timeouts of both families, and where they come from."""

from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest

from payi_transport import Timeout
from payi_transport.client.timeouts import DEFAULT_TIMEOUT, convert_timeout, find_timeout


@pytest.mark.parametrize("family", [httpx, httpx2])
@pytest.mark.parametrize("made_by", [httpx, httpx2])
def test_a_timeout_of_one_family_is_a_timeout_of_the_other(family: Any, made_by: Any) -> None:
    timeout = convert_timeout(made_by.Timeout(90.0, connect=10.0), family)
    assert type(timeout) is family.Timeout
    assert timeout.as_dict() == {"connect": 10.0, "read": 90.0, "write": 90.0, "pool": 90.0}


@pytest.mark.parametrize("timeout", [None, 3, 2.5])
def test_seconds_and_none_are_the_same_in_both(timeout: float | None) -> None:
    assert convert_timeout(timeout, httpx2) == timeout


def test_the_default_is_60_seconds_and_5_to_connect() -> None:
    assert Timeout(60.0, connect=5.0) == DEFAULT_TIMEOUT


@pytest.mark.parametrize("family", [httpx, httpx2])
def test_an_http_client_that_was_given_a_timeout_keeps_it(family: Any) -> None:
    with family.Client(timeout=7) as told, family.Client() as untold:
        assert convert_timeout(find_timeout(told), httpx) == Timeout(7)
        assert find_timeout(untold) is DEFAULT_TIMEOUT
