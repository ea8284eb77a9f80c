"""Of an event's limits, those that an ingested event must not name are found out, each once."""

from __future__ import annotations

import httpx
import pytest

from tests.sinks.events import event
from tests.sinks.payi_delivery import Delivery, both
from tests.support.payi_rules import BULK


@both
def test_a_limit_that_blocks_is_left_out_and_named(single: bool) -> None:
    delivery = Delivery(single=single, limits={"hard": "block", "soft": "allow"})
    for number in range(2):
        [item] = delivery.deliver_all(event(number, limit_ids=("hard", "soft", "gone")))
        assert item["limit_ids"] == ["soft"]
        assert item["properties"] == {
            "system.unapplied_limit_ids": "hard",
            "system.refused.limit_ids": "gone",
        }
    assert sum("proxy=True" in notice for notice in delivery.notices) == 1
    # Each limit is asked for once.
    assert sorted(path.rpartition("/")[2] for path in delivery.paths if "limits" in path) == [
        "gone",
        "hard",
        "soft",
    ]


@pytest.mark.parametrize("body", [b"{}", b'{"limit": {"limit_type": "odd"}}', b'{"limit": 1}', b"<html>"])
def test_all_limits_are_left_out_where_pay_i_does_not_say_which(body: bytes) -> None:
    delivery = Delivery(limits={"a": "allow"})
    delivery.before = lambda: httpx.Response(200, content=body) if "limits" in delivery.paths[-1] else None
    for number in range(2):
        [item] = delivery.deliver_all(event(number, limit_ids=("a", "b")))
        assert "limit_ids" not in item and item["properties"] == {"system.refused.limit_ids": "a,b"}
    assert delivery.paths.count(BULK) == 3
