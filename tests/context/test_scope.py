"""The frame that is in force inside scopes and outside, with instrumentation and without."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest

from payi_transport.context.frame import Frame
from payi_transport.context.results import ResultSlot, set_last
from payi_transport.context.scope import (
    current_frame,
    current_mode,
    get_context,
    set_base_frame,
    track,
    track_context,
)
from tests.context.echoes import aecho, echo, user

pytestmark = pytest.mark.usefixtures("base")


def test_outside_all_scopes_the_base_frame_is_in_force(base: Frame) -> None:
    assert current_frame() is base
    assert get_context() == {"user_id": "base"}


def test_calls_outside_all_scopes_can_be_excluded(base: Frame) -> None:
    set_base_frame(base, record_unscoped=False)
    assert current_frame() is None
    assert get_context() == {"user_id": "base"}
    with track_context(account_name="a"):
        assert current_frame() == Frame(user_id="base", account_name="a")
    assert current_frame() is None
    set_base_frame(base)


def test_the_mode_is_that_of_the_innermost_scope_that_has_one() -> None:
    class ForProxy(track_context):
        mode = "proxy"

    class ForIngest(track_context):
        mode = "ingest"

    assert current_mode() is None
    with track_context(user_id="a"):
        assert current_mode() is None
        with ForProxy(), track_context(user_id="b"):
            assert current_mode() == "proxy"
            with ForIngest():
                assert current_mode() == "ingest"
            assert current_mode() == "proxy"
        assert current_mode() is None


def test_get_context_returns_the_values_of_the_innermost_scope() -> None:
    with track_context(limit_ids=["a"], request_tags=["t"], use_case_name="n", use_case_id="i"):
        with track_context(
            limit_ids=["b"],
            use_case_step="s",
            use_case_version=0,
            use_case_properties={"p": "1"},
            request_properties={"q": "2"},
            log_prompt_and_response=False,
            price_as_category="c",
            price_as_resource="r",
            resource_scope="global",
            account_name="äöü",
        ):
            context = get_context()
        assert context == {
            "limit_ids": ["a", "b"],
            "request_tags": ["t"],
            "use_case_name": "n",
            "use_case_id": "i",
            "use_case_step": "s",
            "use_case_version": 0,
            "use_case_properties": {"p": "1"},
            "request_properties": {"q": "2"},
            "log_prompt_and_response": False,
            "price_as_category": "c",
            "price_as_resource": "r",
            "resource_scope": "global",
            "account_name": "äöü",
            "user_id": "base",
        }


def test_get_context_returns_pay_is_last_result() -> None:
    result_slot = ResultSlot()
    set_last(result_slot)
    assert get_context() == {"user_id": "base"}
    result_slot.result = {"request_id": "r"}
    assert get_context() == {"user_id": "base", "last_result": {"request_id": "r"}}
    set_last(None)
    assert get_context() == {"user_id": "base"}


def test_the_caller_may_change_what_get_context_returns() -> None:
    with track_context(limit_ids=["a"], request_properties={"p": "1"}):
        context = get_context()
        context["limit_ids"].append("b")
        context["request_properties"]["p"] = "2"
        assert get_context()["limit_ids"] == ["a"]
        assert get_context()["request_properties"] == {"p": "1"}


@pytest.fixture
def off(base: Frame) -> Iterator[None]:
    set_base_frame(None)
    yield
    assert current_frame() is None
    set_base_frame(base)


def test_without_instrumentation_scopes_do_nothing(off: None) -> None:
    with track_context(user_id="a", use_case_name="n"):
        assert current_frame() is None
        assert get_context() == {}

    @track(user_id="a")
    def work(value: int) -> Any:
        return value, current_frame()

    @track(user_id="a")
    async def awork(value: int) -> Any:
        return value, current_frame()

    assert work(3) == (3, None)
    assert asyncio.run(awork(3)) == (3, None)


MISTAKES: dict[str, tuple[Any, str]] = {
    "a name that is not known": (
        {"usecase_name": "x"},
        "unexpected keyword argument 'usecase_name'; accepted: ",
    ),
    "tags that are no list": ({"request_tags": "abc"}, "request_tags: expected a list of strings, got 'abc'"),
    "limits that are no list": ({"limit_ids": "abc"}, "limit_ids: expected a list of strings, got 'abc'"),
    "properties that are no dict": (
        {"request_properties": ["a"]},
        r"request_properties: expected a dict, got \['a'\]",
    ),
}
mistakes = pytest.mark.parametrize(("scope", "message"), MISTAKES.values(), ids=MISTAKES.keys())


@mistakes
@pytest.mark.parametrize("make", [track, track_context])
def test_a_mistake_is_an_error_at_once(make: Any, scope: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make(**scope)


@mistakes
def test_a_mistake_is_an_error_without_instrumentation_too(scope: Any, message: str, off: None) -> None:
    with pytest.raises(TypeError, match=message):
        track_context(**scope)


def test_without_instrumentation_generators_run_unchanged(off: None) -> None:
    generator = echo()
    assert next(generator) == ("started", None)
    assert generator.throw(LookupError("y")) == ("caught y", None)
    generator.close()

    async def main() -> None:
        async with aclosing(aecho()) as agenerator:
            assert await anext(agenerator) == ("started", None)
            assert await agenerator.asend("x") == ("x", None)

    asyncio.run(main())


def test_instrumentation_that_begins_or_ends_in_the_middle_leaves_nothing_behind(base: Frame) -> None:
    set_base_frame(None)
    generator = echo()
    next(generator)
    with track_context(user_id="early"):
        set_base_frame(base)
        assert next(generator) == (None, "base")
        assert user() == "base"
        with track_context(user_id="late"):
            later = echo()
            next(later)
            set_base_frame(None)
            assert next(later) == (None, "g")
            assert user() == "late"
    assert current_frame() is None
    generator.close()
    later.close()
    set_base_frame(base)


def test_the_context_says_who_the_user_is_where_others_get_a_hash(base: Frame) -> None:
    set_base_frame(Frame(user_id="ada", hash_user_ids=True))
    assert get_context() == {"user_id": "ada"}
    with track_context(account_name="a"):
        assert get_context() == {"user_id": "ada", "account_name": "a"}
    set_base_frame(base)
