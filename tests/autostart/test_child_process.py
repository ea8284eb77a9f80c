"""What a child of `multiprocessing` runs first never keeps it from starting."""

from __future__ import annotations

import runpy
import shutil
import sys
from pathlib import Path

import pytest

from payi_transport import autostart
from payi_transport.autostart.first_import import LIBRARIES

HERE = Path(autostart.__file__).parent


def test_it_waits_for_an_http_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    others = {name: module for name, module in sys.modules.items() if "." not in name}
    monkeypatch.setattr(sys, "modules", {k: v for k, v in others.items() if k not in LIBRARIES})
    runpy.run_path(str(HERE / "child_process.py"), {"carried": b""})
    assert type(sys.meta_path[0]).__name__ == "ImportWatcher"


def test_a_broken_installation_is_no_reason_to_fail(tmp_path: Path) -> None:
    shutil.copy(HERE / "child_process.py", tmp_path)
    assert runpy.run_path(str(tmp_path / "child_process.py"), {"carried": b""})["carried"] == b""
