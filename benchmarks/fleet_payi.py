"""`python -m benchmarks.fleet_payi [--refuses] [--delay MS]`: Pay-i for a fleet, in a process of its own.

Prints its port. What `/ingest/bulk` brings twice counts twice; `/ingest/bulk-upsert` updates what is there.
With `--refuses`, it turns away one request in six, and takes the events of another one without sending a
response, so a third of them seem to fail. `GET /counts` returns how many events it has, how many were counted
twice, and how many were updated.
"""

from __future__ import annotations

import argparse
import asyncio

from benchmarks.ingest import Ingest

__all__ = ["FleetIngest"]

_SLOW_DOWN = b'{"statusCode":429,"message":"slow down"}'


class FleetIngest(Ingest):
    """Events by id, and what became of those that came more than once."""

    def __init__(self, *, refuses: bool, delay: float) -> None:
        super().__init__()
        self._refuses = refuses
        self._delay = delay
        self._requests = 0
        self.twice = 0
        self.updated = 0

    async def respond(self, path: bytes, body: bytes) -> tuple[int, bytes] | None:
        if not path.startswith(b"/api/"):
            return await super().respond(path, body)
        if self._delay:
            await asyncio.sleep(self._delay)
        self._requests += 1
        fails = self._requests % 6 if self._refuses else -1
        if fails == 0:
            return 429, _SLOW_DOWN
        before = len(self.ids), self.taken
        response = await super().respond(path, body)
        known = self.taken - before[1] - (len(self.ids) - before[0])
        if path.endswith(b"/bulk-upsert"):
            self.updated += known
        else:
            self.twice += known
        return None if fails == 1 else response

    def count(self) -> dict[str, int]:
        return {"events": len(self.ids), "twice": self.twice, "updated": self.updated}


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet_payi", description=__doc__)
    parser.add_argument("--refuses", action="store_true")
    parser.add_argument("--delay", type=float, default=0, metavar="MS")
    asked = parser.parse_args()
    asyncio.run(FleetIngest(refuses=asked.refuses, delay=asked.delay / 1000).listen())


if __name__ == "__main__":
    main()
