"""The folder that programs run in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.autostart.support import CALL


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a module `calls`, whose `call(name)` makes a call to a provider."""
    (tmp_path / "calls.py").write_text(CALL)
    return tmp_path
