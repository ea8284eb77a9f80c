"""The counts of all workers, as Prometheus reads them."""

from __future__ import annotations

from payi_transport.relay.metrics import Counts, format_metrics, sum_counts


def test_counts_add_up_over_workers() -> None:
    one, two = Counts(), Counts()
    one.delivered, two.delivered = 3, 4
    one.rejected["not_an_event"] += 1
    two.rejected["not_an_event"] += 2
    two.given_back["refused"] += 5
    sums = sum_counts([one, two])
    assert sums["delivered"] == 7
    assert sums["rejected"] == {"not_an_event": 3}
    assert sums["given_back"] == {"refused": 5}


def test_a_reason_is_a_label() -> None:
    text = format_metrics({"delivered": 7, "rejected": {"b": 2, "a": 1}, "held": 3})
    assert text.splitlines() == [
        "# HELP payi_relay_delivered_total Events that the sink took.",
        "# TYPE payi_relay_delivered_total counter",
        "payi_relay_delivered_total 7",
        "# HELP payi_relay_rejected_total Messages that can never be delivered, by reason.",
        "# TYPE payi_relay_rejected_total counter",
        'payi_relay_rejected_total{reason="a"} 1',
        'payi_relay_rejected_total{reason="b"} 2',
        "# HELP payi_relay_held Messages that this relay holds.",
        "# TYPE payi_relay_held gauge",
        "payi_relay_held 3",
    ]


def test_every_count_has_a_description() -> None:
    gauges = {"held": 0, "pending": 0, "connections": 0}
    assert format_metrics({**sum_counts([Counts()]), **gauges}).count("# HELP") == 13
