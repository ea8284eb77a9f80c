"""What a relay counts, and the text in which Prometheus reads it.

Each worker changes its own counts, and the sum is taken when somebody asks, so no count needs a lock.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Mapping

__all__ = ["Counts", "format_metrics", "sum_counts"]

_HELP = {
    "taken": ("counter", "Messages taken from the stream, repeats included."),
    "delivered": ("counter", "Events that the sink took."),
    "given_back": ("counter", "Messages given back to be delivered later, by reason."),
    "rejected": ("counter", "Messages that can never be delivered, by reason."),
    "repeats": ("counter", "Messages that this relay had delivered before, acknowledged again."),
    "stranded": ("counter", "Messages that the consumer took for acknowledged, read from the stream itself."),
    "batches": ("counter", "Calls of the sink."),
    "bytes_sent": ("counter", "Bytes that the sink wrote or posted."),
    "failures": ("counter", "Failed requests of NATS."),
    "faults": ("counter", "Errors of the relay itself."),
    "held": ("gauge", "Messages that this relay holds."),
    "pending": ("gauge", "Messages that wait in the stream for any relay."),
    "connections": ("gauge", "Connections to the consumer."),
}


class Counts:
    """The counts of one worker."""

    def __init__(self) -> None:
        self.taken = 0
        self.delivered = 0
        self.repeats = 0
        self.stranded = 0
        self.batches = 0
        self.bytes_sent = 0
        self.failures = 0
        self.faults = 0
        self.given_back: Tally[str] = Tally()
        self.rejected: Tally[str] = Tally()


def sum_counts(parts: Iterable[Counts]) -> dict[str, int | Mapping[str, int]]:
    """Return the sum over all workers."""
    parts = list(parts)
    names = ("taken", "delivered", "repeats", "stranded", "batches", "bytes_sent", "failures", "faults")
    sums: dict[str, int | Mapping[str, int]] = {
        name: sum(getattr(one, name) for one in parts) for name in names
    }
    for name in ("given_back", "rejected"):
        tally: Tally[str] = Tally()
        for part in parts:
            # A copy, because the worker may add a reason meanwhile.
            tally.update(getattr(part, name).copy())
        sums[name] = tally
    return sums


def format_metrics(counts: Mapping[str, int | Mapping[str, int]]) -> str:
    """Return counts in the text format of Prometheus; a mapping is one line for each reason."""
    lines: list[str] = []
    for name, value in counts.items():
        kind, text = _HELP[name]
        full = f"payi_relay_{name}" + ("_total" if kind == "counter" else "")
        lines += [f"# HELP {full} {text}", f"# TYPE {full} {kind}"]
        if isinstance(value, Mapping):
            lines += [f'{full}{{reason="{reason}"}} {count}' for reason, count in sorted(value.items())]
        else:
            lines.append(f"{full} {value}")
    return "\n".join(lines) + "\n"
