"""The registry: what providers state, by name, host and path, and nothing stated twice."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Any

import pytest

from payi_transport import providers
from payi_transport.providers import google
from payi_transport.providers.openai.chat import read_chat
from payi_transport.providers.provider import Forwarding, HostRule, Operation, Provider, Readers, get, post
from payi_transport.providers.registry import PROVIDERS, REGISTRY, Registry
from payi_transport.routing.hosts import find_known
from payi_transport.routing.paths import find_operation
from payi_transport.values.names import PayiCategories

SHARED = {"shared"}


def folders() -> set[str]:
    return {module.name for module in pkgutil.iter_modules(providers.__path__) if module.ispkg} - SHARED


def make_provider(name: str, **stated: Any) -> Provider:
    return Provider(name=name, **stated)


def make_operation(name: str, *paths: str) -> Operation:
    rules = tuple(post(path) for path in paths)
    return Operation(name=name, category="c", paths=rules, example=f"/{paths[0]}")


def test_every_folder_states_a_provider_of_its_name_and_is_in_the_list() -> None:
    assert {provider.name for provider in PROVIDERS} == folders()
    for name in folders():
        assert importlib.import_module(f"payi_transport.providers.{name}").PROVIDER in PROVIDERS


@pytest.mark.parametrize("operation", REGISTRY.operations.values(), ids=lambda operation: operation.name)
def test_the_example_of_an_operation_is_a_call_of_it(operation: Operation) -> None:
    assert find_operation(operation.method, operation.example) == operation.name


def test_the_example_of_a_host_pattern_is_a_known_host_of_its_category() -> None:
    for pattern, rule in REGISTRY.host_patterns.items():
        match = find_known(rule.example)
        assert match is not None
        assert (match.category, match.pattern) == (rule.category, pattern.pattern)


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_a_provider_has_readers_for_what_it_serves_and_for_nothing_else(provider: Provider) -> None:
    names = {operation.name for operation in provider.operations} | provider.compatible
    assert provider.load_readers().keys() == names


@pytest.mark.parametrize("name", REGISTRY.operations)
def test_an_operation_has_its_own_readers_at_hosts_of_any_other_category(name: str) -> None:
    provider = REGISTRY.providers_by_operation[name]
    assert REGISTRY.find_readers(name, "my.category") is provider.load_readers()[name]


@pytest.mark.parametrize("name", sorted(google.PROVIDER.compatible))
def test_a_compatible_api_has_the_readers_of_its_host(name: str) -> None:
    readers = REGISTRY.find_readers(name, PayiCategories.google_vertex)
    assert readers is google.PROVIDER.load_readers()[name]
    assert readers != REGISTRY.find_readers(name, "my.category")


def test_the_readers_of_a_provider_are_loaded_once() -> None:
    loaded: list[str] = []

    def load() -> dict[str, Readers]:
        loaded.append("a")
        return {"a.b": Readers(read_chat), "a.c": Readers(read_chat, prefix="c.")}

    operations = (make_operation("a.b", "a/b"), make_operation("a.c", "a/c"))
    registry = Registry([make_provider("a", operations=operations, load_readers=load)])
    assert loaded == []
    assert [registry.find_readers(name, "c").prefix for name in ("a.b", "a.c", "a.b")] == ["", "c.", ""]
    assert loaded == ["a"]


def test_every_category_is_an_instrument_and_some_names_are_several() -> None:
    categories = {value for name, value in vars(PayiCategories).items() if not name.startswith("_")}
    own = {name for name in REGISTRY.instruments if name.startswith("system.")}
    assert own == categories | {"system.databricks"}
    # Pay-i has no categories for these, so they have their provider's plain name.
    assert {"cohere", "groq", "mistral", "ollama", "voyage", "xai"} <= set(REGISTRY.instruments) - own
    assert REGISTRY.names == [*sorted(own), *sorted(set(REGISTRY.instruments) - own)]
    for name, members in REGISTRY.instruments.items():
        assert name in members
        assert members <= set(REGISTRY.instruments)
    several = {name for name, members in REGISTRY.instruments.items() if len(members) > 1}
    assert several == {"system.azure", "system.databricks"}


def test_pay_is_proxy_knows_providers_by_these_names() -> None:
    assert REGISTRY.proxy_names == {
        "openai": "system.openai",
        "azure.openai": "system.azureopenai",
        "anthropic": "system.anthropic",
        "azure.anthropic": "system.azure",
        "aws.bedrock": "system.aws.bedrock",
        "google.vertex": "system.google.vertex",
    }


@pytest.mark.parametrize(
    "stated",
    [
        {"hosts": (HostRule("api.test", "c"),)},
        {"operations": (make_operation("a.b", "a/b"),)},
        {"forwarded": (Forwarding("a", "c", re.compile("/a")),)},
        {"instruments": {"all": frozenset({"c"})}},
    ],
)
def test_what_two_providers_state_is_refused(stated: dict[str, Any]) -> None:
    Registry([make_provider("one", **stated)])
    with pytest.raises(ValueError, match="two providers state"):
        Registry([make_provider("one", **stated), make_provider("two", **stated)])


def test_operations_may_share_the_last_segment_of_their_paths() -> None:
    one, two = make_operation("a.chat", "v1/chat"), make_operation("b.chat", "v2/chat")
    registry = Registry([make_provider("a", operations=(one,)), make_provider("b", operations=(two,))])
    assert [path.operation for path in registry.paths["chat"]] == ["a.chat", "b.chat"]
    assert find_operation("POST", "/v2/chat", registry) == "b.chat"


def test_an_empty_registry_knows_nothing() -> None:
    registry = Registry(())
    assert (registry.operations, registry.hosts, registry.paths, registry.id_paths) == ({}, {}, {}, ())
    assert registry.resources.search("/deployments/d/chat/completions") is None


def test_a_path_that_ends_in_an_id_is_looked_up_where_no_name_matches() -> None:
    operation = Operation(
        name="a.again",
        category="c",
        paths=(get("jobs/job_[^/]+"),),
        example="/jobs/job_1",
    )
    registry = Registry([make_provider("a", operations=(operation,))])
    assert registry.paths == {}
    assert find_operation("GET", "/v1/jobs/job_4", registry) == "a.again"
