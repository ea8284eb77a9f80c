"""The config: its defaults, what its keys set, and which instruments there are."""

from __future__ import annotations

import copy
import logging
from collections import OrderedDict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from payi_transport.config import schema
from payi_transport.config.validation import check_config, check_instruments
from payi_transport.errors import PayiConfigError
from payi_transport.providers.registry import REGISTRY
from payi_transport.values.names import PayiCategories
from tests.config.paths import read, write

DEFAULTS: dict[str, Any] = {
    # As Pay-i documents them.
    "proxy": False,
    "global_instrumentation": True,
    "instrument_inline_data": False,
    "connection_error_logging_window": 60,
    "host_mappings": {},
    "offline_instrumentation": None,
    "aws_config.guardrail_trace": True,
    "aws_config.add_streaming_xproxy_result": False,
    "use_case_name": None,  # then it is the caller's, which payi_instrument() finds
    "use_case_id": None,
    "use_case_version": None,
    "use_case_properties": {},
    "limit_ids": (),
    "user_id": None,
    "account_name": None,
    "request_properties": {},
    "ingest_retry.max_inline_retries": 0,
    "ingest_retry.inline_retry_initial_delay": 0.5,
    "ingest_retry.queue_enabled": True,
    "ingest_retry.queue_max_size": 0,
    "ingest_retry.queue_interval": 5.0,
    # Keys that this library adds.
    "instruments": None,
    "log_prompt_and_response": True,
    "resource_attributes": True,
    "hash_user_ids": False,
    "required": True,
    "require": (),
    "sinks": None,
    "nats": None,
    "bucket": None,
    "otel": None,
    "budgets": {},
    "budgets_file": None,
    "time_zone": None,
    "prices.own": (),
    "azure_openai_config.model_mappings": (),
    "anthropic_config.model_config": {},
    "request_tags": (),
    "openai_config.include_usage": "auto",
    "openai_config.host_mappings": {},
    "databricks.host_mappings": {},
    "delivery.mode": "bulk",
    "delivery.max_batch": 256,
    "delivery.flush_interval": 0.5,
    "delivery.ring_capacity": 65536,
    "delivery.max_bytes_in_flight": 256 * 1024 * 1024,
    "delivery.spool_directory": None,
    "delivery.spool_max_bytes": 1024 * 1024 * 1024,
    "capture.max_body_bytes": 16 * 1024 * 1024,
    "capture.request_headers": (),
    "on_limit": None,
    "enforce_limits": False,
    "enforce_states": ("blocked", "blocked_external", "overrun"),
    "limit_check_interval": 30.0,
}


@pytest.mark.parametrize("config", [None, {}], ids=["None", "{}"])
@pytest.mark.parametrize(("path", "default"), DEFAULTS.items(), ids=DEFAULTS)
def test_a_key_that_is_not_set_has_its_default(
    path: str, default: Any, config: dict[str, Any] | None
) -> None:
    assert read(check_config(config), path) == default


@pytest.mark.parametrize(("path", "default"), DEFAULTS.items(), ids=DEFAULTS)
def test_none_stands_for_the_default(path: str, default: Any) -> None:
    assert read(check_config(write(path, None)), path) == default
    assert check_config(write(path.partition(".")[0], None)) == check_config(None)


@pytest.mark.parametrize("section", ["offline_instrumentation"])
def test_an_empty_section_counts_as_set(section: str) -> None:
    assert check_config({section: {}}).offline_instrumentation == schema.OfflineSettings()


GIVEN: dict[str, Any] = {
    "global_instrumentation": False,
    "connection_error_logging_window": 0,
    "host_mappings": {"h.test": {"price_as_category": "c", "include_usage": False}},
    "offline_instrumentation": {"file_name": "events.json"},
    "ingest_retry": {
        "max_inline_retries": 2,
        "inline_retry_initial_delay": 1,
        "queue_enabled": False,
        "queue_max_size": 100,
        "queue_interval": 0.25,
    },
    "delivery": {
        "mode": "single",
        "max_batch": 1,
        "flush_interval": 0.01,
        "ring_capacity": 8,
        "max_bytes_in_flight": 4096,
        "spool_directory": "spool",
        "spool_max_bytes": 1 << 20,
    },
    "capture": {"max_body_bytes": 1024, "request_headers": ["X-Team", "x-trace"]},
    "openai_config": {"include_usage": True, "host_mappings": {"o.test": {"price_as_category": "c"}}},
    "use_case_name": "Prüfung 🧾",
    "use_case_id": "id",
    "use_case_version": 3,
    "use_case_properties": {"a": "1", "b": 2, "c": 0.5, "d": True, "e": None},
    "limit_ids": ["one", "two"],
    "user_id": "ユーザー",
    "account_name": "",
    "request_properties": {"environment": "production"},
    "request_tags": ("x",),
}


def test_settings_have_the_values_of_the_config() -> None:
    settings = check_config(GIVEN)
    assert settings.ingest_retry == schema.IngestRetrySettings(
        max_inline_retries=2,
        inline_retry_initial_delay=1.0,
        queue_enabled=False,
        queue_max_size=100,
        queue_interval=0.25,
    )
    assert settings.delivery == schema.DeliverySettings(
        mode="single",
        max_batch=1,
        flush_interval=0.01,
        ring_capacity=8,
        max_bytes_in_flight=4096,
        spool_directory="spool",
        spool_max_bytes=1 << 20,
    )
    assert settings.capture.request_headers == ("X-Team", "x-trace")
    assert settings.openai_config.include_usage is True
    assert settings.offline_instrumentation == schema.OfflineSettings(file_name="events.json")
    assert read(settings, "use_case_name") == "Prüfung 🧾"
    assert read(settings, "use_case_properties") == {"a": "1", "b": 2, "c": 0.5, "d": True}
    assert (read(settings, "limit_ids"), read(settings, "request_tags")) == (("one", "two"), ("x",))
    assert read(settings, "account_name") == ""


def test_the_callers_dict_is_never_changed() -> None:
    given = copy.deepcopy(GIVEN) | {"user_id": None, "capture": None}
    before = copy.deepcopy(given)
    settings = check_config(given)
    assert given == before
    given["host_mappings"]["h.test"]["price_as_category"] = "changed"
    given["request_properties"]["environment"] = "changed"
    assert settings.host_mappings["h.test"].price_as_category == "c"
    assert read(settings, "request_properties") == {"environment": "production"}


@pytest.mark.parametrize("kind", [OrderedDict, MappingProxyType])
def test_any_mapping_is_accepted_as_a_dict(kind: Any) -> None:
    settings = check_config(
        kind({"delivery": kind({"max_batch": 2}), "request_properties": kind({"a": "b"})})
    )
    assert settings.delivery.max_batch == 2
    assert read(settings, "request_properties") == {"a": "b"}


@pytest.mark.parametrize("instruments", [None, {"*"}, frozenset({"*"}), {"*", "system.openai"}])
def test_all_instruments(instruments: object) -> None:
    assert check_instruments(instruments) is None


@pytest.mark.parametrize("name", sorted(REGISTRY.instruments))
def test_every_category_is_an_instrument(name: str) -> None:
    assert check_instruments({name}) == frozenset({name})


def test_several_instruments() -> None:
    given = frozenset({PayiCategories.openai, "system.databricks"})
    assert check_instruments(given) == given
    assert check_instruments(dict.fromkeys(given).keys()) == given
    assert check_instruments(list(given)) == check_instruments(tuple(given)) == given


@pytest.mark.parametrize(
    ("instruments", "part"),
    [
        (set(), "set()"),
        ({"openai"}, "'openai'"),
        ({"system.openai", "system.cohere"}, "'system.cohere'"),
        ({"*", "bogus"}, "'bogus'"),
        ({"System.OpenAI"}, "'System.OpenAI'"),
        (["openai"], "did you mean 'system.openai'?"),
        ([], "[]"),
        ("system.openai", "'system.openai'"),
        ({3}, "{3}"),
        (3, "3"),
    ],
)
def test_anything_else_is_an_error_that_says_what_is_accepted(instruments: object, part: str) -> None:
    with pytest.raises(PayiConfigError, match="instruments: ") as error:
        check_instruments(instruments)
    assert part in str(error.value)
    if isinstance(instruments, set) and 3 not in instruments:
        assert "'*', system.anthropic" in str(error.value)


@pytest.mark.parametrize("name", ["events.json", Path("events.json")], ids=repr)
def test_the_offline_section_may_be_a_file_name_or_a_switch(name: object) -> None:
    expected = schema.OfflineSettings(file_name="events.json")
    assert check_config({"offline_instrumentation": name}).offline_instrumentation == expected
    assert check_config({"offline_instrumentation": {"file_name": name}}).offline_instrumentation == expected
    assert check_config({"offline_instrumentation": True}).offline_instrumentation == schema.OfflineSettings()
    assert check_config({"offline_instrumentation": False}).offline_instrumentation is None


def test_any_path_of_the_config_may_be_a_path_object() -> None:
    settings = check_config(
        {
            "delivery": {"spool_directory": Path("/var/spool")},
            "aws_config": {"model_config": {"m": {"tokenizer_path": Path("t.json")}}},
        }
    )
    assert settings.delivery.spool_directory == "/var/spool"
    assert settings.aws_config.model_config["m"].tokenizer_path == "t.json"


def test_checking_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        check_config(GIVEN)
    assert not caplog.records
