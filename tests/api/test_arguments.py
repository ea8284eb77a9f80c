"""A later call of `payi_instrument()` is compared by what it means, not by how it is written."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import httpx
import pytest

from payi_transport import AsyncPayi, MemorySink, Payi, PayiConfigError
from payi_transport.api.arguments import InstrumentArguments, find_differences, resolve
from payi_transport.api.instrument import payi_instrument

SINK, LOGGER = MemorySink(), logging.getLogger("test")
HOSTS = {"llm.example.org": {"price_as_category": "x"}}


def tell(request_id: str, data: dict[str, str]) -> None:
    """A logger of prompts and responses."""


def differences(first: dict[str, Any], later: dict[str, Any]) -> list[str]:
    return find_differences(resolve(InstrumentArguments(**first)), InstrumentArguments(**later))


def test_the_arguments_are_those_of_payi_instrument() -> None:
    assert InstrumentArguments._field_defaults == {"payi": None, **(payi_instrument.__kwdefaults__ or {})}


FIRST: dict[str, Any] = {
    "payi": Payi(api_key="k", base_url="https://payi.example.org"),
    "instruments": {"system.openai"},
    "log_prompt_and_response": False,
    "config": {"user_id": "u", "limit_ids": ["a"], "host_mappings": HOSTS, "delivery": {"mode": "single"}},
    "logger": LOGGER,
    "prompt_and_response_logger": tell,
    "sink": SINK,
}
QUIET: dict[str, dict[str, Any]] = {
    "nothing": {},
    "all of it again": FIRST,
    "a part of it": {"sink": SINK},
    "the defaults": {"log_prompt_and_response": True, "config": None},
    "a configuration that says nothing": {"config": {"user_id": None}},
    "a part of the configuration": {"config": {"limit_ids": ("a",)}},
    "another client with the same key": {
        "payi": [AsyncPayi(api_key="k", base_url="https://payi.example.org")]
    },
    "the same account with headers and parameters": {
        "payi": Payi(
            api_key="k",
            base_url="https://payi.example.org",
            default_headers={"x-team": "a"},
            default_query={"team": "a"},
        )
    },
    "the same address with a slash": {"payi": Payi(api_key="k", base_url="https://payi.example.org/")},
}


@pytest.mark.parametrize("later", QUIET.values(), ids=QUIET.keys())
def test_arguments_that_mean_the_same_do_not_differ(later: dict[str, Any]) -> None:
    assert differences(FIRST, later) == []


# The arguments of the first call, those of a later one, and which of them differ.
OTHER: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "another key": (FIRST, {"payi": Payi(api_key="l", base_url="https://payi.example.org")}, ["payi"]),
    "a key where there was none": ({"sink": SINK}, {"payi": FIRST["payi"]}, ["payi"]),
    "another category": (FIRST, {"instruments": {"system.anthropic"}}, ["instruments"]),
    "all categories": (FIRST, {"instruments": {"*"}}, ["instruments"]),
    "no content": ({}, {"log_prompt_and_response": False}, ["log_prompt_and_response"]),
    "another logger": (FIRST, {"logger": logging.getLogger("other")}, ["logger"]),
    "a logger of prompts": ({}, {"prompt_and_response_logger": tell}, ["prompt_and_response_logger"]),
    "another sink": (FIRST, {"sink": MemorySink()}, ["sink"]),
    "keys of the configuration": (
        FIRST,
        {"config": {"user_id": "v", "limit_ids": ["a"], "account_name": "b", "delivery": {"max_batch": 1}}},
        ["config.user_id", "config.account_name", "config.delivery"],
    ),
    "the default of a key that was set": (
        {"config": {"proxy": True}},
        {"config": {"proxy": False}},
        ["config.proxy"],
    ),
    "more hosts": (
        {"config": {"host_mappings": HOSTS}},
        {"config": {"host_mappings": {}}},
        ["config.host_mappings"],
    ),
    "several": (FIRST, {"sink": MemorySink(), "config": {"user_id": "v"}}, ["config.user_id", "sink"]),
    "what can't be used": (
        FIRST,
        {"payi": 3, "instruments": {"nonsense"}, "config": {"nonsense": 1}},
        ["payi", "instruments", "config"],
    ),
    "a config that is not a dict": (FIRST, {"config": "nonsense"}, ["config"]),
}


@pytest.mark.parametrize(("first", "later", "names"), OTHER.values(), ids=OTHER.keys())
def test_arguments_that_mean_something_else_differ(
    first: dict[str, Any], later: dict[str, Any], names: list[str]
) -> None:
    assert differences(first, later) == names


def test_a_config_that_the_caller_changes_later_differs() -> None:
    config: Any = {"host_mappings": {httpx.URL("https://a.example.org"): {"price_as_category": "x"}}}
    running = resolve(InstrumentArguments(config=config))
    assert find_differences(running, InstrumentArguments(config=config)) == []
    config["host_mappings"]["b.example.org"] = {"price_as_category": "y"}
    assert find_differences(running, InstrumentArguments(config=config)) == ["config.host_mappings"]


def test_bad_arguments_of_the_first_call_are_an_error() -> None:
    with pytest.raises(PayiConfigError, match="instruments"):
        resolve(InstrumentArguments(instruments={"nonsense"}))


@pytest.mark.parametrize(
    ("first", "later", "names"),
    [
        ({}, {"children": False}, ["children"]),
        ({"children": False}, {"children": False}, []),
        ({"children": False}, {}, []),
        ({"log_prompt_and_response": False}, {"log_prompt_and_response": True}, []),
        ({"sink": [SINK, "payi"]}, {"sink": [SINK, "payi"]}, []),
        ({"sink": [SINK, "payi"]}, {"sink": ["payi", SINK]}, ["sink"]),
        ({"config": {"user_id": "u"}}, {"config": "/no/such/file.toml"}, ["config"]),
    ],
)
def test_an_argument_that_was_left_out_asks_for_nothing(
    first: dict[str, Any], later: dict[str, Any], names: list[str]
) -> None:
    assert differences(first, later) == names


def test_a_file_differs_in_the_keys_that_it_sets(tmp_path: Path) -> None:
    file = tmp_path / "payi.toml"
    file.write_text('user_id = "u"\naccount_name = "a"\n')
    first = {"config": {"user_id": "u", "limit_ids": ["l"]}}
    assert differences(first, {"config": file}) == differences(first, {"config": str(file)})
    assert differences(first, {"config": file}) == ["config.account_name"]
