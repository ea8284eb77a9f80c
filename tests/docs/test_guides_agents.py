"""The guide to costs per agent, with the real frameworks: each agent is a step of the run.

Most frameworks are only in the environment of the dependency group `agents`.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from examples.stand_in import StandIn
from tests.support.snippets import ROOT, Snippet, read_snippets, run_python

GUIDE = [s for s in read_snippets(ROOT / "docs/guides/agents.md") if s.language == "python"]
STEPS = {
    "agents": ["support"],
    "langgraph": ["planner", "writer"],
    "pydantic_ai": ["planner", "writer"],
    "google.adk": ["planner", "writer"],
    "crewai": ["planner", "writer"],
}
# What frameworks send to their makers, or ask of them.
QUIET = """
import os, warnings
# Those of the frameworks among themselves.
warnings.simplefilter("ignore")
for name in ("OTEL_SDK_DISABLED", "CREWAI_DISABLE_TELEMETRY", "LITELLM_LOCAL_MODEL_COST_MAP"):
    os.environ[name] = "true"
os.environ["GOOGLE_API_KEY"] = "none"
"""


def find_snippet(framework: str) -> Snippet:
    [found] = [snippet for snippet in GUIDE if f"from {framework}" in snippet.text]
    return found


def is_installed(framework: str) -> bool:
    try:
        return importlib.util.find_spec(framework) is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.parametrize("framework", STEPS)
def test_each_agent_of_a_framework_is_a_step(framework: str, stand_in: StandIn, tmp_path: Path) -> None:
    if not is_installed(framework):
        pytest.skip(f"{framework} is not installed")
    mapping = json.dumps({stand_in.url: {"price_as_category": "system.openai"}})
    places = f"os.environ['GOOGLE_GEMINI_BASE_URL'] = {stand_in.url!r}\n"
    if framework != "google.adk":
        places += f"os.environ['PAYI_TRANSPORT_HOST_MAPPINGS'] = {mapping!r}\n"
    snippet = find_snippet(framework)
    ran = run_python(f"{QUIET}{places}{snippet.text}", stand_in, tmp_path, snippet.name)
    assert ran.code == 0, ran.output
    assert [event["use_case_step"] for event in stand_in.events] == STEPS[framework], ran.output
    assert {event["user_id"] for event in stand_in.events} == {"user-42"}
