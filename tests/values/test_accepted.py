"""The names that Pay-i accepts, and the valid forms of others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.values.accepted import LARGEST_INTEGER, NAME_RULES


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


def test_pay_is_integers_have_32_bits() -> None:
    assert LARGEST_INTEGER == 2_147_483_647


@pytest.mark.parametrize(
    ("field", "longest"), [("use_case_name", 64), ("request_tags", None), ("user_id", None)]
)
def test_names_are_accepted_up_to_the_length_that_pay_i_states(field: str, longest: int | None) -> None:
    rule = NAME_RULES[field]
    assert rule.accepts("x" * (longest or 5000))
    assert longest is None or not rule.accepts("x" * (longest + 1))
    assert not rule.accepts("")


@pytest.mark.parametrize(("field", "kept"), [("use_case_name", 64), ("request_tags", 64), ("user_id", 300)])
def test_a_name_that_was_refused_is_cut_where_pay_i_may_have_a_limit(field: str, kept: int) -> None:
    assert NAME_RULES[field].correct("x" * 300) == "x" * kept


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("use_case_name", "letters, digits, '.', '-' and '_', 64 characters at most,"),
        ("request_tags", "letters, digits, '-' and '_'"),
        ("user_id", "text without spaces"),
    ],
)
def test_a_rule_says_what_is_accepted(field: str, text: str) -> None:
    assert NAME_RULES[field].text == text
