"""Of an event's limits, those that an ingested event must not name are found out, each once."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from payi_transport.client.request import RequestSpec
from payi_transport.sinks.payi_limit_kinds import ALLOW, LimitKinds
from payi_transport.sinks.payi_response import PayiResponse
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


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"{}"),
        (200, b'{"limit": {"limit_type": "odd"}}'),
        (200, b'{"limit": 1}'),
        (200, b"<html>"),
        (500, b'{"limit": {"limit_type": "block"}}'),
        (403, b""),
    ],
)
def test_all_limits_are_left_out_where_pay_i_does_not_say_which(status: int, body: bytes) -> None:
    delivery = Delivery(limits={"a": "allow"})
    delivery.before = lambda: httpx.Response(status, content=body) if "limits" in delivery.paths[-1] else None
    for number in range(2):
        [item] = delivery.deliver_all(event(number, limit_ids=("a", "b")))
        assert "limit_ids" not in item and item["properties"] == {"system.refused.limit_ids": "a,b"}
    assert delivery.paths.count(BULK) == 3


def test_the_kinds_of_ten_thousand_limits_are_remembered() -> None:
    asked: list[str] = []

    def post(spec: RequestSpec[Any]) -> tuple[int, PayiResponse]:
        asked.append(spec.path)
        return 0, PayiResponse(200, b'{"limit": {"limit_type": "allow"}}')

    kinds = LimitKinds(post)
    for _ in range(2):
        assert {kinds.find(str(number)) for number in range(10_001)} == {ALLOW}
    # One more than fits, so it is asked for each time.
    assert len(asked) == 10_002
    assert asked[-1] == asked[-2] == "/api/v1/limits/10000"
