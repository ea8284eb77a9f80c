"""The values at a bound are accepted, and those beyond it are refused with what is accepted."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.config.mappings import collect_tokenizer_paths
from payi_transport.config.schema import LimitState
from payi_transport.config.validation import check_config
from payi_transport.context.frame import FIELDS
from payi_transport.errors import PayiConfigError
from tests.config.paths import read, write

COUNT = "an integer from 0 to 2**53"
POSITIVE = "an integer from 1 to 2**53"
SECONDS = "a number of seconds from 0 to 86400"
INTERVAL = "a number of seconds above 0, up to 86400"
NO_COMMA = "expected a string that is not empty and has no comma"
# Path, the least and the most, and what is beyond them.
BOUNDS: list[tuple[str, float, float, float, float, str]] = [
    ("connection_error_logging_window", 0, 2**53, -1, 2**53 + 1, COUNT),
    ("ingest_retry.max_inline_retries", 0, 2**53, -1, 2**53 + 1, COUNT),
    ("ingest_retry.inline_retry_initial_delay", 0, 86400, -0.1, 86400.1, SECONDS),
    ("ingest_retry.queue_max_size", 0, 2**53, -1, 2**53 + 1, COUNT),
    ("ingest_retry.queue_interval", 0.001, 86400, 0, 86400.1, INTERVAL),
    ("delivery.max_batch", 1, 2**53, 0, 2**53 + 1, POSITIVE),
    ("delivery.flush_interval", 0.001, 86400, 0, 86401, INTERVAL),
    ("delivery.ring_capacity", 1, 2**53, 0, 2**53 + 1, POSITIVE),
    ("delivery.max_bytes_in_flight", 1, 2**53, 0, 2**53 + 1, POSITIVE),
    ("delivery.spool_max_bytes", 1, 2**53, 0, 2**53 + 1, POSITIVE),
    ("capture.max_body_bytes", 1, 2**53, 0, 2**53 + 1, POSITIVE),
    ("limit_check_interval", 0.001, 86400, 0, 86401, INTERVAL),
]


@pytest.mark.parametrize("row", BOUNDS, ids=[row[0] for row in BOUNDS])
def test_a_number_is_accepted_up_to_its_bounds(row: tuple[str, float, float, float, float, str]) -> None:
    path, least, most, below, above, accepted = row
    for value in (least, most):
        assert read(check_config(write(path, value)), path) == value
    for value in (below, above):
        with pytest.raises(PayiConfigError) as refused:
            check_config(write(path, value))
        assert str(refused.value) == f"config.{path}: expected {accepted}, got {value!r}"


@pytest.mark.parametrize("scope", ["global", "datazone", "region", "datazone.eu", "region.us-east-1"])
def test_the_scope_of_a_model_is_global_a_zone_or_a_region(scope: str) -> None:
    rows = [{"model": "m", "resource_scope": scope}]
    settings = check_config({"openai_config": {"model_mappings": rows}})
    assert settings.openai_config.model_mappings[0].resource_scope == scope


@pytest.mark.parametrize("scope", ["global.eu", "datazone.", "regional", "x.region", "", "zone"])
def test_any_other_scope_is_refused(scope: str) -> None:
    with pytest.raises(PayiConfigError, match="resource_scope: expected 'global', 'datazone', 'region', "):
        check_config({"openai_config": {"model_mappings": [{"model": "m", "resource_scope": scope}]}})


@pytest.mark.parametrize(
    "field",
    [*(event for _, event, _ in FIELDS.event_fields), "request_properties.team", "use_case_properties.a.b"],
)
def test_each_field_of_an_event_and_each_property_can_be_required(field: str) -> None:
    assert check_config({"require": [field]}).require == (field,)


@pytest.mark.parametrize("field", ["team", "user", "request_properties", "request_properties.", "x.user_id"])
def test_what_no_event_has_cannot_be_required(field: str) -> None:
    with pytest.raises(PayiConfigError) as refused:
        check_config({"require": [field]})
    assert str(refused.value).startswith("config.require[0]: expected '")
    assert str(refused.value).endswith(f"' or 'request_properties.<name>', got {field!r}")


@pytest.mark.parametrize("state", ["blocked", "blocked_external", "overrun", "exceeded", "failed"])
def test_calls_can_be_refused_in_each_state_but_ok(state: LimitState) -> None:
    assert check_config({"enforce_states": [state]}).enforce_states == (state,)
    with pytest.raises(PayiConfigError) as refused:
        check_config({"enforce_states": [state, "ok"]})
    assert str(refused.value) == (
        "config.enforce_states[1]: expected 'blocked', 'blocked_external', 'overrun', 'exceeded' or 'failed',"
        " got 'ok'"
    )


@pytest.mark.parametrize("key", ["price_as_category", "price_as_resource", "resource_scope"])
def test_one_key_is_enough_for_a_model_mapping(key: str) -> None:
    row = {"model": "m", key: "global"}
    (mapping,) = check_config({"aws_config": {"model_mappings": [row]}}).aws_config.model_mappings
    assert getattr(mapping, key) == "global"
    assert mapping.host is None


def test_a_bucket_has_a_new_file_every_quarter_of_an_hour() -> None:
    bucket = check_config({"bucket": {"url": "s3://b"}}).bucket
    assert bucket is not None
    assert (bucket.url, bucket.every, bucket.endpoint, bucket.region) == ("s3://b", 900.0, None, None)


def test_the_files_of_tokenizers_are_collected_from_every_section() -> None:
    settings = check_config(
        {
            "aws_config": {"model_config": {"a": {"tokenizer_path": "a.json"}, "b": {}}},
            "openai_config": {"model_config": {"c": {"tokenizer_path": "c.json"}}},
        }
    )
    assert collect_tokenizer_paths(settings) == {"a": "a.json", "c": "c.json"}
    assert collect_tokenizer_paths(check_config({})) == {}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"capture": {"request_headers": ["x y"]}}, "such as 'x-request-id', got 'x y'"),
        ({"capture": {"request_headers": ["x:"]}}, "such as 'x-request-id', got 'x:'"),
        ({"limit_ids": ["a", " "]}, f"config.limit_ids[1]: {NO_COMMA}, got ' '"),
        ({"request_tags": ["a,b"]}, f"config.request_tags[0]: {NO_COMMA}, got 'a,b'"),
        ({"time_zone": "Mars"}, "config.time_zone: expected a time zone such as"),
    ],
)
def test_what_is_wrong_beyond_its_type_is_named(config: dict[str, Any], message: str) -> None:
    with pytest.raises(PayiConfigError) as refused:
        check_config(config)
    assert message in str(refused.value)
