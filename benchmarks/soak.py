"""`python -m benchmarks.soak`: a million calls as fast as they go, with Pay-i away for a third of them.

It fails unless every call is accounted for, nothing reached Pay-i twice, and memory kept its bounds.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from payi_transport import payi_flush, payi_instrument, payi_stats, payi_uninstrument

# Linux's; other systems have no such file.
STATM = Path("/proc/self/statm")
_URL = "https://api.openai.com/v1/chat/completions"
_PROMPT = b'{"model":"gpt-4.1","messages":[{"role":"user","content":"%b"}]}' % (b"word " * 200)
_ANSWER = (
    b'{"id":"soak-%d","object":"chat.completion","model":"gpt-4.1","choices":[{"index":0,"message":'
    b'{"role":"assistant","content":"' + b"word " * 100 + b'"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":200,"completion_tokens":100,"total_tokens":300}}'
)
# Beside the content that `max_bytes_in_flight` counts: objects, headers and batches of what is in flight.
_BESIDE = 512 * 1024 * 1024


def main(arguments: list[str] | None = None) -> None:
    """Run one soak and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="calls (default: 1000000)")
    parser.add_argument("--threads", type=int, default=4, help="threads that call (default: 4)")
    parser.add_argument(
        "--spool",
        action="store_true",
        help="with a spool, which keeps events while Pay-i is away. Calls that end faster than one thread"
        " decodes them are still shed, and counted as lost['overload']",
    )
    asked = parser.parse_args(arguments)
    with start_ingest() as url, tempfile.TemporaryDirectory() as spool:
        run(asked.events, asked.threads, url, spool if asked.spool else None)


@contextlib.contextmanager
def start_ingest(*mark: str) -> Iterator[str]:
    """The address of an ingest server in another process. `mark`: what it counts, see `ingest.py`."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.ingest", *mark],
        cwd=Path(__file__).resolve().parents[1],
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            # It keeps nothing that would have to be saved.
            server.kill()


def run(events: int, threads: int, url: str, spool: str | None) -> None:
    """Make the calls, wait until nothing is under way any more, and check the account."""
    os.environ.update(PAYI_API_KEY="payi-key", PAYI_BASE_URL=url)
    config: Any = {"delivery": {"spool_directory": spool}, "ingest_retry": {"queue_interval": 1.0}}
    payi_instrument(config=config)
    before = measure_memory()
    peak = threading.Event()
    seen = [before]
    # A thread of its own, because the peak may come at any time, in the calls as well as after them.
    watcher = threading.Thread(target=watch_memory, args=(peak, seen), daemon=True)
    watcher.start()
    began = time.monotonic()
    make_calls(events, threads, url)
    called = time.monotonic() - began
    settle()
    took = time.monotonic() - began
    peak.set()
    watcher.join()
    report(events, url, before, max(seen), called, took)
    payi_uninstrument()


def make_calls(events: int, threads: int, url: str) -> None:
    """As fast as the threads go; Pay-i is away for the middle third."""
    numbers = itertools.count()
    turns, paths = {events // 3, 2 * events // 3}, iter(("/down", "/up"))
    turning = threading.Lock()

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, headers={"content-type": "application/json"}, content=_ANSWER % next(answered)
        )

    def work() -> None:
        with httpx.Client(transport=httpx.MockTransport(answer)) as client:
            # next() of a counter is atomic, so threads share the calls out without a lock.
            while (number := next(numbers)) < events:
                if number in turns:
                    # Else the second could overtake the first, and Pay-i would be away for good.
                    with turning:
                        httpx.get(url + next(paths))
                client.post(_URL, content=_PROMPT)

    answered = itertools.count()
    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def settle() -> None:
    """Until nothing waits. Raises AssertionError where that takes ten minutes."""
    deadline = time.monotonic() + 600
    while (stats := payi_stats()).queued + stats.spooled:
        assert time.monotonic() < deadline, stats
        # Flush in short steps, so that the deadline is checked and spooled batches are sent on.
        payi_flush(1.0)


def watch_memory(stop: threading.Event, seen: list[int]) -> None:
    while not stop.wait(0.1):
        seen.append(measure_memory())


def measure_memory() -> int:
    """Resident bytes of this process."""
    # The second number is the resident set, in pages.
    pages = int(STATM.read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def report(events: int, url: str, before: int, most: int, called: float, took: float) -> None:
    """Print the figures. Raises AssertionError for a call that is nowhere, or came twice."""
    stats = payi_stats()
    counts = httpx.get(url + "/counts").json()
    mebibyte = 1024 * 1024
    print(f"calls        {events:,} in {called:.1f} s ({events / called:,.0f} a second)")
    print(f"settled      after {took:.1f} s")
    print(
        f"delivered    {stats.delivered:,} (at Pay-i: {counts['taken']:,}, repeated: {counts['repeated']:,})"
    )
    print(f"lost         {dict(stats.lost) or 0}")
    print(f"unaccounted  {events - stats.delivered - sum(stats.lost.values()):,}")
    print(f"memory       {before // mebibyte} MiB before, {most // mebibyte} MiB at most")
    # Whatever was neither delivered nor counted as lost has vanished, and that is what this program looks
    # for.
    assert stats.captured == events == stats.delivered + sum(stats.lost.values())
    assert counts == {"taken": stats.delivered, "repeated": 0}
    assert stats.faults == 0
    assert most - before <= 256 * mebibyte + _BESIDE


if __name__ == "__main__":
    main()
