"""The stand-in refuses what breaks its rules: one that accepts everything would prove nothing."""

from __future__ import annotations

import json

import pytest

from tests.support.payi_rules import BULK, PayiRules

KEY = {"xproxy-api-key": "k"}
WELL = {"category": "c", "units": {"text": {"input": 1}}, "provider_response_id": "id"}
BROKEN = {
    "no category": {"units": {}},
    "no units": {"category": "c"},
    "more than 32 bits": {**WELL, "units": {"text": {"input": 2**31}}},
    "less than nothing": {**WELL, "http_status_code": -1},
    "a number that is a bool": {**WELL, "use_case_version": True},
    "an unknown field": {**WELL, "use_case": "c"},
    "an unknown part of a unit": {**WELL, "units": {"text": {"total": 1}}},
    "a property that is a number": {**WELL, "properties": {"a": 1}},
    "a time without a zone": {**WELL, "event_timestamp": "2026-01-01T00:00:00"},
    "a string": "c",
}


@pytest.mark.parametrize("item", BROKEN.values(), ids=BROKEN.keys())
def test_a_body_that_breaks_the_schema_is_refused_whole(item: object) -> None:
    rules = PayiRules()
    status, _ = rules.respond("POST", BULK, KEY, json.dumps([WELL, item]).encode())
    assert status == 400 and rules.violations and not rules.counted


def test_what_is_sent_twice_counts_twice_unless_it_updates() -> None:
    rules = PayiRules()
    for path in (BULK, BULK, f"{BULK}-upsert"):
        assert rules.respond("POST", path, KEY, json.dumps([WELL]).encode())[0] == 200
    assert rules.counted == {"id": 2}
