"""Hooks are installed once their library is imported, which only the program does."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from payi_transport.hooks.registry import LazyHook, LibraryHook, Registry, get_hooks

LIBRARY = "registered_library"


class Noting:
    """A hook that notes what is done with it."""

    def __init__(self, name: str, install: Callable[[], list[str]] = list) -> None:
        self.name = name
        self.done: list[str] = []
        self._install = install

    def install(self) -> list[str]:
        self.done.append("install")
        return self._install()

    def uninstall(self) -> None:
        self.done.append("uninstall")


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    file = tmp_path / f"{LIBRARY}.py"
    file.write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    yield file
    sys.modules.pop(LIBRARY, None)


@pytest.fixture
def missing() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def make(missing: list[tuple[str, str]]) -> Iterator[Callable[..., Registry]]:
    made = []

    def make(*hooks: LibraryHook) -> Registry:
        registry = Registry(hooks, lambda *what: missing.append(what))
        made.append(registry)
        return registry

    yield make
    for registry in made:
        registry.uninstall()


def test_a_library_that_is_loaded_is_hooked_at_once(make: Callable[..., Registry]) -> None:
    hook = Noting("json")
    make(hook).install()
    assert hook.done == ["install"]


def test_a_library_is_hooked_when_the_program_imports_it(
    library: Path, make: Callable[..., Registry]
) -> None:
    hook = Noting(LIBRARY)
    registry = make(hook)
    registry.install()
    assert LIBRARY not in sys.modules
    assert hook.done == []
    importlib.import_module(LIBRARY)
    assert hook.done == ["install"]
    registry.uninstall()
    assert hook.done == ["install", "uninstall"]


def test_a_library_that_is_imported_after_uninstalling_is_left_alone(
    library: Path, make: Callable[..., Registry]
) -> None:
    hook = Noting(LIBRARY)
    registry = make(hook)
    finders = list(sys.meta_path)
    registry.install()
    registry.uninstall()
    assert sys.meta_path == finders
    importlib.import_module(LIBRARY)
    assert hook.done == ["uninstall"]


def test_a_library_that_is_not_to_be_imported_is_left_alone(
    make: Callable[..., Registry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, LIBRARY, None)
    hook = Noting(LIBRARY)
    make(hook).install()
    assert hook.done == []


def test_what_a_version_lacks_is_reported(
    make: Callable[..., Registry], missing: list[tuple[str, str]]
) -> None:
    make(Noting("json", lambda: ["json.dumps", "json.loads"])).install()
    assert missing == [("json", "json.dumps"), ("json", "json.loads")]


def test_a_hook_that_fails_does_not_break_the_import(
    library: Path, make: Callable[..., Registry], missing: list[tuple[str, str]]
) -> None:
    def fail() -> list[str]:
        raise KeyError("Session")

    make(Noting(LIBRARY, fail)).install()
    importlib.import_module(LIBRARY)
    assert missing == [(LIBRARY, "module that can be hooked (KeyError('Session'))")]


def test_an_interruption_of_a_hook_reaches_the_program(
    make: Callable[..., Registry], missing: list[tuple[str, str]]
) -> None:
    def interrupt() -> list[str]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(Noting("json", interrupt)).install()
    assert missing == []


def test_a_library_that_another_thread_is_importing_is_waited_for(
    library: Path, make: Callable[..., Registry], monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go_on = threading.Event(), threading.Event()
    monkeypatch.setattr(sys, "registered_events", (started, go_on), raising=False)
    library.write_text(
        "import sys\nbegun, go_on = sys.registered_events\nbegun.set()\ngo_on.wait(30)\nclass Client: pass\n"
    )

    def find() -> list[str]:
        return [] if hasattr(sys.modules[LIBRARY], "Client") else ["Client"]

    hook = Noting(LIBRARY, find)
    importing = threading.Thread(target=importlib.import_module, args=(LIBRARY,))
    importing.start()
    assert started.wait(30)
    installing = threading.Thread(target=make(hook).install)
    installing.start()
    go_on.set()
    for thread in (importing, installing):
        thread.join(30)
    assert hook.done == ["install"]


@pytest.mark.usefixtures("library")
def test_the_module_of_a_hook_is_imported_when_its_library_is_there(make: Callable[..., Registry]) -> None:
    loaded: list[Noting] = []

    def load() -> Noting:
        loaded.append(Noting(LIBRARY))
        return loaded[-1]

    hook = LazyHook(LIBRARY, load)
    hook.uninstall()
    registry = make(hook)
    registry.install()
    assert loaded == []
    importlib.import_module(LIBRARY)
    registry.repair()
    registry.uninstall()
    [noting] = loaded
    assert noting.done == ["install", "install", "uninstall"]


LAZY = [hook for hook in get_hooks() if isinstance(hook, LazyHook)]


@pytest.mark.parametrize("hook", LAZY, ids=lambda hook: hook.name)
def test_a_hook_that_is_imported_later_has_the_name_that_the_registry_gives_it(hook: LazyHook) -> None:
    assert hook._load().name == hook.name


def test_every_hook_has_a_name_of_its_own() -> None:
    names = [hook.name for hook in get_hooks()]
    assert len(set(names)) == len(names)
    assert {"httpx", "httpx2"} <= set(names)
