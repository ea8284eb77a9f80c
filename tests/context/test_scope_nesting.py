"""Scopes nest, end with their blocks, and may be entered and left in any order."""

from __future__ import annotations

import asyncio
import contextvars
from contextlib import ExitStack

import pytest

from payi_transport.context.frame import Frame
from payi_transport.context.scope import current_frame, track_context
from tests.context.echoes import user

pytestmark = pytest.mark.usefixtures("base")


def test_a_scope_is_in_force_until_its_block_ends_or_raises() -> None:
    with track_context(user_id="a") as entered:
        assert isinstance(entered, track_context)
        assert user() == "a"
        with pytest.raises(ZeroDivisionError), track_context(user_id="b"):
            assert user() == "b"
            raise ZeroDivisionError
        assert user() == "a"
    assert user() == "base"


def test_async_with_works_as_with_does() -> None:
    async def main() -> None:
        async with track_context(user_id="a") as entered:
            assert isinstance(entered, track_context)
            await asyncio.sleep(0)
            assert user() == "a"
            async with track_context(account_name="x"):
                assert current_frame() == Frame(user_id="a", account_name="x")
        assert user() == "base"

    asyncio.run(main())


def test_one_object_may_be_entered_many_times() -> None:
    scope = track_context(user_id="a", limit_ids=["l"])
    with scope:
        with track_context(user_id="b"):
            with scope:
                assert user() == "a"
            assert user() == "b"
            with scope, scope:
                assert user() == "a"
            assert user() == "b"
        assert user() == "a"
    assert user() == "base"
    with scope:
        assert user() == "a"


def test_scopes_may_be_left_in_another_order_than_they_were_entered() -> None:
    one, two, three = (track_context(user_id=name) for name in "abc")
    for scope in (one, two, three):
        scope.__enter__()
    two.__exit__(None, None, None)
    assert user() == "c"
    one.__exit__(None, None, None)
    assert user() == "c"
    three.__exit__(None, None, None)
    assert user() == "base"


def test_leaving_a_scope_that_was_not_entered_changes_nothing() -> None:
    track_context(user_id="x").__exit__(None, None, None)
    with track_context(user_id="a"):
        track_context(user_id="x").__exit__(None, None, None)
        assert user() == "a"


def test_leaving_a_scope_in_another_context_changes_nothing_there() -> None:
    scope = track_context(user_id="a")
    elsewhere = contextvars.copy_context()
    elsewhere.run(scope.__enter__)
    assert user() == "base"
    with track_context(user_id="b"):
        scope.__exit__(None, None, None)
        assert user() == "b"
    assert elsewhere.run(user) == "a"


def test_an_exit_stack_may_hold_scopes() -> None:
    with ExitStack() as stack:
        for name in "abc":
            stack.enter_context(track_context(user_id=name))
        assert user() == "c"
    assert user() == "base"


def test_scopes_may_be_nested_deeper_than_the_stack() -> None:
    first, *others = (track_context(user_id=str(number)) for number in range(5_000))
    for scope in (first, *others):
        scope.__enter__()
    first.__exit__(None, None, None)
    assert user() == "4999"
    for scope in reversed(others):
        scope.__exit__(None, None, None)
    assert user() == "base"
