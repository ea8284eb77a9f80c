"""The arguments that are checked beside the config, and what each error says."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from payi_transport.config.validation import check_config, check_instruments, check_logger, check_switch
from payi_transport.errors import PayiConfigError
from payi_transport.providers.registry import REGISTRY

ACCEPTED = f"; accepted: '*', {', '.join(REGISTRY.names)}"


@pytest.mark.parametrize(
    ("instruments", "message"),
    [
        ("openai", "expected a set of strings such as {'system.openai'}, got 'openai'"),
        ("zzz", "expected a set of strings such as {'*'}, got 'zzz'"),
        (7, "expected a set of strings such as {'*'}, got 7"),
        (["system.openai", 7], "expected a set of strings such as {'*'}, got ['system.openai', 7]"),
        ({"system.openai": 1}, "expected a set of strings such as {'*'}, got {'system.openai': 1}"),
        ([], f"expected at least one, got []{ACCEPTED}"),
        (["zzz", "opnai", "*"], f"unknown 'opnai' (did you mean 'system.openai'?), 'zzz'{ACCEPTED}"),
    ],
)
def test_wrong_instruments_are_told_with_what_is_accepted(instruments: object, message: str) -> None:
    with pytest.raises(PayiConfigError) as refused:
        check_instruments(instruments)
    assert str(refused.value) == f"instruments: {message}"


@pytest.mark.parametrize("value", [True, False])
def test_a_switch_is_true_or_false(value: bool) -> None:
    assert check_switch("required", value) is value


@pytest.mark.parametrize("value", [1, 0, None, "false"])
def test_a_switch_that_is_neither_is_refused(value: object) -> None:
    with pytest.raises(PayiConfigError) as refused:
        check_switch("required", value)
    assert str(refused.value) == f"required: expected True or False, got {value!r}"


class Quiet:
    """Has two of the three methods."""

    def debug(self, *args: object) -> None: ...
    def info(self, *args: object) -> None: ...

    warning = "text"


@pytest.mark.parametrize(
    "logger", [logging.getLogger("x"), logging.LoggerAdapter(logging.getLogger("x"), {}), logging]
)
def test_whatever_logs_is_a_logger(logger: object) -> None:
    check_logger(logger)


@pytest.mark.parametrize(
    ("logger", "message"),
    [
        ("app", "such as logging.getLogger('app'), got str"),
        (logging.Logger, "such as logging.getLogger(...), got type"),
        (Quiet(), "such as logging.getLogger(...), got Quiet"),
        (None, "such as logging.getLogger(...), got NoneType"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_log_is_refused(logger: Any, message: str) -> None:
    with pytest.raises(PayiConfigError) as refused:
        check_logger(logger)
    assert str(refused.value) == f"logger: expected a logger {message}"


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("user-id", "; did you mean 'user_id'?"),
        ("USER_ID", "; did you mean 'user_id'?"),
        ("Host-Mapping", "; did you mean 'host_mappings'?"),
        ("qqqqqqqqqq", ""),
    ],
)
def test_an_unknown_key_is_reported_with_the_one_that_was_meant(key: str, meant: str) -> None:
    with pytest.raises(PayiConfigError) as refused:
        check_config({key: "x"})
    text = str(refused.value)
    assert text.startswith(f"config: unknown key {key!r}; accepted: account_name, anthropic, ")
    assert text.partition("use_case_version, user_id")[2] == meant


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63) + 1, 0])
def test_a_property_may_be_a_number_of_64_bits(number: int) -> None:
    settings: Any = check_config({"request_properties": {"n": number}})
    assert settings.request_properties == {"n": number}


@pytest.mark.parametrize("number", [2**63, -(2**63), 10**30])
def test_a_larger_number_is_refused(number: int) -> None:
    with pytest.raises(PayiConfigError, match=r"request_properties\['n'\]: expected a string, a number"):
        check_config({"request_properties": {"n": number}})


@pytest.mark.parametrize(("offline", "shown"), [(1, "1"), (0, "0"), ([], "[]"), (1.0, "1.0")])
def test_a_number_is_no_switch_of_the_offline_file(offline: object, shown: str) -> None:
    with pytest.raises(PayiConfigError) as refused:
        check_config({"offline_instrumentation": offline})
    assert str(refused.value).endswith(f"True, False or a dict such as {{'file_name': ...}}, got {shown}")
