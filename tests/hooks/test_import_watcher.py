"""An import is told of when it is over, and is otherwise what it would have been."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.resources
import importlib.util
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from payi_transport.hooks.import_watcher import ImportWatcher

LIBRARY = "arriving_library"
CLIENT = f"{LIBRARY}.client"
# Nobody but the test imports this one.
LEAF = f"{LIBRARY}.leaf"


class Watch:
    """What has arrived, while a block looks at imports."""

    def __init__(self, *names: str) -> None:
        self.seen: list[str] = []
        self.attributes: list[bool] = []
        self.arrivals = ImportWatcher(names, self.note)

    def note(self, name: str) -> None:
        self.seen.append(name)
        self.attributes.append(hasattr(sys.modules[name], "Client"))

    def __enter__(self) -> Watch:
        self.arrivals.watch()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.arrivals.stop()


@pytest.fixture(autouse=True)
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / LIBRARY
    folder.mkdir()
    (folder / "__init__.py").write_text(f"from {CLIENT} import Client\n")
    (folder / "client.py").write_text("SEEN = __spec__.loader, __loader__\nclass Client: pass\n")
    (folder / "leaf.py").write_text("class Client: pass\n")
    (folder / "data.txt").write_text("data")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.startswith(LIBRARY)]:
        del sys.modules[name]


def import_client() -> ModuleType:
    return importlib.import_module(CLIENT)


@pytest.mark.parametrize(
    "statement",
    [
        f"import {LIBRARY}",
        f"from {LIBRARY} import Client",
        f"import {CLIENT} as client",
        f"import importlib; importlib.import_module('{CLIENT}')",
    ],
)
def test_a_module_is_reported_once_it_has_been_executed(statement: str) -> None:
    with Watch(CLIENT) as watch:
        exec(statement, {})  # noqa: S102  # an import in each of its forms
        exec(statement, {})  # noqa: S102
    assert (watch.seen, watch.attributes) == ([CLIENT], [True])


def test_a_module_is_what_it_would_have_been() -> None:
    plain = import_client()
    importlib.import_module(LIBRARY)
    del sys.modules[CLIENT], sys.modules[LIBRARY]
    with Watch(CLIENT, LIBRARY):
        watched = import_client()
    assert isinstance(watched.__spec__, ModuleSpec)
    assert watched.__loader__ is watched.__spec__.loader
    assert all(loader is watched.__loader__ for loader in watched.SEEN)
    assert type(watched.__loader__) is type(plain.__loader__)
    assert vars(watched).keys() == vars(plain).keys()
    assert repr(watched) == repr(plain)
    assert importlib.resources.files(LIBRARY).joinpath("data.txt").read_text() == "data"


def test_a_module_can_be_reloaded() -> None:
    with Watch(CLIENT) as watch:
        client = import_client()
        before = client.Client
        assert importlib.reload(client) is client
        assert client.Client is not before
    assert importlib.reload(client) is client
    assert watch.seen == [CLIENT, CLIENT]


def test_what_is_found_and_not_loaded_can_be_asked_as_before() -> None:
    with Watch(LEAF) as watch:
        found: Any = importlib.util.find_spec(LEAF)
    assert found.loader.is_package(LEAF) is False
    assert "class Client" in found.loader.get_source(LEAF)
    assert found.loader.path == found.origin
    assert watch.seen == []


def test_a_loader_can_be_run_by_hand_and_on_first_use() -> None:
    with Watch(LEAF) as watch:
        spec: Any = importlib.util.find_spec(LEAF)
        by_hand = ModuleType(LEAF)
        sys.modules[LEAF] = by_hand
        spec.loader.exec_module(by_hand)
        del sys.modules[LEAF]
        lazy = importlib.util.LazyLoader(spec.loader)
        module = importlib.util.module_from_spec(spec)
        sys.modules[LEAF] = module
        lazy.exec_module(module)
        assert watch.seen == [LEAF]
        assert module.Client is not by_hand.__dict__["Client"]
    assert watch.seen == [LEAF, LEAF]


def test_a_module_that_fails_raises_its_own_error_and_can_be_imported_later(library: Path) -> None:
    good = (library / "client.py").read_text()
    (library / "client.py").write_text("raise ZeroDivisionError('theirs')")
    with Watch(CLIENT) as watch:
        with pytest.raises(ZeroDivisionError, match="theirs"):
            import_client()
        assert watch.seen == []
        (library / "client.py").write_text(good)
        importlib.invalidate_caches()
        import_client()
    assert watch.seen == [CLIENT]


def test_a_module_that_no_finder_finds_is_missing_as_before() -> None:
    with Watch(f"{LIBRARY}.nothing"), pytest.raises(ModuleNotFoundError, match=f"{LIBRARY}.nothing"):
        importlib.import_module(f"{LIBRARY}.nothing")


def test_nothing_is_reported_after_stopping() -> None:
    importlib.import_module(LIBRARY)
    with Watch(CLIENT, LEAF) as watch:
        spec: Any = importlib.util.find_spec(LEAF)
    assert watch.arrivals not in sys.meta_path
    watch.arrivals.stop()
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    importlib.reload(import_client())
    assert watch.seen == []


class Other(importlib.abc.MetaPathFinder):
    """A finder of our kind, which asks everyone for what it is to find."""

    def __init__(self) -> None:
        self.asked = 0
        self.asking = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != CLIENT or self.asking:
            return None
        self.asked += 1
        self.asking = True
        try:
            return importlib.util.find_spec(fullname)
        finally:
            self.asking = False


@pytest.mark.parametrize("first", [True, False])
def test_two_import_watchers_work_side_by_side(first: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Other()
    with Watch(CLIENT) as watch:
        position = 0 if first else 1
        monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
        sys.meta_path.insert(position, other)
        import_client()
    assert watch.seen == [CLIENT]
    assert other.asked == 1


class Older:
    """A finder from before there was `find_spec`: Python 3.11 still asks it."""

    def find_module(self, fullname: str, path: object = None) -> None:
        return None


class Legacy:
    """A finder whose loader does all at once, as was done before Python 3.4."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, LegacyLoader()) if fullname == CLIENT else None  # type: ignore[arg-type]


class LegacyLoader:
    def load_module(self, fullname: str) -> ModuleType:
        module = sys.modules[fullname] = ModuleType(fullname)
        module.__dict__["Client"] = object
        return module


@pytest.mark.filterwarnings("ignore::ImportWarning")
def test_a_loader_that_cannot_be_followed_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    legacy: Any = Legacy()
    with Watch(CLIENT) as watch:
        monkeypatch.setattr(sys, "meta_path", [sys.meta_path[0], Older(), legacy, *sys.meta_path[1:]])
        assert import_client().Client is object
    assert watch.seen == []


def test_threads_that_import_at_once_import_once() -> None:
    ready = threading.Barrier(8)
    got = []

    def run() -> None:
        ready.wait()
        got.append(import_client().Client)

    with Watch(CLIENT) as watch:
        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len(set(got)) == 1
    assert len(got) == 8
    assert watch.seen == [CLIENT]


def test_a_module_in_an_archive_is_reported_too(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = library.parent / "library.zip"
    subprocess.run(
        [sys.executable, "-m", "zipfile", "-c", str(archive), f"{LIBRARY}/"], check=True, cwd=library.parent
    )
    for file in library.iterdir():
        file.unlink()
    library.rmdir()
    monkeypatch.syspath_prepend(archive)
    with Watch(CLIENT) as watch:
        client = import_client()
    assert str(client.__file__).startswith(str(archive))
    assert watch.seen == [CLIENT]
