"""Methods are replaced and put back, and what somebody else did meanwhile stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from payi_transport.hooks.methods import MethodHook, MethodPatches


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
    hook = MethodHook(__name__, "Library", "call", louder)
    assert hook.install() == hook.install() == []
    assert Library().call() == "PLAIN"
    hook.uninstall()
    assert Library().call() == "plain"
    assert hook.install() == []
    hook.uninstall()


@pytest.mark.parametrize(("owner", "told"), [("Nothing", "Nothing"), ("Derived", "Derived.call")])
def test_a_missing_class_or_method_is_reported_by_its_name(owner: str, told: str) -> None:
    hook = MethodHook(__name__, owner, "call", louder)
    assert hook.install() == [f"{__name__}.{told}"]
    hook.uninstall()
