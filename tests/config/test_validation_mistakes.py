"""Every mistake in a config is told at once: where it is, what was given and what would do."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.config.validation import check_config
from payi_transport.errors import PayiConfigError, PayiError
from payi_transport.values.names import SECRET_HEADERS

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
    "unknown key in a model mapping": (
        {
            "openai_config": {
                "azure": {"model_mappings": [{"model": "a", "price_as_resource": "b"}, {"modle": "x"}]}
            }
        },
        ["config.openai_config.azure.model_mappings[1]:", "unknown key 'modle'", "accepted: host, model, "],
    ),
    "a model mapping that is none": (
        {"anthropic_config": {"model_mappings": ("claude",)}},
        ["config.anthropic_config.model_mappings[0]:", "given 'claude'", "object"],
    ),
    "model mappings that are no list": (
        {"aws_config": {"model_mappings": {"model": "a"}}},
        ["config.aws_config.model_mappings:", "given {'model': 'a'}", "array"],
    ),
    "a number in a set": ({"request_tags": {3}}, ["config.request_tags[0]:", "given {3}", "str"]),
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


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"delivery": {"mode": "blk"}},
            "config.delivery.mode: given 'blk'; accepted: 'bulk', 'single', 'inline'",
        ),
        ({"proxy": "yes"}, "config.proxy: given 'yes'; accepted: True, False"),
        (
            {"openai_config": {"include_usage": "on"}},
            "config.openai_config.include_usage: given 'on'; accepted: True, False, 'auto'",
        ),
    ],
)
def test_where_few_values_are_accepted_all_of_them_are_named(config: dict[Any, Any], message: str) -> None:
    with pytest.raises(PayiConfigError) as error:
        check_config(config)
    assert str(error.value) == message


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
