"""A budget that can't be kept is refused at the start."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import jsonschema
import pytest

from payi_transport.config import budget_rules
from payi_transport.config.budget_rules import list_fields
from payi_transport.config.json_schema import make_json_schema
from payi_transport.config.validation import check_config
from payi_transport.errors import PayiConfigError
from payi_transport.reports import dimensions


@pytest.mark.parametrize(
    ("amount", "read"), [(500, "500"), (0.1, "0.1"), ("499.50", "499.50"), (Decimal("1.5"), "1.5")]
)
def test_an_amount_is_exact_whatever_it_is_written_as(amount: Any, read: str) -> None:
    settings = check_config({"budgets": {"b": {"amount": amount}}})
    assert str(settings.budgets["b"].amount) == read


@pytest.mark.parametrize(
    "budget",
    [
        {"amount": "5", "by": "account_name"},
        {"amount": 5, "by": ["account_name", "request_properties.team"], "match": {"user_id": "u"}},
        {"amount": 5, "by": "resource", "match": {"category": "system.openai"}},
        {"amount": 5.5, "period": "quarter", "zone": "Asia/Kathmandu", "warn_at": [0.5, 1.5]},
        {"amount": 5, "webhook": "https://hooks.test/x"},
        {"amount": 5, "webhook": "http://127.0.0.1:9/x", "enforce": True},
    ],
)
def test_what_is_accepted(budget: dict[str, Any]) -> None:
    check_config({"budgets": {"b": budget}})
    validator = jsonschema.Draft202012Validator(make_json_schema())
    assert [error.message for error in validator.iter_errors({"budgets": {"b": budget}})] == []


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({}, r"config\.budgets\['b'\]: missing required key 'amount'"),
        ({"amount": 0}, "amount: expected an amount above 0, got '0'"),
        ({"amount": "-1"}, "amount: expected an amount above 0, got '-1'"),
        ({"amount": "NaN"}, "amount: expected an amount above 0, got 'NaN'"),
        ({"amount": "Infinity"}, "amount: expected an amount above 0, got 'Infinity'"),
        ({"amount": "ten"}, "amount: expected an amount of money such as 500 or '499.50', got 'ten'"),
        ({"amount": True}, "amount: expected an amount of money such as 500 or '499.50', got True"),
        ({"amount": 1, "period": "decade"}, "period: expected 'hour', 'day', .*, got 'decade'"),
        ({"amount": 1, "zone": "Mars"}, "expected a time zone such as 'Europe/Berlin' or 'UTC', got 'Mars'"),
        ({"amount": 1, "by": "customer"}, "by: unknown field 'customer'; accepted: account_name"),
        ({"amount": 1, "by": "customer"}, "; for 'customer', use 'account_name'$"),
        ({"amount": 1, "by": "property.x"}, "; for 'property.x', use 'request_properties.x'$"),
        ({"amount": 1, "by": ["request_properties."]}, "by: unknown field 'request_properties.'"),
        ({"amount": 1, "match": {"x": "y"}}, "match: unknown field 'x'"),
        ({"amount": 1, "by": "resource", "enforce": True}, "a budget by resource can only warn"),
        ({"amount": 1, "match": {"category": "a"}, "enforce": True}, "a budget by category can only warn"),
        ({"amount": 1, "warn_at": 0.5}, "expected a list, each item a share of the amount such as 0.8"),
        ({"amount": 1, "warn_at": [0]}, "expected a share of the amount such as 0.8, above 0, got 0"),
        (
            {"amount": 1, "webhook": "http://hooks.test/"},
            "expected an https address, or http on this machine",
        ),
        ({"amount": 1, "webhook": "hooks.test"}, "expected an https address"),
        ({"amount": 1, "webhook": "https://[::1"}, "expected an https address"),
        ({"amount": 1, "webhook": "https://a:b/"}, "expected an https address"),
    ],
)
def test_what_is_refused(budget: dict[str, Any], message: str) -> None:
    with pytest.raises(PayiConfigError, match=rf"{message}(?!\w)"):
        check_config({"budgets": {"b": budget}})


def test_the_address_of_a_webhook_is_never_shown() -> None:
    with pytest.raises(PayiConfigError) as caught:
        check_config({"budgets": {"b": {"amount": 1, "webhook": "http://hooks.test/T0KEN"}}})
    assert "T0KEN" not in str(caught.value)


def test_one_field_may_be_written_without_a_list() -> None:
    assert list_fields("user_id") == ("user_id",)
    assert list_fields(("user_id", "account_name")) == ("user_id", "account_name")


def test_other_names_of_fields_are_those_by_which_reports_group_calls() -> None:
    reported = {**dimensions._FIELDS, **dimensions._LISTS}
    # An event has the scope under a name of its own.
    names = {"resource_scope": "scope"}
    assert {name: names.get(field, field) for name, field in budget_rules._ALIASES.items()} == {
        name: field for name, field in reported.items() if name in budget_rules._ALIASES
    }
    assert {f"{name}." for name in budget_rules._ALIAS_SECTIONS} == dimensions._PROPERTIES.keys()


@pytest.mark.parametrize(
    "field",
    [
        *("account_name", "limit_ids", "request_tags", "resource_scope", "use_case_id", "use_case_name"),
        *("use_case_step", "use_case_version", "user_id", "request_properties.a", "use_case_properties.a"),
    ],
)
def test_a_budget_by_any_field_of_the_scope_may_refuse_calls(field: str) -> None:
    budget = check_config({"budgets": {"b": {"amount": 1, "by": field, "enforce": True}}}).budgets["b"]
    assert list_fields(budget.by) == (field,)


@pytest.mark.parametrize("period", ["hour", "day", "week", "month", "quarter", "year"])
def test_a_period_is_one_of_the_calendar(period: str) -> None:
    assert check_config({"budgets": {"b": {"amount": 1, "period": period}}}).budgets["b"].period == period


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_a_webhook_on_this_machine_needs_no_tls(host: str) -> None:
    check_config({"budgets": {"b": {"amount": 1, "webhook": f"http://{host}:8080/x"}}})


@pytest.mark.parametrize(
    "url", ["ftp://localhost/x", "http://localhost.test/", "https:///x", "http://10.0.0.1"]
)
def test_a_webhook_elsewhere_needs_https(url: str) -> None:
    with pytest.raises(PayiConfigError, match=r"webhook: expected an https address, or http on this"):
        check_config({"budgets": {"b": {"amount": 1, "webhook": url}}})


def test_an_unknown_field_without_another_name_lists_what_is_accepted_and_no_more() -> None:
    with pytest.raises(PayiConfigError) as caught:
        check_config({"budgets": {"b": {"amount": 1, "match": {"team": "a"}}}})
    assert str(caught.value).endswith(
        "match: unknown field 'team'; accepted: account_name, limit_ids, request_tags, resource_scope,"
        " use_case_id, use_case_name, use_case_step, use_case_version, user_id, category, resource,"
        " request_properties.<name>, use_case_properties.<name>"
    )


def test_a_budget_of_late_fields_says_which_one_and_what_to_do() -> None:
    with pytest.raises(PayiConfigError) as caught:
        check_config({"budgets": {"b": {"amount": 1, "by": ["user_id", "resource"], "enforce": True}}})
    assert str(caught.value).endswith(
        "enforce: a budget by resource can only warn, because it is not known before a call is sent; leave"
        " out enforce, or use scope fields"
    )
