"""What Pay-i refuses is logged once for each value, and not without end."""

from __future__ import annotations

from payi_transport.sinks.payi_notices import show
from tests.sinks.events import event
from tests.sinks.payi_delivery import Delivery


def test_the_log_names_a_limited_number_of_values() -> None:
    delivery = Delivery()
    delivery.deliver_all(*(event(number, user_id=f"user {number}") for number in range(200)))
    assert len(delivery.notices) == 51
    assert "no more of them" in delivery.notices[-1]
    long = Delivery()
    long.deliver_all(event(1, user_id="x y" * 100))
    assert len(long.notices[0]) < 400


def test_a_value_is_shown_on_one_line_and_up_to_100_characters() -> None:
    assert show("a\nb") == r"'a\nb'"
    assert show("x" * 100) == repr("x" * 100)
    assert show("x" * 101) == repr("x" * 100 + "...")
