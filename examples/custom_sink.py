"""A sink of your own: it adds up tokens by model instead of sending events anywhere.

A sink is any object with these four members. `deliver` runs on the background thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from openai import OpenAI

from examples.stand_in import serve
from payi_transport import Event, Receipt, payi_flush, payi_instrument, payi_stats, payi_uninstrument


class TotalsSink:
    """Counts tokens by model, and refuses events that have no units."""

    batch_limit = None  # any number of events in one delivery

    def __init__(self) -> None:
        self.tokens: Counter[str] = Counter()

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        rejected: dict[int, str] = {}
        for index, event in enumerate(batch):
            if not event.units:
                rejected[index] = "no_units"
                continue
            for unit in event.units.values():
                self.tokens[event.resource or "unknown"] += (unit.input or 0) + (unit.output or 0)
        return Receipt(rejected=rejected)

    def fork(self) -> None:
        """Start at zero in a forked child; the parent reports its own calls."""
        self.tokens = Counter()

    def close(self) -> None:
        """Nothing is open."""


def main() -> None:
    with serve() as stand_in:
        sink = TotalsSink()
        payi_instrument(
            sink=sink, config={"host_mappings": {stand_in.host: {"price_as_category": "system.openai"}}}
        )
        client = OpenAI(api_key="example", base_url=f"{stand_in.url}/v1")
        for model in ("gpt-4.1", "gpt-5-mini", "gpt-4.1"):
            client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hello"}])
        payi_flush()
        for model, tokens in sorted(sink.tokens.items()):
            print(f"{model}: {tokens} tokens")
        stats = payi_stats()
        print(f"captured {stats.captured}, delivered {stats.delivered}, lost {dict(stats.lost)}")
        payi_uninstrument()


if __name__ == "__main__":
    main()
