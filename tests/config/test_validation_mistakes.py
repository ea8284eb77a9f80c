"""Every mistake in a config is an error at once: where it is, what is accepted, and what was passed."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.config.validation import check_config
from payi_transport.errors import PayiConfigError, PayiError
from payi_transport.values.names import SECRET_HEADERS

BAD: dict[str, tuple[dict[Any, Any], str]] = {
    "unknown key": ({"use_case": "x"}, "config: unknown key 'use_case'; accepted: account_name"),
    "unknown key in a section": (
        {"delivery": {"batch": 3}},
        (
            "config.delivery: unknown key 'batch'; accepted: flush_interval, max_batch,"
            " max_bytes_in_flight, mode, ring_capacity, spool_directory, spool_max_bytes"
        ),
    ),
    "unknown key in a mapping": (
        {"databricks": {"host_mappings": {"h.test": {"category": "x"}}}},
        (
            "config.databricks.host_mappings['h.test']: unknown key 'category'; accepted:"
            " format, include_usage, price_as_category"
        ),
    ),
    "a key that is not a string": ({3: "x"}, "config: unknown key 3; accepted: account_name"),
    "a string for a number": (
        {"connection_error_logging_window": "60"},
        ("config.connection_error_logging_window: expected an integer from 0 to 2**53, got '60'"),
    ),
    "a bool for a number": (
        {"delivery": {"max_batch": True}},
        "config.delivery.max_batch: expected an integer from 1 to 2**53, got True",
    ),
    "a number for a bool": (
        {"global_instrumentation": 1},
        "config.global_instrumentation: expected True or False, got 1",
    ),
    "a fraction for a count": (
        {"capture": {"max_body_bytes": 0.5}},
        "config.capture.max_body_bytes: expected an integer from 1 to 2**53, got 0.5",
    ),
    "a number for a string": ({"user_id": 7}, "config.user_id: expected a string, got 7"),
    "a string for a list": ({"limit_ids": "a,b"}, "config.limit_ids: expected a list of strings, got 'a,b'"),
    "a number in a list": ({"limit_ids": ["a", 3]}, "config.limit_ids[1]: expected a string, got 3"),
    "None in a list": ({"request_tags": [None]}, "config.request_tags[0]: expected a string, got None"),
    "a list for a section": (
        {"delivery": []},
        "config.delivery: expected a dict such as {'mode': ...}, got []",
    ),
    "a string for a section": (
        {"offline_instrumentation": 3},
        (
            "config.offline_instrumentation: expected a file name, True, False or a dict such as"
            " {'file_name': ...}, got 3"
        ),
    ),
    "an empty name of the offline file": (
        {"offline_instrumentation": ""},
        "config.offline_instrumentation.file_name: expected a string that is not empty, got ''",
    ),
    "a dict for a string": (
        {"use_case_name": {"a": "b"}},
        "config.use_case_name: expected a string, got {'a': 'b'}",
    ),
    "a list for properties": (
        {"request_properties": ["a"]},
        "config.request_properties: expected a dict, got ['a']",
    ),
    "a list in properties": (
        {"request_properties": {"a": []}},
        ("config.request_properties['a']: expected a string, a number, True or False, got []"),
    ),
    "a property without a name": (
        {"use_case_properties": {3: "x"}},
        "config.use_case_properties: key 3: expected a string, got 3",
    ),
    "a host mapping that is not a dict": (
        {"host_mappings": {"h.test": "c"}},
        ("config.host_mappings['h.test']: expected a dict such as {'price_as_category': ...}, got 'c'"),
    ),
    "a category that is not a string": (
        {"openai": {"host_mappings": {"h.test": {"price_as_category": 3}}}},
        (
            "config.openai.host_mappings['h.test'].price_as_category: expected a string that"
            " is not empty, got 3"
        ),
    ),
    "an empty category": (
        {"host_mappings": {"h.test": {"price_as_category": ""}}},
        ("config.host_mappings['h.test'].price_as_category: expected a string that is not empty, got ''"),
    ),
    "include_usage of a mapping": (
        {"host_mappings": {"h.test": {"include_usage": "auto"}}},
        ("config.host_mappings['h.test'].include_usage: expected True or False, got 'auto'"),
    ),
    "include_usage": (
        {"openai_config": {"include_usage": "yes"}},
        "config.openai_config.include_usage: expected True, False or 'auto', got 'yes'",
    ),
    "mode": (
        {"delivery": {"mode": "batch"}},
        "config.delivery.mode: expected 'bulk', 'single' or 'inline', got 'batch'",
    ),
    "negative window": (
        {"connection_error_logging_window": -1},
        ("config.connection_error_logging_window: expected an integer from 0 to 2**53, got -1"),
    ),
    "negative retries": (
        {"ingest_retry": {"max_inline_retries": -1}},
        ("config.ingest_retry.max_inline_retries: expected an integer from 0 to 2**53, got -1"),
    ),
    "negative delay": (
        {"ingest_retry": {"inline_retry_initial_delay": -0.1}},
        (
            "config.ingest_retry.inline_retry_initial_delay: expected a number of seconds"
            " from 0 to 86400, got -0.1"
        ),
    ),
    "negative queue": (
        {"ingest_retry": {"queue_max_size": -5}},
        "config.ingest_retry.queue_max_size: expected an integer from 0 to 2**53, got -5",
    ),
    "a queue interval of zero": (
        {"ingest_retry": {"queue_interval": 0}},
        ("config.ingest_retry.queue_interval: expected a number of seconds above 0, up to 86400, got 0"),
    ),
    "negative interval": (
        {"delivery": {"flush_interval": -1}},
        ("config.delivery.flush_interval: expected a number of seconds above 0, up to 86400, got -1"),
    ),
    "an interval that is not a number": (
        {"delivery": {"flush_interval": float("nan")}},
        ("config.delivery.flush_interval: expected a number of seconds above 0, up to 86400, got nan"),
    ),
    "an endless interval": (
        {"delivery": {"flush_interval": float("inf")}},
        ("config.delivery.flush_interval: expected a number of seconds above 0, up to 86400, got inf"),
    ),
    "a delay of years": (
        {"ingest_retry": {"inline_retry_initial_delay": 1e9}},
        (
            "config.ingest_retry.inline_retry_initial_delay: expected a number of seconds"
            " from 0 to 86400, got 1000000000.0"
        ),
    ),
    "an immense window": (
        {"connection_error_logging_window": 10**40},
        (
            "config.connection_error_logging_window: expected an integer from 0 to 2**53,"
            " got 10000000000000000000000000000000000000000"
        ),
    ),
    "an immense negative window": (
        {"connection_error_logging_window": -(10**40)},
        (
            "config.connection_error_logging_window: expected an integer from 0 to 2**53,"
            " got -10000000000000000000000000000000000000000"
        ),
    ),
    "an overlong window": (
        {"connection_error_logging_window": 2**60},
        (
            "config.connection_error_logging_window: expected an integer from 0 to 2**53,"
            " got 1152921504606846976"
        ),
    ),
    "an empty batch": (
        {"delivery": {"max_batch": 0}},
        "config.delivery.max_batch: expected an integer from 1 to 2**53, got 0",
    ),
    "an empty ring": (
        {"delivery": {"ring_capacity": 0}},
        "config.delivery.ring_capacity: expected an integer from 1 to 2**53, got 0",
    ),
    "an empty spool directory": (
        {"delivery": {"spool_directory": ""}},
        "config.delivery.spool_directory: expected a string that is not empty, got ''",
    ),
    "zero bytes": (
        {"delivery": {"max_bytes_in_flight": 0}},
        "config.delivery.max_bytes_in_flight: expected an integer from 1 to 2**53, got 0",
    ),
    "an empty file name": (
        {"offline_instrumentation": {"file_name": ""}},
        ("config.offline_instrumentation.file_name: expected a string that is not empty, got ''"),
    ),
    "a listener that can't be called": ({"on_limit": 3}, "config.on_limit: expected a callable, got 3"),
    "a mapping without effect": (
        {"openai_config": {"model_mappings": [{"model": "a"}]}},
        (
            "config.openai_config.model_mappings[0]: one of price_as_category,"
            " price_as_resource and resource_scope is needed"
        ),
    ),
    "a mapping without a model": (
        {"aws_config": {"model_mappings": [{"price_as_resource": "a"}]}},
        ("config.aws_config.model_mappings[0]: missing required key 'model' in {'price_as_resource': 'a'}"),
    ),
    "unknown key in a model mapping": (
        {
            "openai_config": {
                "azure": {"model_mappings": [{"model": "a", "price_as_resource": "b"}, {"modle": "x"}]}
            }
        },
        (
            "config.openai_config.azure.model_mappings[1]: unknown key 'modle'; accepted:"
            " host, model, price_as_category, price_as_resource, resource_scope"
        ),
    ),
    "a model mapping that is not a dict": (
        {"anthropic_config": {"model_mappings": ("claude",)}},
        ("config.anthropic_config.model_mappings[0]: expected a dict such as {'model': ...}, got 'claude'"),
    ),
    "model mappings that are not a list": (
        {"aws_config": {"model_mappings": {"model": "a"}}},
        "config.aws_config.model_mappings: expected a list of dicts, got {'model': 'a'}",
    ),
    "a number in a set": ({"request_tags": {3}}, "config.request_tags: expected a list of strings, got {3}"),
    "an unknown scope": (
        {"openai_config": {"model_mappings": [{"model": "a", "resource_scope": "moon"}]}},
        (
            "config.openai_config.model_mappings[0].resource_scope: expected 'global',"
            " 'datazone', 'region', 'datazone.<name>' or 'region.<name>', got 'moon'"
        ),
    ),
}


@pytest.mark.parametrize(("config", "message"), BAD.values(), ids=BAD)
def test_a_mistake_is_an_error_with_its_place_its_value_and_what_is_accepted(
    config: dict[Any, Any], message: str
) -> None:
    with pytest.raises(PayiConfigError) as error:
        check_config(config)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("config", [[], "x", 3, [("a", 1)], True])
def test_a_config_that_is_not_a_dict_is_an_error(config: Any) -> None:
    with pytest.raises(PayiConfigError, match="config: expected a dict"):
        check_config(config)


def test_a_config_error_is_a_payi_error_and_a_value_error() -> None:
    with pytest.raises(PayiError):
        check_config({"x": 1})
    with pytest.raises(ValueError, match="unknown key"):
        check_config({"x": 1})


@pytest.mark.parametrize("name", sorted(SECRET_HEADERS))
@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title, "{} ".format])
def test_headers_with_credentials_are_refused(name: str, spell: Any) -> None:
    with pytest.raises(PayiConfigError, match="never recorded") as error:
        check_config({"capture": {"request_headers": ["x-team", spell(name)]}})
    assert "config.capture.request_headers" in str(error.value)
