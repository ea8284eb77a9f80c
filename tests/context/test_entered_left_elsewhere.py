"""Scopes that a plain generator enters, and that are left elsewhere or never."""

from __future__ import annotations

import contextvars
import gc
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport import get_context, track_context
from payi_transport.context import entered as module
from payi_transport.context.scope import current_mode
from tests.context.echoes import user

pytestmark = pytest.mark.usefixtures("base")


@pytest.fixture(autouse=True)
def nothing_is_remembered_at_the_end() -> Iterator[None]:
    yield
    assert module.by_frame == {}


def run_apart(function: Any, *args: Any) -> Any:
    """Run a step as a thread pool does, in a fresh copy of the context outside."""
    return contextvars.copy_context().run(function, *args)


def leave(scope: track_context) -> None:
    scope.__exit__(None, None, None)


def enter_by_hand(name: str = "alice") -> Generator[track_context, None, None]:
    scope = track_context(user_id=name)
    scope.__enter__()
    yield scope


def read_only() -> Generator[Any, None, None]:
    yield get_context().get("user_id")


def test_a_scope_that_is_left_by_another_function_is_forgotten() -> None:
    for _ in range(20):
        leave(next(enter_by_hand()))
        assert module.by_frame == {}
    assert {next(read_only()) for _ in range(20)} == {"base"}


def test_a_scope_that_is_left_by_a_method_of_the_generator_is_forgotten() -> None:
    class Session:
        def run(self) -> Generator[Any, None, None]:
            self.scope = track_context(user_id="alice")
            self.scope.__enter__()
            try:
                yield user()
            finally:
                leave(self.scope)

    assert list(Session().run()) == ["alice"]
    assert module.by_frame == {}


def test_a_scope_that_is_never_left_is_forgotten_with_its_generator() -> None:
    run_apart(lambda: next(enter_by_hand()))
    gc.collect()
    assert module.by_frame == {}


def test_a_scope_that_is_kept_is_not_that_of_another_function_at_its_address() -> None:
    kept = [run_apart(lambda: next(enter_by_hand())) for _ in range(20)]
    assert module.by_frame
    assert {run_apart(lambda: next(read_only())) for _ in range(20)} == {"base"}

    def enter_too() -> Generator[Any, None, None]:
        with track_context(account_name="acme"):
            yield get_context()
        yield user()

    for _ in range(20):
        generator = enter_too()
        context = run_apart(next, generator)
        assert (context["account_name"], context["user_id"]) == ("acme", "base")
        assert [run_apart(next, generator), run_apart(next, generator, None)] == ["base", None]
    for scope in kept:
        run_apart(leave, scope)


def test_a_scope_that_two_generators_have_entered_is_left_where_it_is_called_from() -> None:
    scope = track_context(user_id="alice")

    def enter() -> Generator[Any, None, None]:
        scope.__enter__()
        yield user()
        leave(scope)
        yield user()

    first, second = enter(), enter()
    assert [run_apart(next, first), run_apart(next, second)] == ["alice", "alice"]
    assert run_apart(next, first) == "base"
    assert len(module.by_frame) == 1
    assert run_apart(next, second) == "base"


def test_scopes_that_one_object_has_entered_twice_are_left_one_by_one() -> None:
    def enter() -> Generator[Any, None, None]:
        scope = track_context(user_id="alice")
        scope.__enter__()
        scope.__enter__()
        yield scope
        yield user()
        yield user()

    generator = enter()
    scope = run_apart(next, generator)
    run_apart(leave, scope)
    assert run_apart(next, generator) == "alice"
    run_apart(leave, scope)
    assert run_apart(next, generator) == "base"


def test_what_entered_a_scope_may_go_before_tasks_that_inherit_it() -> None:
    scope = track_context(user_id="alice")
    scope.__enter__()
    inherited = contextvars.copy_context()
    leave(scope)
    del scope
    gc.collect()
    assert inherited.run(user) == "alice"
    assert inherited.run(current_mode) is None
    with track_context(user_id="bob"):
        pass
    inherited.run(lambda: leave(track_context()))
    assert inherited.run(user) == "alice"


# A step of a generator: what it does, and to which of its scopes.
STEPS = st.tuples(
    st.integers(0, 2),
    st.sampled_from(["enter", "look", "leave", "leave elsewhere", "drop"]),
    st.integers(0, 3),
)


def work() -> Generator[Any, Any, None]:
    """Enters a scope for each name that it is sent, and leaves the one whose index it is sent."""
    scopes: list[track_context] = []
    while True:
        sent = yield user(), scopes
        if isinstance(sent, str):
            scopes.append(track_context(user_id=sent).__enter__())
        elif sent is not None:
            leave(scopes.pop(sent))


def play(steps: list[tuple[int, str, int]]) -> None:
    generators = [work() for _ in range(3)]
    expected: list[list[str]] = [[], [], []]
    for index, (number, action, which) in enumerate(steps):
        names = expected[number]
        if action == "drop":
            names.clear()
            generators[number] = work()
        _, scopes = run_apart(next, generators[number])
        if action == "enter":
            names.append(f"user-{index}")
            run_apart(generators[number].send, names[-1])
        elif names and action.startswith("leave"):
            which %= len(names)
            del names[which]
            run_apart(
                *(leave, scopes.pop(which)) if "elsewhere" in action else (generators[number].send, which)
            )
        del scopes
        assert run_apart(next, generators[number])[0] == (names or ["base"])[-1]
        assert sum(map(len, module.by_frame.values())) == sum(map(len, expected))
        assert user() == "base"


@given(st.lists(STEPS, max_size=40))
def test_generators_see_their_own_scopes_whoever_leaves_them(steps: list[tuple[int, str, int]]) -> None:
    play(steps)
    assert module.by_frame == {}
