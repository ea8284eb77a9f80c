"""The scope of a request: wrong arguments raise at the start, wrong functions cost no request."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from payi_transport import MemorySink, get_context
from payi_transport.contrib.request_scope import RequestScope


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("alice",), "scope: expected a dict or a function of the request, got 'alice'"),
        (({"user": "a"},), "unexpected keyword argument 'user'"),
        (({"limit_ids": "a"},), "limit_ids: expected a list of strings, got 'a'"),
    ],
    ids=repr,
)
def test_wrong_arguments_raise_at_once(arguments: tuple[Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        RequestScope(*arguments)


def test_a_switch_that_is_text_raises_at_once() -> None:
    wrong: Any = "no"
    with pytest.raises(TypeError, match="trust_baggage: expected True or False, got 'no'"):
        RequestScope({}, trust_baggage=wrong)


# The text of an exception may quote what the function was working on.
SECRET = "of-a-user"


async def make_later(request: Any) -> dict[str, str]:
    return {"user_id": request}


def fail(request: Any) -> Any:
    raise KeyError(SECRET)


@pytest.mark.parametrize(
    "function",
    [fail, lambda request: {"user": "a"}, lambda request: {"limit_ids": "a"}, lambda request: 7, make_later],
    ids=["raises", "unknown", "type", "number", "async"],
)
def test_a_function_that_fails_costs_only_the_scope(function: Any, caplog: pytest.LogCaptureFixture) -> None:
    scope = RequestScope(function)
    with caplog.at_level(logging.WARNING):
        assert [scope.make("r"), scope.make("r")] == [{}, {}]
    assert [record.message.count("could not make the scope of a request") for record in caplog.records] == [1]
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("scope", "made"),
    [
        (None, {}),
        ({"user_id": "a"}, {"user_id": "a"}),
        (lambda request: {"user_id": request}, {"user_id": "r"}),
        (lambda request: None, {}),
        (make_later, {"user_id": "r"}),
        (fail, {}),
    ],
    ids=["none", "dict", "function", "nothing", "async", "fails"],
)
@pytest.mark.anyio
async def test_an_async_server_accepts_functions_of_both_kinds(scope: Any, made: Any) -> None:
    assert await RequestScope(scope).make_async("r") == made


def cancel(request: Any) -> Any:
    raise asyncio.CancelledError


@pytest.mark.anyio
async def test_a_request_that_is_cancelled_while_its_scope_is_made_ends() -> None:
    scope = RequestScope(cancel)
    with pytest.raises(asyncio.CancelledError):
        scope.make("r")
    with pytest.raises(asyncio.CancelledError):
        await scope.make_async("r")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize(
    ("function", "kind"), [(fail, "KeyError"), (make_later, "TypeError"), (lambda request: 7, "TypeError")]
)
def test_the_warning_names_the_kind_of_error_and_what_to_fix(
    function: Any, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "payi.instrument"):
        RequestScope(function).make("r")
    [record] = caplog.records
    assert record.getMessage().startswith(
        f"payi_transport: could not make the scope of a request ({kind}), so its calls are reported without"
        " it; fix the function that is passed as scope\n"
    )


@pytest.mark.parametrize(("trust", "seen"), [(False, None), (True, "theirs")])
def test_a_scope_is_entered_inside_the_baggage_that_is_trusted(
    trust: bool, seen: str | None, instrumented: MemorySink
) -> None:
    scope = RequestScope(None, trust_baggage=trust)
    headers = [("Baggage", "payi.account_name=theirs,payi.user_id=theirs")]
    with scope.enter({"user_id": "own"}, headers):
        assert (get_context().get("user_id"), get_context().get("account_name")) == ("own", seen)
    assert "user_id" not in get_context()


def test_nobody_is_trusted_by_default(instrumented: MemorySink) -> None:
    with RequestScope({"account_name": "own"}).enter({}, [("baggage", "payi.user_id=theirs")]):
        assert "user_id" not in get_context()
