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


COUNTERS = (
    *("taken", "delivered", "repeats", "stranded", "batches", "bytes_sent", "failures", "faults"),
    *("given_back", "rejected"),
)
GAUGES = ("held", "pending", "connections")


def test_every_count_has_the_name_that_dashboards_use_and_a_description() -> None:
    text = format_metrics({**sum_counts([Counts()]), **dict.fromkeys(GAUGES, 0)})
    types = dict(line.split()[2:] for line in text.splitlines() if line.startswith("# TYPE"))
    assert types == {
        **{f"payi_relay_{name}_total": "counter" for name in COUNTERS},
        **{f"payi_relay_{name}": "gauge" for name in GAUGES},
    }
    described = [line.split(maxsplit=3)[2:] for line in text.splitlines() if line.startswith("# HELP")]
    assert {name for name, words in described if words.endswith(".")} == types.keys()


def test_a_worker_has_counted_nothing_at_first_and_each_of_its_counts_is_summed() -> None:
    assert sum_counts([Counts(), Counts()]) == {
        **dict.fromkeys(COUNTERS[:8], 0),
        "given_back": {},
        "rejected": {},
    }
    counted = Counts()
    for number, name in enumerate(COUNTERS[:8], 1):
        setattr(counted, name, number)
    sums = sum_counts([counted, counted])
    assert [sums[name] for name in COUNTERS[:8]] == [2 * number for number in range(1, 9)]
