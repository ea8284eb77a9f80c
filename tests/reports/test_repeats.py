"""Which events were seen before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from payi_transport.reports.repeats import Repeats


# Few slots, so that places collide and the table grows while it is looked at.
@given(st.lists(st.integers(0, 50)), st.sampled_from([1, 2, 8, 64]))
def test_an_event_is_a_repeat_if_it_was_seen(ids: list[int], slots: int) -> None:
    repeats, seen = Repeats(slots), set()
    for number in ids:
        assert repeats.is_repeat("id", number) == (number in seen)
        seen.add(number)


def test_every_event_is_remembered_while_the_table_grows() -> None:
    repeats = Repeats()
    assert not any(repeats.is_repeat(number) for number in range(70_000))
    assert all(repeats.is_repeat(number) for number in range(70_000))
    assert len(repeats._slots) * 8 <= 32 * 70_000
