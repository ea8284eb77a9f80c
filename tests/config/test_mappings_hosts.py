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
    ["h.test", "https://H.test/", httpx.URL("https://h.test/?a=b"), httpx2.URL("https://h.test")],
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


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("https://gw.test/Anthropic/", "/anthropic"),
        ("gw.test/a/b?key=x", "/a/b"),
        ("gw.test//a//b//", "/a/b"),
        (httpx.URL("https://gw.test/v1/"), "/v1"),
        ("gw.test/ü", "/%c3%bc"),
    ],
)
def test_a_key_with_a_path_maps_what_is_below_it(key: object, path: str) -> None:
    assert collect({"host_mappings": {key: {"price_as_category": "c"}}}) == {
        HostPattern("gw.test", None): HostMapping(
            None, None, paths=((path, HostMapping("c", None)),), whole=False
        )
    }


def test_the_mappings_of_a_host_and_of_its_paths_are_collected_together() -> None:
    rows = {
        "gw.test/a": {"price_as_category": "a"},
        "gw.test": {"price_as_category": "b"},
        "gw.test/c": {"price_as_category": "c", "format": "anthropic.messages"},
    }
    later = {"host_mappings": {"https://gw.test/a/": {"price_as_category": "d"}}}
    paths = (("/a", HostMapping("d", None)), ("/c", HostMapping("c", None, "anthropic.messages")))
    assert collect({"host_mappings": rows, "google": later}) == {
        HostPattern("gw.test", None): HostMapping("b", None, paths=paths)
    }


@pytest.mark.parametrize(
    "name",
    [
        "openai.chat",
        "anthropic.messages",
        "anthropic",
        "cohere",
        "voyage.rerank",
        "jina.embeddings",
        "vllm.chat",
    ],
)
def test_a_format_is_a_provider_or_one_of_its_apis(name: str) -> None:
    [mapping] = collect({"host_mappings": {"h.test": {"price_as_category": "c", "format": name}}}).values()
    assert mapping.format == name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("openai.chats", "did you mean 'openai.chat'?"),
        ("Anthropic.Messages", "did you mean 'anthropic.messages'?"),
        ("soap", "reads; accepted: a provider ('openai', "),
        ("soap", "), or one of its APIs, such as 'openai."),
    ],
)
def test_a_format_that_is_not_known_is_an_error_with_what_is_accepted(name: str, says: str) -> None:
    with pytest.raises(PayiConfigError) as error:
        collect({"openai": {"host_mappings": {"h.test/x": {"price_as_category": "c", "format": name}}}})
    assert str(error.value).startswith(f"config.openai.host_mappings['h.test/x'].format: {name!r} is not")
    assert says in str(error.value)
