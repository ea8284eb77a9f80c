"""A stand-in for Pay-i that fails as it is told to, and this library delivering to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from payi_transport import payi_instrument
from tests.faults.steps import WELL
from tests.support.ingest import Ingest
from tests.support.payi_rules import PayiRules
from tests.support.served import ServedRules


@pytest.fixture
def ingest(pay_i: PayiRules | ServedRules) -> Iterator[Ingest]:
    ingest = Ingest(lambda events: WELL, pay_i)
    yield ingest
    ingest.stop()
    assert not ingest.rules.violations


@pytest.fixture
def instrument(ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def start(spooled: bool, **delivery: Any) -> None:
        monkeypatch.setenv("PAYI_API_KEY", "payi-key")
        monkeypatch.setenv("PAYI_BASE_URL", ingest.url)
        spool = {"spool_directory": str(tmp_path / "spool")} if spooled else {}
        config: Any = {
            "delivery": {"flush_interval": 0.01, "max_batch": 16, **spool, **delivery},
            "ingest_retry": {"queue_interval": 0.02},
        }
        payi_instrument(config=config)

    return start
