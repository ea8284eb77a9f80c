"""The names that Pay-i accepts, and the valid forms of others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.values.accepted import NAME_RULES


@pytest.mark.parametrize(
    ("field", "name", "form"),
    [
        ("use_case_name", "My.bot-2_a", "My.bot-2_a"),
        ("use_case_name", "my bot", "my-bot"),
        ("use_case_name", "größe/1", "gr--e-1"),
        ("use_case_name", "x" * 65, "x" * 64),
        ("request_tags", "a.b c", "a-b-c"),
        ("user_id", "Jo  Do\t1", "Jo__Do_1"),
        ("user_id", "größe@x.org", "größe@x.org"),
    ],
)
def test_the_valid_form_replaces_what_is_not(field: str, name: str, form: str) -> None:
    rule = NAME_RULES[field]
    assert rule.correct(name) == form
    assert rule.accepts(name) == (name == form)


@given(field=st.sampled_from(sorted(NAME_RULES)), name=st.text(min_size=1))
def test_every_valid_form_is_accepted(field: str, name: str) -> None:
    rule = NAME_RULES[field]
    assert rule.accepts(rule.correct(name))
