"""What calls can be grouped by."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.budgets.owners import read_event_field
from payi_transport.config.budget_rules import find_field
from payi_transport.errors import PayiError
from payi_transport.prices import Estimate
from payi_transport.reports.dimensions import find_dimensions, list_names
from payi_transport.values.zones import find_zone
from tests.reports.calls import make_estimate, make_event, unpriced

FIELDS: dict[str, Any] = {
    "category": "system.openai",
    "resource": "gpt-5",
    "use_case_name": "bot",
    "use_case_id": "run-1",
    "use_case_step": "plan",
    "use_case_version": 3,
    "user_id": "ada",
    "account_name": "acme",
    "scope": "datazone.us",
    "http_status_code": 200,
    "request_tags": ("a", "b", "a"),
    "limit_ids": ("l",),
    "provider_uri": "https://api.openai.com/v1/responses",
    "properties": {"team": "search", "empty": ""},
    "use_case_properties": {"tier": "gold"},
}


def read(name: str, zone: str = "UTC", **fields: Any) -> tuple[str | None, ...]:
    (dimension,) = find_dimensions(name, find_zone(zone))
    return dimension.read(make_event(**fields), make_estimate())


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("category", ("system.openai",)),
        ("resource", ("gpt-5",)),
        ("model", ("gpt-5",)),
        ("use_case", ("bot",)),
        ("use_case_id", ("run-1",)),
        ("use_case_step", ("plan",)),
        ("use_case_version", ("3",)),
        ("user", ("ada",)),
        ("user_id", ("ada",)),
        ("use_case_name", ("bot",)),
        ("account", ("acme",)),
        ("account_name", ("acme",)),
        ("request_tags", ("a", "b")),
        ("limit_ids", ("l",)),
        ("customer", ("acme",)),
        ("scope", ("datazone.us",)),
        ("status", ("200",)),
        ("tag", ("a", "b")),
        ("limit", ("l",)),
        ("host", ("api.openai.com",)),
        ("source", ("list",)),
        ("property.team", ("search",)),
        ("property.empty", (None,)),
        ("use_case_property.tier", ("gold",)),
    ],
)
def test_a_call_is_in_the_group_of_its_field(name: str, values: tuple[str, ...]) -> None:
    assert read(name, **FIELDS) == values


@pytest.mark.parametrize("name", [name for name in list_names() if not name.endswith(">")])
def test_a_call_without_the_field_is_in_the_group_without_a_name(name: str) -> None:
    expected = {"category": "system.openai", "source": "list"}
    values = read(name, event_timestamp=None, resource=None)
    assert values == (expected.get(name),)


def test_a_call_of_which_nothing_is_billed_is_free() -> None:
    (dimension,) = find_dimensions("source", timezone.utc)
    assert dimension.read(make_event(), Estimate(total=Decimal(0), status="priced")) == ("free",)


def test_a_call_without_a_price_has_its_status_as_source() -> None:
    (dimension,) = find_dimensions("source", timezone.utc)
    assert dimension.read(make_event(), unpriced()) == ("unpriced",)


@pytest.mark.parametrize(
    ("zone", "moment", "hour", "day", "month"),
    [
        ("Asia/Kolkata", "2026-10-31T18:29Z", "2026-10-31 23:00+05:30", "2026-10-31", "2026-10"),
        ("Asia/Kolkata", "2026-10-31T18:30Z", "2026-11-01 00:00+05:30", "2026-11-01", "2026-11"),
        ("Asia/Kathmandu", "2026-10-31T18:14Z", "2026-10-31 23:00+05:45", "2026-10-31", "2026-10"),
        ("Asia/Kathmandu", "2026-10-31T18:15Z", "2026-11-01 00:00+05:45", "2026-11-01", "2026-11"),
        # This hour comes twice on the day that clocks are put back.
        ("America/Los_Angeles", "2026-11-01T08:30Z", "2026-11-01 01:00-07:00", "2026-11-01", "2026-11"),
        ("America/Los_Angeles", "2026-11-01T09:30Z", "2026-11-01 01:00-08:00", "2026-11-01", "2026-11"),
    ],
)
def test_times_are_those_of_the_zone(zone: str, moment: str, hour: str, day: str, month: str) -> None:
    read_moment = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    for name, expected in (("hour", hour), ("day", day), ("month", month)):
        assert read(name, zone, event_timestamp=read_moment) == (expected,)
        (dimension,) = find_dimensions(name, find_zone(zone))
        event = make_event(event_timestamp=read_moment)
        assert dimension.read(event, make_estimate()) is dimension.read(event, make_estimate())
    assert read("week", zone, event_timestamp=read_moment) in (("2026-W44",), ("2026-W45",))


def test_two_levels_are_separated_by_a_comma() -> None:
    assert [one.name for one in find_dimensions("use_case, tag", timezone.utc)] == ["use_case", "tag"]
    with pytest.raises(PayiError, match="expected at most 2 names"):
        find_dimensions("use_case,tag,day", timezone.utc)


@pytest.mark.parametrize("name", ["colour", "", "property.", "use_case,"])
def test_an_unknown_name_says_which_there_are(name: str) -> None:
    with pytest.raises(PayiError, match="expected one of category, resource"):
        find_dimensions(name, timezone.utc)


def test_an_address_that_cannot_be_read_has_no_host() -> None:
    assert read("host", provider_uri="https://[") == (None,)


def test_budgets_and_invoices_know_the_other_names_of_fields() -> None:
    event = make_event(account_name="acme", user_id="u", use_case_name="bot", request_tags=("a",), scope="eu")
    for name in ("account", "customer", "user", "use_case", "model", "scope", "tag"):
        (dimension,) = find_dimensions(name, timezone.utc)
        value = read_event_field(event, find_field(name))
        assert dimension.read(event, make_estimate()) == (value if name == "tag" else (value,))


def test_every_name_is_listed_in_errors() -> None:
    names = (
        "category, resource, model, use_case, use_case_name, use_case_id, use_case_step, use_case_version,"
        " user, user_id, account, account_name, customer, scope, status, tag, request_tags, limit, limit_ids,"
        " source, host, hour, day, week, month, property.<name>, use_case_property.<name>"
    )
    assert ", ".join(list_names()) == names
    with pytest.raises(PayiError) as caught:
        find_dimensions("colour", timezone.utc)
    assert str(caught.value) == f"--by: expected one of {names}, got 'colour'"
    with pytest.raises(PayiError, match=r"^--by: expected at most 2 names, got 'user,tag,day'$"):
        find_dimensions("user,tag,day", timezone.utc)


@pytest.mark.parametrize("name", [name for name in list_names() if not name.endswith(">")])
def test_calls_may_be_in_several_tags_and_times_have_an_order(name: str) -> None:
    (dimension,) = find_dimensions(name, timezone.utc)
    assert dimension.name == name
    assert dimension.is_list == (name in ("tag", "request_tags", "limit", "limit_ids"))
    assert dimension.is_time == (name in ("hour", "day", "week", "month"))


@pytest.mark.parametrize(
    ("moment", "week"),
    [
        ("2026-11-01", "2026-W44"),
        ("2026-11-02", "2026-W45"),
        ("2027-01-03", "2026-W53"),
        ("2026-01-01", "2026-W01"),
    ],
)
def test_weeks_are_those_of_the_calendar_of_iso(moment: str, week: str) -> None:
    assert read("week", event_timestamp=datetime.fromisoformat(moment).replace(tzinfo=timezone.utc)) == (
        week,
    )


def test_a_value_may_be_zero() -> None:
    assert read("use_case_version", use_case_version=0) == ("0",)
    assert read("property.n", properties={"n": "0"}) == ("0",)
    assert read("tag", request_tags=()) == (None,)


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        ({"total": Decimal(1), "status": "priced", "source": "payi"}, "payi"),
        ({"total": Decimal(0), "status": "included"}, "included"),
        ({"total": Decimal(0), "status": "included", "source": "config"}, "config"),
        ({"total": Decimal(1), "status": "partial", "source": "list"}, "list"),
    ],
)
def test_the_source_is_whose_figure_a_cost_is(fields: dict[str, Any], source: str) -> None:
    (dimension,) = find_dimensions("source", timezone.utc)
    assert dimension.read(make_event(), Estimate(**fields)) == (source,)
