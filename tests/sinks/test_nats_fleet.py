"""The whole library in front of NATS: servers that are killed, a cluster, forks, the end, and gevent."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from payi_transport import payi_flush, payi_instrument, payi_stats
from payi_transport.sinks.nats import NatsSink
from payi_transport.sinks.protocol import mark_uncertain
from tests.sinks.events import event
from tests.support.nats_server import (
    NatsServer,
    make_settings,
    serve_cluster,
    serve_nats,
)
from tests.support.polling import wait_until
from tests.support.programs import PRELUDE, ROOT


def call(client: httpx.Client, name: str) -> None:
    client.post("https://api.openai.com/v1/chat/completions", json={"model": "gpt-4.1", "user": name})


def make_client() -> httpx.Client:
    def respond(request: httpx.Request) -> httpx.Response:
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        name = json.loads(request.content)["user"]
        body = {"id": name, "object": "chat.completion", "model": "gpt-4.1", "choices": [], "usage": usage}
        return httpx.Response(200, json=body)

    return httpx.Client(transport=httpx.MockTransport(respond))


def names(server: NatsServer) -> Counter[str]:
    return Counter(item["provider_response_id"] for item in server.read())


@pytest.mark.parametrize("spooled", [False, True], ids=["memory", "spool"])
def test_every_call_is_stored_though_the_server_is_killed(spooled: bool, tmp_path: Path) -> None:
    with serve_nats(tmp_path) as server, make_client() as client:
        delivery: dict[str, Any] = {
            "flush_interval": 0.05,
            **({"spool_directory": str(tmp_path / "spool")} if spooled else {}),
        }
        config: Any = {
            "nats": {"servers": [server.url], "timeout": 2.0},
            "delivery": delivery,
            "ingest_retry": {"queue_interval": 0.1},
        }
        payi_instrument(config=config)
        for number in range(300):
            call(client, f"call-{number}")
            if number % 100 == 50:
                payi_flush(0.05)
                server.kill()
            if number % 100 == 90:
                server.start()
        wait_until(lambda: payi_flush(5))
        stats = payi_stats()
        assert (stats.captured, stats.delivered, stats.queued, stats.spooled) == (300, 300, 0, 0)
        assert not stats.lost
        assert names(server) == dict.fromkeys((f"call-{number}" for number in range(300)), 1)


def test_a_leader_that_is_killed_is_replaced_and_nothing_is_lost(tmp_path: Path) -> None:
    with serve_cluster(tmp_path) as servers:
        servers[0].add_stream(num_replicas=3)
        sink = NatsSink.from_section(make_settings(*(server.url for server in servers), timeout=2.0))
        waiting = [event(number) for number in range(600)]
        leader = servers[0].call("STREAM.INFO.PAYI")["cluster"]["leader"]
        killed = servers[int(leader[1:])]
        threading.Timer(0.02, killed.kill).start()
        rounds = 0
        while waiting:
            batch, waiting = waiting[:50], waiting[50:]
            receipt = sink.deliver(batch)
            assert not receipt.rejected
            uncertain = set(receipt.uncertain)
            back = [mark_uncertain(batch[i]) if i in uncertain else batch[i] for i in receipt.retry]
            waiting = back + waiting
            rounds += 1
            assert rounds < 10_000
        other = servers[(int(leader[1:]) + 1) % 3]
        assert names(other).keys() == {f"id-{number}" for number in range(600)}
        sink.close()


BODY = """
payi_instrument(config={"nats": {"servers": [os.environ["NATS_URL"]]}, "delivery": {"flush_interval": 3600}})
"""
PROGRAMS = {
    "that ends": 'call("first")\ncall("second")',
    "that forks": """
call("first"); assert payi_flush(20)
child = os.fork()
if child == 0:
    call("child"); assert payi_flush(20); os._exit(0)
assert os.waitpid(child, 0)[1] == 0
call("second")
""",
    "with greenlets": """
import gevent
gevent.joinall([gevent.spawn(call, name) for name in ("first", "second")])
""",
    "whose calls wait": 'call("first"); call("second"); assert payi_stats().delivered == 2',
    "whose calls wait in a loop": """
import asyncio
async def main():
    call("first"); call("second"); assert payi_stats().delivered == 2, payi_stats()
asyncio.run(main())
""",
}
NAMES = {"that forks": {"first", "child", "second"}}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_program_delivers_everything(kind: str, tmp_path: Path) -> None:
    start = "from gevent import monkey; monkey.patch_all()\n" if kind == "with greenlets" else ""
    if start:
        pytest.importorskip("gevent")
    body = BODY.replace('"flush_interval": 3600', '"mode": "inline"') if "wait" in kind else BODY
    with serve_nats(tmp_path) as server:
        file = tmp_path / "program.py"
        file.write_text(start + PRELUDE + body + PROGRAMS[kind])
        # A name, since an exiting interpreter resolves names in its own way.
        url = server.url.replace("127.0.0.1", "localhost")
        environment = {"NATS_URL": url, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin"}
        ran = subprocess.run(
            [sys.executable, str(file)], env=environment, capture_output=True, text=True, timeout=120
        )
        assert ran.returncode == 0, ran.stderr
        assert names(server) == dict.fromkeys(NAMES.get(kind, {"first", "second"}), 1), ran.stderr
