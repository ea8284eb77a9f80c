"""The commands of the local service name the extra to install where its packages are missing."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from typing import Any

import pytest

from payi_transport.cli.serve_extra import load_run_program, load_serve
from payi_transport.config.schema import Settings
from payi_transport.errors import PayiError

LOADERS: list[Callable[[], object]] = [load_serve, lambda: load_run_program(Settings(), [])]


@pytest.mark.parametrize("load", LOADERS)
def test_a_missing_package_is_named_with_the_extra(
    load: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(sys.modules):
        if name.startswith("payi_transport.serve"):
            monkeypatch.delitem(sys.modules, name)
    import_module = builtins.__import__

    def refuse(name: str, *arguments: Any, **options: Any) -> Any:
        if name.partition(".")[0] in ("starlette", "uvicorn"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return import_module(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(PayiError, match=r'needs \w+: pip install "payi-transport\[serve\]"'):
        load()


@pytest.mark.parametrize("load", LOADERS)
def test_a_package_that_is_imported_only_when_all_is_ready_is_looked_for_at_once(
    load: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if it were not installed.
    monkeypatch.setitem(sys.modules, "nicegui", None)
    with pytest.raises(PayiError, match=r"^the local service needs nicegui: pip install"):
        load()


@pytest.mark.parametrize("load", LOADERS)
def test_with_the_extra_there_is_a_function_to_call(load: Callable[[], object]) -> None:
    pytest.importorskip("nicegui")
    assert callable(load())
