"""Scopes of plain generators whose steps run in fresh copies of a context, as a thread pool runs them."""

from __future__ import annotations

import contextvars
import gc
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient

from payi_transport import get_context, track_context
from payi_transport.context import entered as module
from payi_transport.context.scope import bind_to_scope
from tests.context.echoes import user

pytestmark = pytest.mark.usefixtures("base")


@pytest.fixture(autouse=True)
def nothing_is_remembered_at_the_end() -> Iterator[None]:
    yield
    assert module.by_frame == {}


def step(generator: Iterator[Any]) -> Any:
    """Run one step as a server does, in a fresh copy of the context of the request."""
    return contextvars.copy_context().run(next, generator, None)


def inner() -> tuple[Any, Any]:
    """A function that the generator calls, with a scope of its own."""
    with track_context(account_name="acme"):
        return user(), get_context()["account_name"]


def stream(name: str) -> Generator[Any, None, None]:
    with track_context(user_id=name):
        yield user()
        yield user()
        with track_context(use_case_name="nested"):
            yield user(), get_context()["use_case_name"]
            yield user(), get_context()["use_case_name"]
        yield user(), get_context().get("use_case_name")
        yield inner()
    yield user()


EXPECTED = [
    "alice",
    "alice",
    ("alice", "nested"),
    ("alice", "nested"),
    ("alice", None),
    ("alice", "acme"),
    "base",
]


def test_a_scope_lasts_from_step_to_step() -> None:
    generator = stream("alice")
    assert [step(generator) for _ in EXPECTED] == EXPECTED
    assert step(generator) is None


def test_generators_that_take_turns_keep_their_own() -> None:
    generators = {name: stream(name) for name in ("alice", "bob", "carol")}
    for expected in EXPECTED[:4]:
        for name, generator in generators.items():
            found = step(generator)
            assert found == (expected if name == "alice" else str_or_pair(expected, name))
    for generator in generators.values():
        contextvars.copy_context().run(generator.close)
    assert user() == "base"


def str_or_pair(expected: Any, name: str) -> Any:
    return (name, *expected[1:]) if isinstance(expected, tuple) else name


def test_the_thread_of_a_pool_is_outside_between_two_steps() -> None:
    with ThreadPoolExecutor(1) as pool:
        generator = stream("alice")
        for expected in EXPECTED[:2]:
            assert pool.submit(contextvars.copy_context().run, next, generator).result() == expected
            assert pool.submit(user).result() == "base"
        pool.submit(contextvars.copy_context().run, generator.close).result()


def test_a_generator_that_is_dropped_is_forgotten() -> None:
    generator = stream("alice")
    step(generator)
    del generator
    gc.collect()


def test_code_inside_of_a_context_manager_is_not_the_generators() -> None:
    @contextmanager
    def scope() -> Iterator[None]:
        with track_context(user_id="alice"):
            yield

    with scope():
        assert user() == "alice"
        assert module.by_frame == {}
    assert user() == "base"


def test_what_is_bound_to_a_scope_of_an_earlier_step_stays_bound() -> None:
    def bind() -> Generator[Any, None, None]:
        with track_context(user_id="alice"):
            yield
            yield bind_to_scope(user)

    generator = bind()
    step(generator)
    bound = step(generator)
    assert bound() == "alice"
    contextvars.copy_context().run(generator.close)


def test_a_streaming_response_of_fastapi_keeps_its_scope() -> None:
    app = FastAPI()

    @app.get("/{name}")
    def endpoint(name: str) -> StreamingResponse:
        def lines() -> Iterator[str]:
            with track_context(user_id=name):
                for _ in range(3):
                    yield f"{user()} "

        return StreamingResponse(lines())

    with TestClient(app) as browser, ThreadPoolExecutor(8) as pool:
        names = [f"user-{number}" for number in range(24)]
        texts = list(pool.map(lambda name: browser.get(f"/{name}").text, names))
    assert texts == [f"{name} {name} {name} " for name in names]


def test_scopes_of_a_generator_may_be_left_in_any_order() -> None:
    def run() -> Generator[Any, None, None]:
        first, second = track_context(user_id="a"), track_context(user_id="b")
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        yield user()
        second.__exit__(None, None, None)
        yield user()

    assert list(run()) == ["b", "base"]


def test_the_scope_of_a_generator_is_further_in_than_that_of_the_code_that_runs_its_steps() -> None:
    generator = stream("alice")
    for number, expected in enumerate(EXPECTED):
        with track_context(user_id=f"server-{number}"):
            assert step(generator) == (f"server-{number}" if expected == "base" else expected)
            assert user() == f"server-{number}"
    assert step(generator) is None
