"""What `multiprocessing` sends to a child that starts anew has an entry while there is one to send."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from multiprocessing import spawn
from types import ModuleType
from typing import Any

import pytest

from payi_transport.hooks import child_processes
from payi_transport.hooks.child_processes import HOOKS, use_entry_maker

[HOOK] = [hook for hook in HOOKS if hook.name == "multiprocessing.spawn"]


@pytest.fixture(autouse=True)
def put_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(child_processes, "_make_entry", lambda: None)
    yield
    HOOK.uninstall()


def test_an_entry_is_added_while_the_hook_is_installed() -> None:
    original = spawn.get_preparation_data
    use_entry_maker(lambda: "mine")
    assert HOOK.install() == HOOK.install() == []
    assert spawn.get_preparation_data("child")["payi_transport"] == "mine"
    HOOK.uninstall()
    HOOK.uninstall()
    assert spawn.get_preparation_data is original


def test_a_child_that_is_left_alone_gets_what_it_would_get_without_the_hook() -> None:
    expected = spawn.get_preparation_data("child")
    HOOK.install()
    assert spawn.get_preparation_data("child") == expected


def test_what_others_have_put_in_place_meanwhile_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    HOOK.install()
    ours = spawn.get_preparation_data

    def theirs(name: str) -> Any:
        return ours(name)

    monkeypatch.setattr(spawn, "get_preparation_data", theirs)
    HOOK.uninstall()
    assert spawn.get_preparation_data is theirs
    use_entry_maker(lambda: "mine")
    assert "payi_transport" not in spawn.get_preparation_data("child")


def test_a_fault_of_ours_does_not_keep_a_child_from_starting() -> None:
    def fail() -> None:
        raise RuntimeError

    use_entry_maker(fail)
    HOOK.install()
    assert spawn.get_preparation_data("child")["name"] == "child"


def test_a_version_without_such_a_function_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    hook = next(hook for hook in HOOKS if hook.name == "loky.backend.spawn")
    monkeypatch.setitem(sys.modules, hook.name, ModuleType(hook.name))
    assert hook.install() == ["loky.backend.spawn.get_preparation_data"]
    hook.uninstall()


def test_every_module_that_prepares_children_is_known() -> None:
    assert [hook.name for hook in HOOKS] == [
        "multiprocessing.spawn",
        "loky.backend.spawn",
        "joblib.externals.loky.backend.spawn",
    ]
