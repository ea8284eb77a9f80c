"""Model mappings are collected from every section in order; a wrong host is an error with its place."""

from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest

from payi_transport.config.mappings import collect_model_mappings
from payi_transport.config.validation import check_config
from payi_transport.decode.pricing import ModelMapping
from payi_transport.errors import PayiConfigError
from payi_transport.routing.hosts import HostPattern
from tests.config.paths import write

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
def test_a_model_mapping_with_a_wrong_host_is_an_error_with_its_place(section: str, host: object) -> None:
    row = {"model": "m", "price_as_resource": "r"}
    settings = check_config(map_models(section, row, {**row, "host": host}))
    with pytest.raises(PayiConfigError) as error:
        collect_model_mappings(settings)
    for part in (f"config.{section}.model_mappings[1].host:", repr(host), "accepted: a host name"):
        assert part in str(error.value)
