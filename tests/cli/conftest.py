"""A file of captured calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from payi_transport.sinks.offline import OfflineSink
from tests.cli.captures import EVENTS
from tests.cli.money import CONFIG


@pytest.fixture
def events_file(tmp_path: Path) -> Path:
    path = tmp_path / "calls.json"
    sink = OfflineSink(str(path))
    sink.deliver(EVENTS)
    sink.close()
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config.toml").write_text(CONFIG)
    monkeypatch.setenv("PAYI_TRANSPORT_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.chdir(tmp_path)
    return tmp_path
