"""The configuration: every default, and every mistake told at once: where, what was given, what would do."""

from __future__ import annotations

import copy
import logging
from collections import OrderedDict
from types import MappingProxyType
from typing import Any, get_type_hints

import httpx
import httpx2
import msgspec
import pytest

from payi_transport import config as module
from payi_transport import settings as values
from payi_transport.config import (
    check_config,
    check_instruments,
    collect_host_mappings,
    collect_model_mappings,
)
from payi_transport.errors import PayiConfigError, PayiError
from payi_transport.names import INSTRUMENTS, SECRET_HEADERS, PayiCategories
from payi_transport.reading.pricing import ModelMapping
from payi_transport.routing.hosts import HostMapping, HostPattern

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
    "use_case_name": None,  # then it is the calling file's, which payi_instrument() finds
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
    # Our own.
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
    "limit_check_interval": 30.0,
}


def read(settings: Any, path: str) -> Any:
    for name in path.split("."):
        settings = getattr(settings, name)
    return settings


def write(path: str, value: Any) -> dict[str, Any]:
    first, _, rest = path.partition(".")
    return {first: write(rest, value) if rest else value}


@pytest.mark.parametrize("config", [None, {}], ids=["None", "{}"])
@pytest.mark.parametrize(("path", "default"), DEFAULTS.items(), ids=DEFAULTS)
def test_a_key_that_is_not_given_has_its_default(
    path: str, default: Any, config: dict[str, Any] | None
) -> None:
    assert read(check_config(config), path) == default


@pytest.mark.parametrize(("path", "default"), DEFAULTS.items(), ids=DEFAULTS)
def test_none_stands_for_the_default(path: str, default: Any) -> None:
    assert read(check_config(write(path, None)), path) == default
    assert check_config(write(path.partition(".")[0], None)) == check_config(None)


@pytest.mark.parametrize("section", ["offline_instrumentation"])
def test_an_empty_section_is_one_that_is_asked_for(section: str) -> None:
    assert check_config({section: {}}).offline_instrumentation == values.OfflineSettings()


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


def test_what_is_given_is_what_is_set() -> None:
    settings = check_config(GIVEN)
    assert settings.ingest_retry == values.IngestRetrySettings(
        max_inline_retries=2,
        inline_retry_initial_delay=1.0,
        queue_enabled=False,
        queue_max_size=100,
        queue_interval=0.25,
    )
    assert settings.delivery == values.DeliverySettings(
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
    assert settings.offline_instrumentation == values.OfflineSettings(file_name="events.json")
    assert settings.use_case_name == "Prüfung 🧾"
    assert settings.use_case_properties == {"a": "1", "b": 2, "c": 0.5, "d": True}
    assert (settings.limit_ids, settings.request_tags) == (("one", "two"), ("x",))
    assert settings.account_name == ""


def test_the_callers_dict_is_never_written_to() -> None:
    given = copy.deepcopy(GIVEN) | {"user_id": None, "capture": None}
    before = copy.deepcopy(given)
    settings = check_config(given)
    assert given == before
    given["host_mappings"]["h.test"]["price_as_category"] = "changed"
    given["request_properties"]["environment"] = "changed"
    assert settings.host_mappings["h.test"].price_as_category == "c"
    assert settings.request_properties == {"environment": "production"}


@pytest.mark.parametrize("kind", [OrderedDict, MappingProxyType])
def test_any_mapping_is_a_dict(kind: Any) -> None:
    settings = check_config(
        kind({"delivery": kind({"max_batch": 2}), "request_properties": kind({"a": "b"})})
    )
    assert settings.delivery.max_batch == 2
    assert settings.request_properties == {"a": "b"}


BAD: dict[str, tuple[dict[Any, Any], list[str]]] = {
    "unknown key": ({"use_case": "x"}, ["config:", "'use_case'", "use_case_name", "delivery"]),
    "unknown key in a section": (
        {"delivery": {"batch": 3}},
        ["config.delivery:", "'batch'", "max_batch", "mode"],
    ),
    "unknown key in a mapping": (
        {"databricks": {"host_mappings": {"h.test": {"category": "x"}}}},
        ["config.databricks.host_mappings['h.test']:", "'category'", "price_as_category"],
    ),
    "a key that is no text": ({3: "x"}, ["config:", "unknown key 3"]),
    "text for a number": ({"connection_error_logging_window": "60"}, ["window:", "'60'", "int"]),
    "true for a number": ({"delivery": {"max_batch": True}}, ["config.delivery.max_batch:", "True", "int"]),
    "a number for true": (
        {"global_instrumentation": 1},
        ["global_instrumentation:", "given 1", "True, False"],
    ),
    "a fraction for a count": (
        {"capture": {"max_body_bytes": 0.5}},
        ["capture.max_body_bytes:", "0.5", "int"],
    ),
    "a number for text": ({"user_id": 7}, ["config.user_id:", "given 7", "str"]),
    "text for a list": ({"limit_ids": "a,b"}, ["config.limit_ids:", "'a,b'", "array"]),
    "a number in a list": ({"limit_ids": ["a", 3]}, ["config.limit_ids[1]:", "3", "str"]),
    "None in a list": ({"request_tags": [None]}, ["config.request_tags[0]:", "None", "str"]),
    "a list for a section": ({"delivery": []}, ["config.delivery:", "given []", "object"]),
    "text for a section": ({"offline_instrumentation": "f"}, ["offline_instrumentation:", "'f'", "object"]),
    "a dict for text": ({"use_case_name": {"a": "b"}}, ["use_case_name:", "{'a': 'b'}", "str"]),
    "a list for properties": ({"request_properties": ["a"]}, ["request_properties:", "['a']", "object"]),
    "a list in properties": ({"request_properties": {"a": []}}, ["request_properties['a']:", "[]", "str"]),
    "a property without a name": ({"use_case_properties": {3: "x"}}, ["properties: key 3:", "str"]),
    "a mapping that is none": (
        {"host_mappings": {"h.test": "c"}},
        ["host_mappings['h.test']:", "'c'", "object"],
    ),
    "a category that is no text": (
        {"openai": {"host_mappings": {"h.test": {"price_as_category": 3}}}},
        ["config.openai.host_mappings['h.test'].price_as_category:", "given 3", "str"],
    ),
    "an empty category": (
        {"host_mappings": {"h.test": {"price_as_category": ""}}},
        ["host_mappings['h.test'].price_as_category:", "given ''", "length >= 1"],
    ),
    "include_usage of a mapping": (
        {"host_mappings": {"h.test": {"include_usage": "auto"}}},
        ["host_mappings['h.test'].include_usage:", "'auto'", "True, False"],
    ),
    "include_usage": (
        {"openai_config": {"include_usage": "yes"}},
        ["include_usage:", "'yes'", "'auto'", "True"],
    ),
    "mode": ({"delivery": {"mode": "batch"}}, ["config.delivery.mode:", "'batch'", "'bulk', 'single'"]),
    "negative window": ({"connection_error_logging_window": -1}, ["window:", "-1", ">= 0"]),
    "negative retries": ({"ingest_retry": {"max_inline_retries": -1}}, ["max_inline_retries:", "-1", ">= 0"]),
    "negative delay": ({"ingest_retry": {"inline_retry_initial_delay": -0.1}}, ["delay:", "-0.1", ">= 0"]),
    "negative queue": ({"ingest_retry": {"queue_max_size": -5}}, ["queue_max_size:", "-5", ">= 0"]),
    "no queue interval": ({"ingest_retry": {"queue_interval": 0}}, ["queue_interval:", "given 0", "> 0"]),
    "negative interval": ({"delivery": {"flush_interval": -1}}, ["flush_interval:", "-1", "> 0"]),
    "an interval that is no number": (
        {"delivery": {"flush_interval": float("nan")}},
        ["flush_interval:", "nan", "> 0"],
    ),
    "an endless interval": (
        {"delivery": {"flush_interval": float("inf")}},
        ["flush_interval:", "inf", "<= 86400"],
    ),
    "a delay of years": ({"ingest_retry": {"inline_retry_initial_delay": 1e9}}, ["delay:", "<= 86400"]),
    "an immense window": ({"connection_error_logging_window": 10**40}, ["window:", "64 bits"]),
    "an immense negative window": ({"connection_error_logging_window": -(10**40)}, ["window:", "64 bits"]),
    "a window of ages": ({"connection_error_logging_window": 2**60}, ["window:", "<= 9007199254740992"]),
    "no batch": ({"delivery": {"max_batch": 0}}, ["max_batch:", "given 0", ">= 1"]),
    "no ring": ({"delivery": {"ring_capacity": 0}}, ["ring_capacity:", "given 0", ">= 1"]),
    "no spool": ({"delivery": {"spool_directory": ""}}, ["spool_directory:", "''", ">= 1"]),
    "no bytes": ({"delivery": {"max_bytes_in_flight": 0}}, ["max_bytes_in_flight:", "given 0", ">= 1"]),
    "no file": ({"offline_instrumentation": {"file_name": ""}}, ["file_name:", "given ''", "length >= 1"]),
    "a listener that is none": ({"on_limit": 3}, ["config.on_limit:", "callable", "given 3"]),
    "a mapping without effect": (
        {"openai_config": {"model_mappings": [{"model": "a"}]}},
        ["config.openai_config.model_mappings[0]:", "price_as_category", "resource_scope is needed"],
    ),
    "a mapping without a model": (
        {"aws_config": {"model_mappings": [{"price_as_resource": "a"}]}},
        ["config.aws_config.model_mappings[0]:", "`model`"],
    ),
    "an unknown scope": (
        {"openai_config": {"model_mappings": [{"model": "a", "resource_scope": "moon"}]}},
        ["config.openai_config.model_mappings[0].resource_scope:", "moon"],
    ),
}


@pytest.mark.parametrize(("config", "parts"), BAD.values(), ids=BAD)
def test_a_mistake_is_told_with_its_place_its_value_and_what_would_do(
    config: dict[Any, Any], parts: list[str]
) -> None:
    with pytest.raises(PayiConfigError) as error:
        check_config(config)
    for part in parts:
        assert part in str(error.value)


@pytest.mark.parametrize("config", [[], "x", 3, [("a", 1)], True])
def test_a_config_that_is_no_dict_is_an_error(config: Any) -> None:
    with pytest.raises(PayiConfigError, match="config: expected a dict"):
        check_config(config)


def test_a_config_error_is_both_one_of_ours_and_a_value_error() -> None:
    with pytest.raises(PayiError):
        check_config({"x": 1})
    with pytest.raises(ValueError, match="unknown key"):
        check_config({"x": 1})


@pytest.mark.parametrize("name", sorted(SECRET_HEADERS))
@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title, "{} ".format])
def test_credentials_can_not_be_asked_for(name: str, spell: Any) -> None:
    with pytest.raises(PayiConfigError, match="never recorded") as error:
        check_config({"capture": {"request_headers": ["x-team", spell(name)]}})
    assert "config.capture.request_headers" in str(error.value)


PAIRS = {
    module.PayiInstrumentConfig: values.Settings,
    module.PayiInstrumentHostMappingConfig: values.HostMappingSettings,
    module.PayiProviderConfig: values.ProviderSettings,
    module.PayiModelsConfig: values.ModelsSettings,
    module.PayiModelProviderConfig: values.ModelProviderSettings,
    module.PayiInstrumentModelMapping: values.ModelMappingSettings,
    module.PayiInstrumentModelConfig: values.ModelConfigSettings,
    module.PayiInstrumentOpenAiConfig: values.OpenAISettings,
    module.PayiInstrumentAwsBedrockConfig: values.AwsSettings,
    module.PayiInstrumentOfflineInstrumentationConfig: values.OfflineSettings,
    module.PayiInstrumentIngestRetryConfig: values.IngestRetrySettings,
    module.PayiDeliveryConfig: values.DeliverySettings,
    module.PayiCaptureConfig: values.CaptureSettings,
}


@pytest.mark.parametrize(("written", "used"), PAIRS.items(), ids=lambda kind: kind.__name__)
def test_what_users_write_has_the_keys_of_what_is_used(written: type, used: type[msgspec.Struct]) -> None:
    assert set(get_type_hints(written)) == set(used.__struct_fields__)


def test_no_section_is_without_a_type_for_users() -> None:
    sections = {
        kind
        for kind in vars(values).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__struct_fields__
    }
    assert sections == set(PAIRS.values())
    assert {kind.__name__ for kind in PAIRS} == set(module.__all__)


def test_every_section_with_host_mappings_is_collected() -> None:
    hints = get_type_hints(values.Settings)
    holders = {
        name for name, kind in hints.items() if "host_mappings" in getattr(kind, "__struct_fields__", ())
    }
    assert holders == set(values.PROVIDER_SECTIONS)


def collect(config: dict[str, Any]) -> dict[HostPattern, HostMapping]:
    return collect_host_mappings(check_config(config))


@pytest.mark.parametrize("section", ["", *values.PROVIDER_SECTIONS])
@pytest.mark.parametrize(
    "key",
    ["h.test", "https://H.test/", httpx.URL("https://h.test/v1"), httpx2.URL("https://h.test")],
    ids=repr,
)
def test_host_mappings_are_collected_from_every_section(section: str, key: object) -> None:
    mappings = {"host_mappings": {key: {"price_as_category": "c", "include_usage": True}}}
    config = {section: mappings} if section else mappings
    assert collect(config) == {HostPattern("h.test", None): HostMapping("c", True)}


def test_host_mappings_of_all_sections_are_collected_together() -> None:
    one = {"host_mappings": {"a.test": {"price_as_category": "a"}}}
    two = {"host_mappings": {"b.test:8443": {"price_as_category": "b"}}}
    assert collect({**one, "databricks": two, "openai_config": {"host_mappings": None}}) == {
        HostPattern("a.test", None): HostMapping("a", None),
        HostPattern("b.test", 8443): HostMapping("b", None),
    }


@pytest.mark.parametrize("key", ["", "a b", "ftp://h.test", "h.test:port", 3, None, b"h.test"], ids=repr)
@pytest.mark.parametrize("section", ["", "databricks"])
def test_a_key_that_is_no_host_is_told_with_its_place(section: str, key: object) -> None:
    mappings = {"host_mappings": {key: {"price_as_category": "c"}}}
    with pytest.raises(PayiConfigError) as error:
        collect({section: mappings} if section else mappings)
    place = f"config.{section}.host_mappings" if section else "config.host_mappings"
    for part in (f"{place}:", repr(key), "accepted: a host name"):
        assert part in str(error.value)


@pytest.mark.parametrize("mapping", [{}, {"include_usage": True}, {"price_as_category": None}])
@pytest.mark.parametrize("key", ["h.test", "*.h.test", "*.com"])
def test_an_unknown_host_needs_a_category(key: str, mapping: dict[str, Any]) -> None:
    with pytest.raises(PayiConfigError, match="price_as_category is needed") as error:
        collect({"host_mappings": {key: mapping}})
    assert f"config.host_mappings[{key!r}]" in str(error.value)


@pytest.mark.parametrize("key", ["api.openai.com", "*.openai.azure.com", "x.azuredatabricks.net:443"])
def test_a_known_host_needs_none(key: str) -> None:
    (mapping,) = collect({"host_mappings": {key: {"include_usage": True}}}).values()
    assert mapping == HostMapping(None, True)


MODEL_SECTIONS = (
    "openai_config",
    "openai_config.azure",
    "azure_openai_config",
    "anthropic_config",
    "aws_config",
)


def map_models(section: str, *rows: dict[str, Any]) -> dict[str, Any]:
    return write(f"{section}.model_mappings", list(rows))


@pytest.mark.parametrize("section", MODEL_SECTIONS)
def test_model_mappings_are_collected_from_every_section(section: str) -> None:
    row = {
        "model": "m",
        "host": None,
        "price_as_category": "c",
        "price_as_resource": "r",
        "resource_scope": "datazone.eu",
    }
    settings = check_config(map_models(section, row))
    assert collect_model_mappings(settings) == (ModelMapping("m", None, "c", "r", "datazone.eu"),)


def test_model_mappings_keep_their_order() -> None:
    rows = [{"model": name, "price_as_resource": "r"} for name in "edcba"]
    config = {
        "aws_config": {"model_mappings": rows[4:]},
        "azure_openai_config": {"model_mappings": rows[2:4]},
        "openai_config": {"azure": {"model_mappings": rows[1:2]}, "model_mappings": rows[:1]},
        "anthropic_config": {"model_mappings": None},
    }
    assert [mapping.model for mapping in collect_model_mappings(check_config(config))] == list("edcba")


def test_without_model_mappings_there_are_none() -> None:
    assert collect_model_mappings(check_config(None)) == ()


@pytest.mark.parametrize(
    ("host", "pattern"),
    [
        ("H.test", HostPattern("h.test", None)),
        ("https://h.test:8443/v1?x=1", HostPattern("h.test", 8443)),
        ("*.h.test", HostPattern("*.h.test", None)),
        (httpx.URL("https://h.test/v1"), HostPattern("h.test", None)),
        (httpx2.URL("http://h.test:8000"), HostPattern("h.test", 8000)),
        (None, None),
    ],
    ids=repr,
)
def test_the_host_of_a_model_mapping_may_have_any_spelling(host: object, pattern: HostPattern | None) -> None:
    row = {"model": "m", "host": host, "price_as_resource": "r"}
    (mapping,) = collect_model_mappings(check_config(map_models("openai_config", row)))
    assert mapping.host == pattern


@pytest.mark.parametrize("host", ["", "a b", "ftp://h.test", 3, b"h.test"], ids=repr)
@pytest.mark.parametrize("section", MODEL_SECTIONS)
def test_a_model_mapping_for_no_host_is_told_with_its_place(section: str, host: object) -> None:
    row = {"model": "m", "price_as_resource": "r"}
    settings = check_config(map_models(section, row, {**row, "host": host}))
    with pytest.raises(PayiConfigError) as error:
        collect_model_mappings(settings)
    for part in (f"config.{section}.model_mappings[1].host:", repr(host), "accepted: a host name"):
        assert part in str(error.value)


@pytest.mark.parametrize("instruments", [None, {"*"}, frozenset({"*"}), {"*", "system.openai"}])
def test_all_instruments(instruments: object) -> None:
    assert check_instruments(instruments) is None


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_every_category_is_an_instrument(name: str) -> None:
    assert check_instruments({name}) == frozenset({name})


def test_several_instruments() -> None:
    given = frozenset({PayiCategories.openai, "system.databricks"})
    assert check_instruments(given) == given
    assert check_instruments(dict.fromkeys(given).keys()) == given


@pytest.mark.parametrize(
    ("instruments", "part"),
    [
        (set(), "set()"),
        ({"openai"}, "'openai'"),
        ({"system.openai", "system.cohere"}, "'system.cohere'"),
        ({"*", "bogus"}, "'bogus'"),
        ({"System.OpenAI"}, "'System.OpenAI'"),
        (["system.openai"], "['system.openai']"),
        ("system.openai", "'system.openai'"),
        ({3}, "{3}"),
        (3, "3"),
    ],
)
def test_anything_else_is_an_error_that_tells_what_is_accepted(instruments: object, part: str) -> None:
    with pytest.raises(PayiConfigError, match="instruments: ") as error:
        check_instruments(instruments)
    assert part in str(error.value)
    if isinstance(instruments, set) and 3 not in instruments:
        assert "'*', system.anthropic" in str(error.value)


def test_checking_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        check_config(GIVEN)
    assert not caplog.records
