"""What the API says of one call: its cost, its limits, and what has no price."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from payi_transport.serve.faults import Refusal
from payi_transport.serve.items import to_event
from payi_transport.serve.results import make_request_id, make_result, make_stored_result, read_request_id
from payi_transport.serve.rows import Row, make_row
from payi_transport.serve.service import Service
from payi_transport.serve.write import Written
from tests.serve.events import NOON, item, make_items

CONTEXT: dict[str, Any] = {
    "account_name": "acme",
    "use_case_id": "one",
    "use_case_name": "chat",
    "use_case_step": "plan",
    "user_id": "ann",
    "request_tags": ["web", "api"],
}
INPUT, OUTPUT = Decimal("0.002"), Decimal("0.004")


def make(**fields: Any) -> Row:
    [made] = make_items(item(**fields))
    return make_row(to_event(made, "x"), NOON)


def result_of(row: Row, *, duplicate: bool = False, overrun: str = "0") -> dict[str, Any]:
    return make_result(row, Written(7, duplicate, {}, Decimal(overrun)))


@pytest.mark.parametrize("text", ["local-7", "7"])
def test_a_request_id_names_an_event(text: str) -> None:
    assert make_request_id(7) == "local-7"
    assert read_request_id(text) == 7


@pytest.mark.parametrize("text", ["", "local-", "local-x", "other-7", "local--7"])
def test_any_other_id_names_none(text: str) -> None:
    with pytest.raises(Refusal) as raised:
        read_request_id(text)
    assert (raised.value.code, str(raised.value)) == (
        "request_not_found",
        f"no request has the id {text!r}",
    )


def test_a_call_without_a_context_has_none_in_its_result() -> None:
    assert result_of(make(resource=None, category="other", units={})) == {
        "cost": {
            "currency": "usd",
            "input": {"base": 0},
            "output": {"base": 0},
            "total": {"base": 0},
        },
        "request_id": "local-7",
        "warnings": ["nothing was used that is billed"],
    }


def test_the_context_of_a_call_is_in_its_result_also_once_it_is_stored(service: Service) -> None:
    [sent] = make_items(item(**CONTEXT))
    result = service.ingest(sent).result()["xproxy_result"]
    assert result == {
        "cost": {
            "currency": "usd",
            "input": {"base": INPUT},
            "output": {"base": OUTPUT},
            "total": {"base": INPUT + OUTPUT},
        },
        "request_id": "local-1",
        "resource_id": "gpt-4.1",
        **CONTEXT,
    }
    stored = service.queries.call(1)
    assert stored is not None
    assert make_stored_result(stored) == result


def test_a_repeat_is_reported_as_such() -> None:
    assert result_of(make(), duplicate=True)["duplicate_request"] is True
    assert "duplicate_request" not in result_of(make())


@pytest.mark.parametrize(
    ("overrun", "told"), [("0", None), ("-1", None), ("0.001", "0.001"), ("0.006", "0.006"), ("9", "0.006")]
)
def test_what_is_over_a_limit_is_at_most_the_cost_of_the_call(overrun: str, told: str | None) -> None:
    total = result_of(make(), overrun=overrun)["cost"]["total"]
    assert total == {"base": INPUT + OUTPUT} | ({} if told is None else {"overrun_base": Decimal(told)})


def test_limits_have_their_states_and_those_that_block_are_listed() -> None:
    row = make()
    row.detail.limits.update({"a": "ok", "b": "blocked", "c": "overrun"})
    result = result_of(row)
    assert result["limits"] == {"a": {"state": "ok"}, "b": {"state": "blocked"}, "c": {"state": "overrun"}}
    assert result["blocked_limit_ids"] == ["b"]


def test_what_a_subscription_includes_costs_nothing_in_either_direction(service: Service) -> None:
    [sent] = make_items(item(properties={"system.billing": "subscription"}))
    result = service.ingest(sent).result()["xproxy_result"]
    assert [result["cost"][name] for name in ("input", "output", "total")] == [{"base": 0}] * 3
    stored = service.queries.call(1)
    assert stored is not None
    assert make_stored_result(stored)["cost"] == result["cost"]


def test_what_has_no_price_is_named_by_unit_and_direction_with_the_reason() -> None:
    units = {"text": {"input": 1000}, "unheard_of": {"input": 5, "output": 6}}
    result = result_of(make(units=units))
    assert result["unknown_units"] == {"unheard_of": {"input": 5, "output": 6}}
    assert result["cost"]["total"] == {"base": INPUT}
    unlisted = result_of(make(resource="unlisted"))
    assert unlisted["unknown_units"] == {"text": {"input": 1000, "output": 500}}
    assert unlisted["warnings"]


def test_a_line_for_the_whole_call_is_no_unknown_unit() -> None:
    row = make(resource="unlisted")
    lines = [msgspec.structs.replace(line, direction="total") for line in row.detail.lines]
    row.detail.lines = lines
    assert "unknown_units" not in result_of(row)
