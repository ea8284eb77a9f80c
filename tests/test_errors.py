"""The exception classes, and what an exception carries."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import httpx
import httpx2
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


def make_error(name: str, library: Any = httpx) -> Any:
    kind = getattr(errors, name)
    if not issubclass(kind, errors.APIError):
        return kind("no")
    request = library.Request(
        "POST",
        "https://api.pay-i.com/api/v1/ingest",
        json={"a": 1},
        headers={"xProxy-api-key": "payi-secret"},
    )
    more: dict[str, Any] = {"body": {"a": [1]}, "request_id": "r1", "xproxy_error": XproxyError(code="c")}
    if issubclass(kind, errors.APIConnectionError):
        return kind("no", request, **more)
    if not issubclass(kind, errors.APIStatusError | errors.APIResponseValidationError):
        return kind("no", request, **more)
    response = library.Response(404, json={"a": [1]}, headers={"x-a": "b"}, request=request)
    return kind("no", response=response, **more)


@pytest.mark.parametrize("library", [httpx, httpx2])
@pytest.mark.parametrize("name", errors.__all__)
def test_every_exception_can_be_pickled_with_all_that_it_carries(name: str, library: Any) -> None:
    error = make_error(name, library)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 (made on the same line)
    assert (type(again), str(again), again.args) == (type(error), "no", ("no",))
    assert vars(again).keys() == vars(error).keys()
    for attribute in ("message", "body", "request_id", "xproxy_error", "status_code"):
        assert getattr(again, attribute, None) == getattr(error, attribute, None)
    if isinstance(error, errors.APIError):
        assert (again.request.method, again.request.url) == (error.request.method, error.request.url)
        assert again.request.content == error.request.content
    if isinstance(error, errors.APIStatusError):
        assert (again.response.status_code, again.response.json()) == (404, {"a": [1]})
        assert again.response.headers["x-a"] == "b"
        assert again.response.request is again.request


@pytest.mark.parametrize("name", errors.__all__)
def test_a_pickle_of_an_exception_does_not_hold_the_key(name: str) -> None:
    error = make_error(name)
    assert b"payi-secret" not in pickle.dumps(error)
    if isinstance(error, errors.APIError):
        assert error.request.headers["xproxy-api-key"] == "payi-secret"
        assert "xproxy-api-key" not in copy.copy(error).request.headers


def raise_error(name: str) -> None:
    raise make_error(name)


def test_an_exception_comes_out_of_a_process_pool() -> None:
    with ProcessPoolExecutor(1) as pool, pytest.raises(errors.NotFoundError, match="no") as caught:
        pool.submit(raise_error, "NotFoundError").result(60)
    assert caught.value.request_id == "r1"
