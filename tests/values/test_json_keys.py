"""A key is found at any place of a body, among any number of quotes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from payi_transport.values.json_keys import SMALL_BODY, has_key

KEY = b'"model"'


@given(
    st.sampled_from([10, SMALL_BODY - 1, SMALL_BODY, 20_000]),
    st.integers(0, 100),
    st.lists(st.integers(0, 20_000), max_size=2),
    st.sampled_from([0, 1, 300, 9_000]),
)
def test_a_key_is_found_wherever_it_is(size: int, quotes: int, places: list[int], start: int) -> None:
    body = b"x" * (size // 2) + b'"' * quotes + b"y" * (size // 2)
    for place in places:
        body = body[:place] + KEY + body[place:]
    assert has_key(body, KEY, start) == (KEY in body[start:])
