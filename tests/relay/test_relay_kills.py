"""A relay that is killed at any moment loses nothing, and Pay-i counts each event once."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

from tests.relay.relays import RelayProcess, publish
from tests.support.ingest import BY_RULES, CannedReply, Ingest
from tests.support.nats_server import NatsServer
from tests.support.polling import wait_until

# `PAYI_KILLS=50` is the whole test. It takes minutes.
KILLS = int(os.environ.get("PAYI_KILLS", "3"))
EVENTS = 200


def test_a_relay_that_is_killed_at_random_places_loses_nothing(server: NatsServer, tmp_path: Path) -> None:
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    pause = threading.Event()

    def reply(events: list[dict[str, object]]) -> CannedReply:
        # Long enough for a kill to come between a request and its response.
        pause.wait(chance.random() * 0.02)
        return BY_RULES

    payi = Ingest(reply)
    for number in range(KILLS):
        publish(server, number * EVENTS, EVENTS)
        before = len(payi.taken)
        relay = RelayProcess(server, payi, tmp_path, "--batch", "10", "--linger", "0.05")
        # Up to here it may have connected only, and from here on anything.
        wait_until(lambda known=before: len(payi.taken) > known or server.count() == 0)  # type: ignore[misc]
        pause.wait(chance.random() * 0.1)
        relay.kill()
    relay = RelayProcess(server, payi, tmp_path, "--linger", "0.05")
    expected = {f"id-{number}": 1 for number in range(KILLS * EVENTS)}
    wait_until(lambda: len(payi.taken) == len(expected))
    wait_until(lambda: server.count() == 0)
    assert relay.end() == 0
    # Repeats went to bulk-upsert, which counts them once.
    assert payi.taken == expected, seed
    payi.stop()
