"""Methods are replaced and put back, and what somebody else did meanwhile stays."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import wrapt

from payi_transport.hooks.methods import MethodHook, MethodPatches, find_class


class Library:
    def call(self) -> str:
        """What it does."""
        return "plain"


class Derived(Library):
    pass


def louder(original: Callable[[Library], str]) -> Callable[[Library], str]:
    def call(library: Library) -> str:
        return original(library).upper()

    return call


@pytest.fixture
def patches() -> MethodPatches:
    return MethodPatches()


def test_a_replacement_is_called_in_place_of_the_method_and_looks_like_it(patches: MethodPatches) -> None:
    before = Library()
    assert patches.patch(Library, "call", louder) == []
    assert len(patches) == 1
    assert (before.call(), Derived().call()) == ("PLAIN", "PLAIN")
    assert Library.call.__doc__ == "What it does."
    patches.restore()
    assert before.call() == "plain"
    assert len(patches) == 0


@pytest.mark.parametrize("owner", [Library, Derived])
def test_a_method_that_the_class_itself_does_not_have_is_missing(owner: type, patches: MethodPatches) -> None:
    assert patches.patch(owner, "send", louder) == [f"{__name__}.{owner.__name__}.send"]
    assert len(patches) == 0


def test_a_replacement_that_someone_wrapped_stays(
    patches: MethodPatches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Library, "call", Library.call)  # puts the original back at the end
    patches.patch(Library, "call", louder)
    ours = Library.call

    def theirs(library: Library) -> str:
        return ours(library) + "!"

    Library.call = theirs  # type: ignore[assignment, method-assign]
    patches.restore()
    assert Library.call is theirs
    assert Library().call() == "PLAIN!"


def test_the_one_method_of_a_library_is_hooked_once_and_put_back() -> None:
    hook = MethodHook(__name__, "Library", call=louder)
    assert hook.install() == hook.install() == []
    assert Library().call() == "PLAIN"
    hook.uninstall()
    assert Library().call() == "plain"
    assert hook.install() == []
    hook.uninstall()


@pytest.mark.parametrize(("owner", "told"), [("Nothing", "Nothing"), ("Derived", "Derived.call")])
def test_a_missing_class_or_method_is_reported_by_its_name(owner: str, told: str) -> None:
    hook = MethodHook(__name__, owner, call=louder)
    assert hook.install() == [f"{__name__}.{told}"]
    hook.uninstall()


class Mock:
    """Takes a method away while it is active, as `responses` does, and restores what it found."""

    def __init__(self) -> None:
        self._found = Library.__dict__["call"]
        Library.call = lambda library: "mocked"  # type: ignore[assignment, method-assign]

    def stop(self) -> None:
        Library.call = self._found  # type: ignore[method-assign]


@pytest.fixture
def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Library, "call", Library.call)


@pytest.mark.usefixtures("restored")
def test_a_replacement_that_a_mock_took_away_is_put_back_by_the_next_patch(patches: MethodPatches) -> None:
    mock = Mock()
    patches.patch(Library, "call", louder)
    assert Library().call() == "MOCKED"
    mock.stop()
    assert Library().call() == "plain"
    assert patches.patch(Library, "call", louder) == []
    assert Library().call() == "PLAIN"
    patches.restore()
    assert Library().call() == "plain"


@pytest.mark.usefixtures("restored")
def test_a_replacement_that_is_in_place_is_not_put_there_twice(patches: MethodPatches) -> None:
    calls: list[str] = []

    def count(original: Callable[[Library], str]) -> Callable[[Library], str]:
        def call(library: Library) -> str:
            calls.append("ours")
            return original(library)

        return call

    patches.patch(Library, "call", count)
    ours = Library.__dict__["call"]
    Library.call = functools.wraps(ours)(lambda library: ours(library))  # type: ignore[assignment, method-assign]
    patches.patch(Library, "call", count)
    Library().call()
    assert calls == ["ours"]


@pytest.mark.usefixtures("restored")
def test_a_replacement_that_a_mock_brings_back_after_the_end_goes_away_at_the_next_patch() -> None:
    original = Library.__dict__["call"]
    first = MethodPatches()
    first.patch(Library, "call", louder)
    mock = Mock()
    first.restore()
    mock.stop()
    second = MethodPatches()
    second.patch(Library, "call", louder)
    second.restore()
    assert Library.__dict__["call"] is original


# What libraries derive from wrapt, as Elastic APM does.
Derivative: Any = type("Derivative", (wrapt.FunctionWrapper,), {})


def wrap(suffix: str, make: Callable[..., Any] = wrapt.FunctionWrapper) -> None:
    Library.call = make(  # type: ignore[method-assign]
        Library.__dict__["call"], lambda wrapped, instance, args, kwargs: wrapped(*args, **kwargs) + suffix
    )


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("make", [wrapt.FunctionWrapper, Derivative])
def test_a_replacement_goes_below_all_wrappers_of_wrapt_and_leaves_the_attribute(
    make: Callable[..., Any], patches: MethodPatches
) -> None:
    wrap("!", make)
    wrap("?", make)
    attribute = Library.__dict__["call"]
    patches.patch(Library, "call", louder)
    patches.patch(Library, "call", louder)
    assert Library.__dict__["call"] is attribute
    assert Library().call() == "PLAIN!?"
    patches.restore()
    assert Library.__dict__["call"] is attribute
    assert Library().call() == "plain!?"


@pytest.mark.usefixtures("restored")
def test_a_replacement_is_taken_from_between_wrappers_that_came_before_and_after(
    patches: MethodPatches,
) -> None:
    original = Library.__dict__["call"]
    wrap("!")
    patches.patch(Library, "call", louder)
    wrap("?")
    assert Library().call() == "PLAIN!?"
    patches.restore()
    assert Library.__dict__["call"].__wrapped__.__wrapped__ is original


def test_a_class_is_found_below_the_subclass_that_another_library_put_in_its_place() -> None:
    library = ModuleType(f"{__name__}.library")
    foreign = type("Instrumented", (Derived,), {"__module__": "tracing.patch"})
    library.Client = foreign  # type: ignore[attr-defined]
    assert find_class(library, "Client") is Derived
    assert find_class(library, "Session") is None
    library.Client = type("Alone", (), {"__module__": "tracing.patch"})  # type: ignore[attr-defined]
    assert find_class(library, "Client") is library.Client
