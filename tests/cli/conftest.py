"""A file of captured calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from payi_transport.sinks.offline import OfflineSink
from tests.cli.captures import EVENTS


@pytest.fixture
def events_file(tmp_path: Path) -> Path:
    path = tmp_path / "calls.json"
    sink = OfflineSink(str(path))
    sink.deliver(EVENTS)
    sink.close()
    return path
