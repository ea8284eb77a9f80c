"""Every usage field of every installed SDK has a row in tests/wire/fields, and every row is true.

A new version of an SDK with a field that has no row fails the first test, which names the field.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.support.replay import replay, show_units
from tests.support.usage_table import PRIME, Row, load_table
from tests.support.usage_types import Usages, find_service_usages, find_usages, is_installed, walk

_USAGE = r"(^|_)usage$"


class _Sdk(NamedTuple):
    """An SDK, the module that shows whether it is installed, and how its usages are found."""

    name: str
    module: str
    find: Callable[[], Usages]


SDKS = [
    _Sdk("openai", "openai", lambda: find_usages(["openai.types"], rf"{_USAGE}|^service_tier$")),
    _Sdk("anthropic", "anthropic", lambda: find_usages(["anthropic.types"], _USAGE)),
    _Sdk(
        "google",
        "google.genai",
        lambda: find_usages(
            ["google.genai.types", "google.genai._gaos.types", "google.genai._interactions.types"],
            rf"{_USAGE}|usage_metadata$|^statistics$|billable|^token_count$|^service_tier$",
        ),
    ),
    _Sdk(
        "bedrock",
        "botocore",
        lambda: find_service_usages(
            "bedrock-runtime",
            r"\.(usage|metrics|performanceConfig|serviceTier|invocationMetrics|guardrailCoverage)$",
        ),
    ),
    _Sdk("mistral", "mistralai.client", lambda: find_usages(["mistralai.client.models"], r"^usage(_info)?$")),
    _Sdk("cohere", "cohere", lambda: find_usages(["cohere.types", "cohere.v2.types"], r"^(usage|meta)$")),
]
# Hosts that a user maps.
HOSTS = {
    "api.mistral.ai": {"price_as_category": "mistral"},
    "api.cohere.com": {"price_as_category": "cohere"},
}
ROWS = [
    pytest.param(row, id=f"{sdk.name}-{row.place}-{row.path}")
    for sdk in SDKS
    for row in load_table(sdk.name).rows
]


@pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name)
def test_every_usage_field_of_the_installed_sdk_has_a_row(sdk: _Sdk) -> None:
    if not is_installed(sdk.module) and sdk.name not in os.environ.get("PAYI_TEST_SDKS", ""):
        pytest.skip(f"{sdk.name}'s SDK is not installed; the group `sdks` has all of them")
    table = load_table(sdk.name)
    found = sdk.find()
    missing = {
        usage: sorted(fields - table.known.get(usage, frozenset()))
        for usage, fields in found.items()
        if usage not in table.unrecorded and fields - table.known.get(usage, frozenset())
    }
    assert missing == {}, f"add rows to tests/wire/fields/{sdk.name}.json"
    # A walk that finds nothing proves nothing.
    assert len(found.keys() & table.known.keys()) > 1


@pytest.mark.parametrize("row", ROWS)
def test_a_field_becomes_what_its_row_says(row: Row) -> None:
    # Apart, because a job that is fetched twice is one event.
    [without], [within] = (replay(call, host_mappings=HOSTS) for call in row.make_calls())
    change = Counter(show_units(within))
    change.subtract(show_units(without))
    assert {unit: count for unit, count in change.items() if count} == _expect_change(row.becomes)
    kind, _, name = row.becomes.partition(" ")
    if kind == "property":
        assert (within.properties or {}).get(name) == str(row.value)
        assert (without.properties or {}).get(name) != str(row.value)
    elif kind == "scope":
        assert (without.scope, within.scope) == (None, name)


def _expect_change(becomes: str) -> dict[str, int]:
    if becomes.startswith(("property ", "scope ", "free: ")):
        assert becomes.partition(" ")[2], "a property or a scope needs a name, and what is free a reason"
        return {}
    change: Counter[str] = Counter()
    for move in becomes.split(", "):
        *sources, target = move.split(" > ")
        change.update({target: PRIME})
        change.subtract(dict.fromkeys(sources, PRIME))
    return dict(change)


@pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name)
def test_what_is_not_recorded_has_a_reason_and_no_row(sdk: _Sdk) -> None:
    table = load_table(sdk.name)
    assert all(table.unrecorded.values())
    assert not table.unrecorded.keys() & table.known.keys()


def test_a_field_that_no_row_names_is_found() -> None:
    from pydantic import create_model

    details: Any = create_model("Details", moon_tokens=(int, 0))
    usage: Any = create_model("Usage", prompt_tokens=(int, 0), details=(list[details] | None, None))
    assert set(walk(usage)) == {"prompt_tokens", "details[].moon_tokens"}
