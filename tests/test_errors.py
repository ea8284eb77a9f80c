"""The exception classes, and what an exception carries."""

from __future__ import annotations

import httpx
import pytest

from payi_transport import errors
from payi_transport.errors import PayiConfigError, PayiError
from payi_transport.types import XproxyError


def test_a_config_error_is_a_payi_error_and_a_value_error() -> None:
    assert issubclass(PayiConfigError, PayiError)
    assert issubclass(PayiConfigError, ValueError)
    assert not issubclass(PayiError, ValueError)


@pytest.mark.parametrize("name", errors.__all__)
def test_every_exception_is_in_the_tree_and_has_a_docstring(name: str) -> None:
    assert name in (errors.__doc__ or "")
    assert getattr(errors, name).__doc__


REQUEST = httpx.Request("GET", "https://api.pay-i.com/api/v1/limits")


def test_an_exception_without_a_response_carries_its_request() -> None:
    error = errors.APITimeoutError("late", REQUEST)
    assert (str(error), error.message, error.request) == ("late", "late", REQUEST)
    assert (error.body, error.request_id, error.xproxy_error) == (None, None, None)
    assert isinstance(error, errors.APIConnectionError) and isinstance(error, PayiError)


def test_an_exception_for_a_response_carries_the_response() -> None:
    response = httpx.Response(404, request=REQUEST)
    details = XproxyError(code="c")
    error = errors.NotFoundError("no", response=response, body={}, request_id="r1", xproxy_error=details)
    assert (error.status_code, error.response, error.request) == (404, response, REQUEST)
    assert (error.body, error.request_id, error.xproxy_error) == ({}, "r1", details)
    assert isinstance(error, errors.APIStatusError) and isinstance(error, errors.APIError)
