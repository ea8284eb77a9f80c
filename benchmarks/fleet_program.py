"""`python -m benchmarks.fleet_program ASKED`: a program that makes calls, and publishes their events.

ASKED is JSON: `name`, `events`, `servers`, and `most_queued`. Prints what became of its calls as one line of
JSON once the stream has all of them.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Sequence
from itertools import count
from time import monotonic

import httpx

from payi_transport import PayiInstrumentConfig, payi_flush, payi_instrument, payi_stats

__all__ = ["main"]

_URL = "https://api.openai.com/v1/chat/completions"
_REQUEST = b'{"model":"gpt-4.1","messages":[{"role":"user","content":"%b"}]}' % (b"word " * 40)
_RESPONSE = (
    b'{"id":"%s-%d","object":"chat.completion","model":"gpt-4.1","choices":[{"index":0,"message":'
    b'{"role":"assistant","content":"' + b"word " * 20 + b'"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":200,"completion_tokens":100,"total_tokens":300}}'
)
_HEADERS = {"content-type": "application/json"}
# Calls between two looks at the queue. Seconds until a fleet that delivers nothing is given up.
_STEP = 200
_LONGEST_STANDSTILL = 300.0


def main(name: str, events: int, servers: Sequence[str], most_queued: int) -> None:
    """Make the calls, wait until all are published, and print the account."""
    config: PayiInstrumentConfig = {
        "nats": {"servers": list(servers)},
        "ingest_retry": {"queue_interval": 1.0},
    }
    payi_instrument(config=config)
    began = monotonic()
    _make_calls(name.encode(), events, most_queued)
    _wait_until_queued(0)
    stats = payi_stats()
    account = {
        "captured": stats.captured,
        "delivered": stats.delivered,
        "queued": stats.queued,
        "spooled": stats.spooled,
        "lost": sum(stats.lost.values()),
        "skipped": sum(stats.skipped.values()),
        "retried": stats.retried,
        "faults": stats.faults,
        "seconds": monotonic() - began,
    }
    print(json.dumps(account), flush=True)
    # Nothing is left to deliver, and an exit that waits would count as time of the program.
    os._exit(0)


def _make_calls(name: bytes, events: int, most_queued: int) -> None:
    """Call as fast as events are published: a program that is always faster would lose calls by design."""
    numbers = count()

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=_HEADERS, content=_RESPONSE % (name, next(numbers)))

    with httpx.Client(transport=httpx.MockTransport(respond)) as client:
        for number in range(events):
            if number % _STEP == 0:
                _wait_until_queued(most_queued)
            client.post(_URL, content=_REQUEST)


def _wait_until_queued(most: int) -> None:
    """Wait until at most so many events wait. Raises RuntimeError if none is delivered for a long time."""
    pause = threading.Event()
    delivered, since = -1, monotonic()
    while (stats := payi_stats()).queued + stats.spooled > most:
        if stats.delivered != delivered:
            delivered, since = stats.delivered, monotonic()
        elif monotonic() - since > _LONGEST_STANDSTILL:
            raise RuntimeError(f"nothing is delivered: {stats}")
        if most:
            pause.wait(0.01)
        else:
            payi_flush(1.0)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
