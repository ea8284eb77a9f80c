"""Whom a call counts for, before it is sent and once its event is there."""

from __future__ import annotations

from functools import partial

import pytest

from payi_transport.budgets.owners import find_owners, matches, read_event_field, read_frame_field
from payi_transport.context.frame import Frame
from tests.budgets.support import make_event

FRAME = Frame(
    account_name="acme",
    user_id="u 1",
    use_case_name="bot",
    use_case_version=3,
    request_tags=("a", "b"),
    request_properties={"team": "red"},
    use_case_properties={"tier": "gold"},
    resource_scope="region.eu",
)
EVENT = make_event(
    account_name="acme",
    user_id="u 1",
    use_case_name="bot",
    use_case_version=3,
    request_tags=("a", "b"),
    properties={"team": "red", "system.failure": "x"},
    use_case_properties={"tier": "gold"},
    scope="region.eu",
)


@pytest.mark.parametrize("read", [partial(read_frame_field, FRAME), partial(read_event_field, EVENT)])
@pytest.mark.parametrize(
    ("fields", "owners"),
    [
        ((), [""]),
        (("account_name",), ["acme"]),
        (("use_case_version",), ["3"]),
        (("request_tags",), ["a", "b"]),
        (("limit_ids",), []),
        (("use_case_step",), []),
        (("request_properties.team",), ["red"]),
        (("request_properties.none",), []),
        (("use_case_properties.tier",), ["gold"]),
        (("account_name.x",), []),
        (("resource_scope",), ["region.eu"]),
        (("account_name", "request_tags"), ["acme / a", "acme / b"]),
        (("account_name", "limit_ids"), []),
    ],
)
def test_a_frame_and_its_event_name_the_same_owners(
    read: partial[object], fields: tuple[str, ...], owners: list[str]
) -> None:
    assert find_owners(read, fields) == owners


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, True),
        ({"account_name": "acme"}, True),
        ({"account_name": "Acme"}, False),
        ({"request_tags": "b"}, True),
        ({"request_tags": "c"}, False),
        ({"use_case_version": "3", "user_id": "u 1"}, True),
        ({"use_case_version": "3", "user_id": ""}, False),
    ],
)
def test_a_call_matches_by_all_of_its_values(wanted: dict[str, str], expected: bool) -> None:
    assert matches(partial(read_frame_field, FRAME), wanted) is expected


def test_a_repeated_tag_counts_once() -> None:
    read = partial(read_event_field, make_event(request_tags=("a", "a", "")))
    assert find_owners(read, ("request_tags",)) == ["a"]
