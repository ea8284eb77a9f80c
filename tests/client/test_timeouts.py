"""Timeouts of httpx and httpx2, and where they come from."""

from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest

from payi_transport import Timeout
from payi_transport.client.timeouts import DEFAULT_TIMEOUT, convert_timeout, timeout_of


@pytest.mark.parametrize("library", [httpx, httpx2])
@pytest.mark.parametrize("made_by", [httpx, httpx2])
def test_a_timeout_of_either_library_converts_to_the_other(library: Any, made_by: Any) -> None:
    timeout = convert_timeout(made_by.Timeout(90.0, connect=10.0), library)
    assert type(timeout) is library.Timeout
    assert timeout.as_dict() == {"connect": 10.0, "read": 90.0, "write": 90.0, "pool": 90.0}


@pytest.mark.parametrize("timeout", [None, 3, 2.5])
def test_seconds_and_none_need_no_conversion(timeout: float | None) -> None:
    assert convert_timeout(timeout, httpx2) == timeout


def test_the_default_is_60_seconds_and_5_to_connect() -> None:
    assert Timeout(60.0, connect=5.0) == DEFAULT_TIMEOUT


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_the_timeout_of_an_http_client_counts_only_if_its_user_set_it(library: Any) -> None:
    with library.Client(timeout=7) as with_timeout, library.Client() as without:
        assert convert_timeout(timeout_of(with_timeout), httpx) == Timeout(7)
        assert timeout_of(without) is DEFAULT_TIMEOUT
