"""An address holds everything that a reader chose, and survives what people type."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("nicegui", reason="the extra serve is not installed")

from payi_transport.serve.page.address import DIMENSION_NAMES, SPANS, Address, find_machine_zone
from payi_transport.serve.views import Filters

NOW = datetime(2026, 3, 30, 10, tzinfo=timezone.utc)
texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
filters = st.builds(
    Filters,
    use_case=texts,
    account=texts,
    status=st.none() | st.integers(0, 999),
    failed=st.booleans(),
    unpriced=st.booleans(),
)
addresses = st.builds(
    Address,
    path=st.sampled_from(["/", "/calls"]),
    span_name=st.sampled_from(list(SPANS)),
    zone=st.sampled_from([None, "UTC", "Asia/Kolkata"]),
    by=st.sampled_from(list(DIMENSION_NAMES)),
    sort=st.sampled_from(["time", "cost"]),
    filters=filters,
)


@given(addresses)
def test_what_a_link_says_is_read_back(address: Address) -> None:
    parts = urlsplit(address.link())
    assert Address.read(parts.path, dict(parse_qsl(parts.query, keep_blank_values=True))) == address


@given(
    st.dictionaries(st.sampled_from([*Filters.__struct_fields__, "span", "by", "zone", "sort"]), st.text())
)
def test_what_cannot_be_used_is_left_out(query: dict[str, str]) -> None:
    address = Address.read("/", query)
    assert address.span_name in SPANS
    assert address.by in DIMENSION_NAMES
    assert address.span(NOW).start < NOW


def test_a_link_changes_one_choice_and_keeps_the_others() -> None:
    address = Address.read("/", {"span": "30d", "use_case": "chat", "cursor": "c9"})
    assert address.link("/calls", account="acme") == "/calls?span=30d&use_case=chat&account=acme"
    assert address.link(use_case=None) == "/?span=30d"
    assert address.link(cursor="c10") == "/?span=30d&cursor=c10&use_case=chat"


def test_days_begin_at_midnight_in_the_zone_even_where_the_clock_changes() -> None:
    week = Address.read("/", {"zone": "Europe/Berlin"}).span(NOW)
    # The clock changed on March 29.
    assert (week.start, week.end) == (datetime(2026, 3, 23, 23, tzinfo=timezone.utc), NOW)
    day = Address.read("/", {"span": "24h"}).span(NOW)
    assert day.end - day.start == timedelta(days=1)


def test_the_zone_is_that_of_the_machine_by_its_name(tmp_path: Path) -> None:
    link = tmp_path / "localtime"
    assert find_machine_zone("Asia/Kolkata", link) == "Asia/Kolkata"
    assert find_machine_zone("CET-1CEST,nonsense", link) == "UTC"
    target = tmp_path / "zoneinfo" / "Europe" / "Berlin"
    target.parent.mkdir(parents=True)
    target.touch()
    link.symlink_to(target)
    assert find_machine_zone(None, link) == "Europe/Berlin"
    assert find_machine_zone("Etc/UTC", link) == "UTC"
