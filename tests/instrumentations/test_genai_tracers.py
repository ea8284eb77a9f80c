"""The tokens of a trace are the call's beside each GenAI library, in either order of starting."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk")

from tests.instrumentations.genai_calls import GenaiProvider
from tests.instrumentations.genai_tracers import GENAI_TRACERS
from tests.instrumentations.test_tracers import is_installed
from tests.support.origin import run_origin
from tests.support.programs import ROOT

# Input and output tokens by the names that libraries have for them.
NAMES = [
    ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
    ("llm.token_count.prompt", "llm.token_count.completion"),
]


@pytest.fixture(scope="module")
def provider() -> Iterator[GenaiProvider]:
    with run_origin(GenaiProvider()) as running:
        yield running


def count_tokens(spans: list[dict[str, Any]]) -> tuple[int, int]:
    found = [read_tokens(span["attributes"]) for span in spans]
    return sum(tokens[0] for tokens in found), sum(tokens[1] for tokens in found)


def read_tokens(attributes: dict[str, Any]) -> tuple[int, int]:
    if details := json.loads(attributes.get("langfuse.observation.usage_details", "{}")):
        return details["prompt_tokens"], details["completion_tokens"]
    return next(((attributes[i], attributes[o]) for i, o in NAMES if i in attributes), (0, 0))


@pytest.mark.parametrize("order", ["theirs", "ours"])
@pytest.mark.parametrize("name", GENAI_TRACERS)
def test_a_trace_has_as_many_tokens_as_without_this_library(
    name: str, order: str, provider: GenaiProvider
) -> None:
    tracer = GENAI_TRACERS[name]
    if not is_installed(tracer.module):
        pytest.skip(f"{tracer.module} is not installed: it is in the dependency group `instrumentations`")
    done = subprocess.run(
        [sys.executable, "-m", "tests.instrumentations.genai_program", name, order, provider.url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    spans = json.loads(done.stdout.splitlines()[-1])
    for call in tracer.calls:
        together, alone = spans["together"][call], spans["alone"][call]
        ours = [span for span in together if span["scope"] == "payi_transport"]
        # Logfire asks others to make no spans below some of its own.
        assert len(ours) == 1 or name.startswith("Logfire"), call
        assert count_tokens(together) == count_tokens(alone) != (0, 0), call
        # Logfire has two spans of a stream.
        assert all(span["links"] for span in ours), call
