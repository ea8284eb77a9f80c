"""A service that is killed under load: every event that it confirmed is there, and none twice."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import httpx

from payi_transport.serve.command import open_service
from payi_transport.serve.settings import ServeSettings
from tests.serve.events import NOON, item, span
from tests.serve.page.program import start_killable

BATCH, LEAST = 20, 30


def send(address: str, name: str, sent: list[list[str]], confirmed: list[list[str]]) -> None:
    """Send batches until the service is gone."""
    with httpx.Client(base_url=address, headers={"xproxy-api-key": "k"}, trust_env=False) as client:
        for number in itertools.count():
            ids = [f"{name}-{number}-{index}" for index in range(BATCH)]
            sent.append(ids)
            body = [item(provider_response_id=id_, request_tags=["t"]) for id_ in ids]
            try:
                response = client.post("/api/v1/ingest/bulk", json=body)
            except httpx.HTTPError:
                return
            if response.json()["ingest_count"] == BATCH:
                confirmed.append(ids)


def read_ids(file: Path) -> list[str]:
    with open_service(ServeSettings(file=file)) as service:
        assert service.store.reader.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        ids = [id_ for [id_] in service.store.reader.execute("SELECT response_id FROM events")]
        # The sums were stored in the same transactions.
        assert service.queries.figures(span()).now.calls == len(ids)
        assert service.queries.breakdown("tag", span()).groups[0].sums.calls == len(ids)
    return ids


def test_a_kill_under_load_loses_nothing_that_was_confirmed_and_doubles_nothing(tmp_path: Path) -> None:
    sent: list[list[str]] = []
    confirmed: list[list[str]] = []
    with start_killable(tmp_path) as (address, server):
        senders = [
            threading.Thread(target=send, args=(address, f"s{number}", sent, confirmed))
            for number in range(3)
        ]
        for sender in senders:
            sender.start()
        while len(confirmed) < LEAST and any(sender.is_alive() for sender in senders):
            senders[0].join(0.01)
        server.kill()
        for sender in senders:
            sender.join()
    assert len(confirmed) >= LEAST
    stored = read_ids(tmp_path / "serve.sqlite")
    assert len(stored) == len(set(stored))
    assert {id_ for ids in confirmed for id_ in ids} <= set(stored) <= {id_ for ids in sent for id_ in ids}
    # A batch is there as a whole or not at all.
    assert all(len(set(ids) & set(stored)) in (0, BATCH) for ids in sent)
    # What was not confirmed is sent again, and counts once.
    with start_killable(tmp_path) as (address, server), httpx.Client(trust_env=False) as client:
        for ids in sent:
            body = [item(NOON, provider_response_id=id_, request_tags=["t"]) for id_ in ids]
            headers = {"xproxy-api-key": "k"}
            response = client.post(
                f"{address}/api/v1/ingest/bulk-upsert", json=body, headers=headers, timeout=60
            )
            assert response.json()["ingest_count"] == BATCH
        server.kill()
    assert sorted(read_ids(tmp_path / "serve.sqlite")) == sorted(id_ for ids in sent for id_ in ids)
