"""Host mappings are collected from every section; a wrong one is an error with its place."""

from __future__ import annotations

from typing import Any, get_type_hints

import httpx
import httpx2
import pytest

from payi_transport.config.mappings import collect_host_mappings
from payi_transport.config.schema import Settings
from payi_transport.config.validation import check_config
from payi_transport.errors import PayiConfigError
from payi_transport.routing.hosts import HostMapping, HostPattern

SECTIONS = [
    name
    for name, hint in get_type_hints(Settings).items()
    if "host_mappings" in getattr(hint, "__struct_fields__", ())
]


def test_every_provider_has_a_section_for_host_mappings() -> None:
    assert {"openai_config", "anthropic_config", "aws_config"} < set(SECTIONS)
    assert {"openai", "azure", "anthropic", "google", "databricks"} < set(SECTIONS)


def collect(config: dict[str, Any]) -> dict[HostPattern, HostMapping]:
    return collect_host_mappings(check_config(config))


@pytest.mark.parametrize("section", ["", *SECTIONS])
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
def test_a_key_that_is_not_a_host_is_an_error_with_its_place(section: str, key: object) -> None:
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
def test_a_known_host_needs_no_category(key: str) -> None:
    (mapping,) = collect({"host_mappings": {key: {"include_usage": True}}}).values()
    assert mapping == HostMapping(None, True)
