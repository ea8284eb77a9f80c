"""Our spans have the right parents beside a library that traces the requests, whoever starts first."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.instrumentations.calls import Provider
from tests.instrumentations.parents_program import LIBRARIES
from tests.instrumentations.test_tracers import QUIET, is_installed
from tests.support.origin import Origin, run_origin
from tests.support.programs import ROOT, make_environment

OURS = "chat gpt-4.1"
# OpenTelemetry traces a request below what we hook, and ddtrace above. Not all see httpx2.
PARENTS = {
    "opentelemetry.instrumentation.httpx": ("root", "root"),
    "logfire": ("root", "root"),
    "ddtrace": ("http.request", "root"),
}
# Else the first import of OpenTelemetry decides whether ddtrace's spans and OpenTelemetry's are one trace.
DDTRACE = {"DD_TRACE_OTEL_ENABLED": "true", "OTEL_PYTHON_CONTEXT": "ddcontextvars_context"}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with run_origin(Provider()) as running:
        yield running


@functools.cache
def run(library: str, order: str, provider: Origin) -> dict[str, list[Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.instrumentations.parents_program", library, order, provider.url],
        cwd=ROOT,
        env=make_environment(provider, **QUIET, **(DDTRACE if library == "ddtrace" else {})),
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    told: dict[str, list[Any]] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.mark.parametrize("order", ["theirs", "ours"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_our_span_is_below_the_one_that_was_current_and_theirs_are_as_without_us(
    library: str, order: str, provider: Provider
) -> None:
    if not is_installed(library):
        pytest.skip(f"{library} is not installed: it is in the dependency group `instrumentations`")
    alone, together = run(library, "alone", provider), run(library, order, provider)
    assert {call: [row for row in rows if row[0] != OURS] for call, rows in together.items()} == alone
    assert len(alone["httpx"]) == 3
    httpx, httpx2 = PARENTS[library]
    for call, rows in together.items():
        expected = httpx2 if call == "openai" else httpx
        assert [parent for name, parent in rows if name == OURS] == [expected], call
