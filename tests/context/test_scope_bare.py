"""Decorators without parentheses, and what they say if they are passed something else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from payi_transport import MemorySink, get_context, ingest, payi_instrument, proxy, track, track_context

DECORATORS: dict[str, Any] = {"track": track, "ingest": ingest, "proxy": proxy}


@pytest.mark.parametrize("name", DECORATORS)
def test_a_decorator_without_arguments_needs_no_parentheses(name: str, sink: MemorySink) -> None:
    decorate = DECORATORS[name]
    payi_instrument(sink=sink)

    def plain(value: int) -> tuple[int, Any]:
        """Docs."""
        return value, get_context().get("user_id")

    async def coroutine() -> Any:
        return get_context().get("user_id")

    tracked = decorate(plain)

    with track_context(user_id="u"):
        assert tracked(3) == (3, "u")
        assert asyncio.run(decorate(coroutine)()) == "u"
    assert (tracked.__name__, tracked.__doc__) == ("plain", "Docs.")


def test_a_bare_proxy_still_turns_the_proxy_on(sink: MemorySink) -> None:
    payi_instrument(sink=sink)

    @proxy
    def function() -> Any:
        return get_context().get("proxy")

    assert function() is True


@pytest.mark.parametrize("name", DECORATORS)
def test_a_positional_argument_is_answered_with_how_to_write_it(name: str) -> None:
    with pytest.raises(
        TypeError, match=rf"{name}\(\) takes keyword arguments only, such as {name}\(user_id='a'\)"
    ):
        DECORATORS[name]("a")


@pytest.mark.parametrize("name", DECORATORS)
def test_a_class_is_refused_without_parentheses_too(name: str) -> None:
    with pytest.raises(TypeError, match="decorate its methods"):
        DECORATORS[name](type("Agent", (), {}))
