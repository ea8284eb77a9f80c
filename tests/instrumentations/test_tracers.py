"""Tracing libraries and this one, in every order of installing and removing them, with the real packages."""

from __future__ import annotations

import functools
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.instrumentations.calls import Provider
from tests.instrumentations.rpc_calls import GRPC_VARIABLE, SOCKETS_VARIABLE
from tests.instrumentations.tracers import TRACERS
from tests.support.origin import Origin, run_origin
from tests.support.programs import ROOT, delivered, make_environment

ORDERS = ["theirs theirs", "theirs ours", "ours theirs", "ours ours"]
# No agents to reach.
QUIET = {
    "DD_TRACE_AGENT_URL": "http://127.0.0.1:9",
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
}


def list_cases() -> list[Any]:
    cases = []
    for name, tracer in TRACERS.items():
        # A library that cannot be removed has one order of removing, and ddtrace-run always comes first.
        orders = ORDERS if tracer.stops else ORDERS[1::2]
        orders = ORDERS[1:3] if tracer.puts_back else orders
        orders = [order for order in orders if name != "ddtrace-run" or order.startswith("theirs")]
        cases += [pytest.param(name, order, id=f"{name}-{order.replace(' ', '-')}") for order in orders]
    return cases


class Providers(NamedTuple):
    """An HTTP API, and the variables that name the addresses of the others."""

    http: Provider
    variables: tuple[tuple[str, str], ...]


@pytest.fixture(scope="module")
def providers() -> Iterator[Providers]:
    # Not at the top, because these packages may be missing where no tracing library is installed either.
    from tests.support.grpc_xai import serve_xai
    from tests.support.sockets import serve_sockets, speak_openai

    with run_origin(Provider()) as http, serve_xai() as xai, serve_sockets(speak_openai) as sockets:
        variables = (GRPC_VARIABLE, xai.netloc), (SOCKETS_VARIABLE, sockets.netloc)
        yield Providers(http, variables)


def run(name: str, order: str, providers: Providers, ingest: Origin) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.instrumentations.program", name, order, providers.http.url]
    if name == "ddtrace-run":
        command.insert(0, str(Path(sys.executable).parent / "ddtrace-run"))
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=make_environment(ingest, **QUIET, **dict(providers.variables)),
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@functools.cache
def run_alone(name: str, providers: Providers) -> dict[str, Any]:
    return run(name, "alone", providers, providers.http)


def is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False


@pytest.mark.parametrize(("name", "order"), list_cases())
def test_each_sees_what_it_sees_alone_and_all_is_restored(
    name: str, order: str, providers: Providers, ingest: Origin
) -> None:
    tracer: Any = TRACERS[name]
    if not is_installed(tracer.module):
        pytest.skip(f"{tracer.module} is not installed: it is in the dependency group `instrumentations`")
    alone = run_alone(name, providers)
    told = run(name, order, providers, ingest)
    assert alone["seen"]
    assert (told["results"], told["seen"]) == (alone["results"], alone["seen"])
    # ddtrace leaves a method of requests wrapped.
    assert told["changed"] == (alone["changed"] if tracer.stops else [])
    assert told["faults"] == 0
    # Once more while ours alone was left.
    expected = len(tracer.calls) * (2 if order.endswith("theirs") else 1)
    assert told["captured"] == expected
    assert sum(delivered(ingest).values()) == expected
