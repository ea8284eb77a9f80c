"""The list of providers, and look-up tables over it.

To add a provider, make its folder and add its line to `PROVIDERS`; nothing else in the package names
providers. The list is explicit because bundlers follow imports only. Whatever takes a `Registry` has
`REGISTRY` as its default, so a program can pass one with providers of its own: `Registry((*PROVIDERS,
mine.PROVIDER))`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from payi_transport.providers import (
    anthropic,
    azure,
    bedrock,
    cohere,
    compatible,
    databricks,
    google,
    mistral,
    ollama,
    openai,
    xai,
)
from payi_transport.providers.provider import Forwarding, Operation, PathRule, Provider, Readers
from payi_transport.runtime.imports import forks_wait
from payi_transport.values.patterns import lazy_compile

__all__ = ["PROVIDERS", "REGISTRY", "Registry"]

PROVIDERS: tuple[Provider, ...] = (
    openai.PROVIDER,
    azure.PROVIDER,
    cohere.PROVIDER,
    ollama.PROVIDER,
    anthropic.PROVIDER,
    databricks.PROVIDER,
    bedrock.PROVIDER,
    google.PROVIDER,
    compatible.PROVIDER,
    mistral.PROVIDER,
    xai.PROVIDER,
)

K = TypeVar("K")
V = TypeVar("V")
# Matches nothing.
_NEVER = "(?!)"


class OperationPath(NamedTuple):
    """One way in which a request asks for an operation."""

    rule: PathRule
    operation: str


class Registry:
    """Tables over a list of providers. Raises ValueError if two providers state the same name or host.

    - `operations`: by name, in the order of the list; `providers_by_operation` has whose each is.
    - `hosts`: rules by host name or `*.suffix`; `host_patterns` are the rest, which are tried in order.
    - `paths`: by the last segment of the path, so that a request costs one look-up; `id_paths` are those
      that end in an id.
    - `resources`: finds the model, deployment or endpoint that a path names.
    - `usage_paths`: by category, paths whose streams may be asked for usage.
    - `forwarded`: by category, what Pay-i's proxy forwards; `proxy_names` has the category of each name in
      the proxy's path.
    - `examples`: by category, paths of calls, where the hosts serve operations of other providers.
    - `formats`: the operations that each `format` of a host mapping stands for.
    - `names_requests`: the categories of hosts that give every request an id of its own, and
      `reads_batches` those of hosts whose batches report their usage.
    - `instruments`: the categories that each entry of `payi_instrument(instruments=...)` stands for. `names`
      has these entries in the order of a list for users.
    """

    def __init__(self, providers: Iterable[Provider]) -> None:
        self.providers = tuple(providers)
        operations = [operation for provider in self.providers for operation in provider.operations]
        rules = [rule for provider in self.providers for rule in provider.hosts]
        self.operations = _index((operation.name, operation) for operation in operations)
        self.providers_by_operation = {
            operation.name: provider for provider in self.providers for operation in provider.operations
        }
        # Names are found by look-up, whatever their number. Only patterns have to be tried one by one.
        self.hosts = _index((rule.host, rule) for rule in rules if isinstance(rule.host, str))
        self.host_patterns = _index((rule.host, rule) for rule in rules if not isinstance(rule.host, str))
        self.paths = _index_paths(operations)
        self.id_paths = self.paths.pop("", ())
        named = [pattern for provider in self.providers for pattern in provider.resources_in_paths]
        # One pattern of all alternatives scans a path once.
        self.resources = lazy_compile("|".join(named) or _NEVER)
        self.usage_paths = _index(row for provider in self.providers for row in provider.usage_paths.items())
        forwarded = [row for provider in self.providers for row in provider.forwarded]
        self.forwarded: dict[str, Forwarding] = _index((row.category, row) for row in forwarded)
        self.proxy_names = _index((row.name, row.category) for row in forwarded)
        self.names_requests = _list_categories(row for row in self.providers if row.names_requests)
        self.reads_batches = _list_categories(row for row in self.providers if row.reads_batches)
        # Every category stands for itself, so a provider only states names that stand for more.
        self.instruments = {rule.category: frozenset({rule.category}) for rule in rules} | _index(
            row for provider in self.providers for row in provider.instruments.items()
        )
        # Pay-i's own come first, because a long list is read from its start.
        self.names = sorted(self.instruments, key=lambda name: (not name.startswith("system."), name))
        self.providers_by_name = {provider.name: provider for provider in self.providers}
        self.examples = _index(row for provider in self.providers for row in provider.examples.items())
        self.formats: dict[str, tuple[str, ...]] = {}
        for provider in self.providers:
            for name, operation in _find_formats(provider, self.operations):
                self.formats[name] = (*self.formats.get(name, ()), operation)
        self._compatible = dict(_find_compatible(self.providers))
        self._readers: dict[str, Mapping[str, Readers]] = {}

    def find_readers(self, operation: str, category: str) -> Readers:
        """Return the readers of an operation at a host of that category, which the first call imports."""
        # The category decides, because a host that serves another provider's API may still count in its own
        # way.
        provider = self._compatible.get((category, operation)) or self.providers_by_operation[operation]
        readers = self._readers.get(provider.name)
        if readers is None:
            with forks_wait():
                readers = self._readers[provider.name] = provider.load_readers()
        return readers[operation]


def _index(rows: Iterable[tuple[K, V]]) -> dict[K, V]:
    table: dict[K, V] = {}
    for key, value in rows:
        if key in table:
            # Fail when the registry is built: with two rows of one name, the order of the list would
            # silently decide prices.
            raise ValueError(f"two providers state {key!r}")
        table[key] = value
    return table


def _list_categories(providers: Iterable[Provider]) -> frozenset[str]:
    return frozenset(rule.category for provider in providers for rule in provider.hosts)


def _index_paths(operations: Iterable[Operation]) -> dict[str, tuple[OperationPath, ...]]:
    paths: dict[str, tuple[OperationPath, ...]] = {}
    for operation in operations:
        for rule in operation.paths:
            # Tuples, because a registry is shared by all threads and never changes after it was built.
            paths[rule.last] = (*paths.get(rule.last, ()), OperationPath(rule, operation.name))
    return paths


def _find_formats(provider: Provider, operations: Container[str]) -> Iterator[tuple[str, str]]:
    own = [operation.name for operation in provider.operations]
    for name, operation in [*zip(own, own, strict=True), *provider.formats.items()]:
        # What is fetched later belongs to the API that started it.
        yield from ((name, row) for row in (operation, f"{operation}.again") if row in operations)
    yield from ((provider.name, name) for name in own)


def _find_compatible(providers: Iterable[Provider]) -> Iterator[tuple[tuple[str, str], Provider]]:
    for provider in providers:
        for category in {rule.category for rule in provider.hosts}:
            for operation in provider.compatible:
                yield (category, operation), provider


REGISTRY = Registry(PROVIDERS)
