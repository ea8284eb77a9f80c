"""What is published: one version, extras for users alone, and only Pythons that are tested."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import Any

import msgspec.toml
import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import payi_transport

PROJECT: dict[str, Any] = msgspec.toml.decode((Path(__file__).parents[1] / "pyproject.toml").read_text())


def test_the_version_is_that_of_the_installed_distribution() -> None:
    assert payi_transport.__version__ == importlib.metadata.version("payi-transport")


def test_extras_are_what_users_install() -> None:
    extras = {"br", "bucket", "cli", "demo", "httpx2", "nats", "otel", "parquet", "prices"}
    extras |= {"serve", "tokenizers", "zstd"}
    assert set(PROJECT["project"]["optional-dependencies"]) == extras


@pytest.mark.parametrize("group", ["bench", "dev", "docs", "older", "oldest", "sdks", "test", "tools"])
def test_developers_install_dependency_groups(group: str) -> None:
    assert PROJECT["dependency-groups"][group]


def test_the_oldest_sdks_that_ci_runs_are_the_lower_bounds_of_the_other_groups() -> None:
    oldest = {sdk.name: Version(bound.version) for sdk in _read_group("oldest") for bound in sdk.specifier}
    bounds: dict[str, Version] = {}
    for sdk in (*_read_group("test"), *_read_group("older"), *_read_group("sdks")):
        for bound in sdk.specifier:
            if bound.operator == ">=":
                lowest = Version(bound.version)
                bounds[sdk.name] = min(lowest, bounds.get(sdk.name, lowest))
    # The one that comes with aioboto3, which states no bound for it.
    del oldest["aiobotocore"]
    assert oldest == {name: bounds[name] for name in oldest}


def _read_group(name: str) -> list[Requirement]:
    return [Requirement(row) for row in PROJECT["dependency-groups"][name] if isinstance(row, str)]


def test_this_python_is_one_that_the_classifiers_name() -> None:
    named = f"Programming Language :: Python :: {sys.version_info[0]}.{sys.version_info[1]}"
    assert named in PROJECT["project"]["classifiers"]
