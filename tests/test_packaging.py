"""What is published: one version, extras for users alone, and only Pythons that are tested."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import Any

import msgspec.toml
import pytest

import payi_transport

PROJECT: dict[str, Any] = msgspec.toml.decode((Path(__file__).parents[1] / "pyproject.toml").read_text())


def test_the_version_is_that_of_the_installed_distribution() -> None:
    assert payi_transport.__version__ == importlib.metadata.version("payi-transport")


def test_extras_are_what_users_install() -> None:
    extras = {"br", "bucket", "cli", "demo", "httpx2", "nats", "otel", "parquet", "prices"}
    extras |= {"serve", "tokenizers", "zstd"}
    assert set(PROJECT["project"]["optional-dependencies"]) == extras


@pytest.mark.parametrize("group", ["bench", "dev", "docs", "older", "sdks", "test", "tools"])
def test_developers_install_dependency_groups(group: str) -> None:
    assert PROJECT["dependency-groups"][group]


def test_this_python_is_one_that_the_classifiers_name() -> None:
    named = f"Programming Language :: Python :: {sys.version_info[0]}.{sys.version_info[1]}"
    assert named in PROJECT["project"]["classifiers"]
