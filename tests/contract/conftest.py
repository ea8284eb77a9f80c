"""What several of the contract tests run against beside a provider."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from tests.contract.results import TAKEN
from tests.support.origin import Origin, serve


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """What a server waits for that has no more to say."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def payi(monkeypatch: pytest.MonkeyPatch) -> Iterator[Origin]:
    """Pay-i, on loopback, as the environment says."""
    with serve() as running:
        running.answers = [TAKEN]
        monkeypatch.setenv("PAYI_API_KEY", "payi-key")
        monkeypatch.setenv("PAYI_BASE_URL", running.url)
        yield running


@pytest.fixture(scope="module")
def few_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Google's SDK loads its list of authorities three times a client, which takes longer than all else."""
    end = "-----END CERTIFICATE-----\n"
    first = Path(certifi.where()).read_text().partition(end)[0]
    file = tmp_path_factory.mktemp("authorities") / "one.pem"
    file.write_text(first + end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        yield
