"""Every snippet of the README and of the documentation runs, or at least compiles or parses."""

from __future__ import annotations

import ast
import importlib.util
import json
import shlex
import subprocess
from pathlib import Path

import pytest

from examples.stand_in import StandIn
from payi_transport.config.sources import read_file
from payi_transport.config.validation import check_config
from tests.docs.test_guides_agents import is_installed
from tests.support.snippets import Snippet, make_environment, pages, read_snippets, run_python

SNIPPETS = [snippet for page in pages() for snippet in read_snippets(page)]
# What a shell snippet may start with, beside our own command. These set up, or serve until they are stopped.
NOT_RUN = {
    "git",
    "gunicorn",
    "pip",
    "python",
    "python3",
    "celery",
    "curl",
    "export",
    "uvicorn",
    "mkdocs",
    "ruff",
}
SAMPLE = """
from openai import OpenAI
from payi_transport import payi_flush, payi_instrument, track_context
payi_instrument(config={"offline_instrumentation": {"file_name": "capture.json"}})
with track_context(use_case_name="support_bot", user_id="user-42"):
    OpenAI().chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "Hello"}])
payi_flush()
"""
# The program that `payi-transport run` starts.
PROGRAM = """
from openai import OpenAI
OpenAI().chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "Hello"}])
print("done")
"""


def of(*languages: str) -> pytest.MarkDecorator:
    chosen = [snippet for snippet in SNIPPETS if snippet.language in languages]
    return pytest.mark.parametrize("snippet", chosen, ids=[snippet.name for snippet in chosen])


def imported_by(text: str) -> set[str]:
    """The top-level packages that a snippet imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


@of("python")
def test_a_python_snippet_runs(snippet: Snippet, stand_in: StandIn, tmp_path: Path) -> None:
    missing = {name for name in imported_by(snippet.text) if importlib.util.find_spec(name) is None}
    # A part of a package of several distributions.
    if "google.adk" in snippet.text and not is_installed("google.adk"):
        missing.add("google.adk")
    if missing:
        # The package is not in this environment: the snippet has compiled, and that is all we can tell.
        assert missing <= {
            "dotenv",
            "databricks_openai",
            "litellm",
            "agents",
            "langchain_openai",
            "fastapi",
            "django",
            "langgraph",
            "pydantic_ai",
            "google.adk",
            "crewai",
            "ray",
            "streamlit",
        }
        return
    ran = run_python(snippet.text, stand_in, tmp_path, snippet.name)
    assert ran.code == 0, ran.output


@of("bash")
def test_a_command_runs(snippet: Snippet, stand_in: StandIn, tmp_path: Path) -> None:
    commands = [shlex.split(line, comments=True) for line in snippet.text.splitlines()]
    words = {command[0] for command in commands if command}
    assert words <= NOT_RUN | {"payi-transport"}, words
    if "payi-transport" in words:
        assert run_python(SAMPLE, stand_in, tmp_path).code == 0
        (tmp_path / "app.py").write_text(PROGRAM)
        (tmp_path / "payi.toml").write_text(next(s.text for s in SNIPPETS if s.language == "toml"))
    mapping = {stand_in.url: {"price_as_category": "system.openai"}}
    environment = make_environment(stand_in) | {"PAYI_TRANSPORT_HOST_MAPPINGS": json.dumps(mapping)}
    for command in commands:
        if command and command[0] == "payi-transport":
            ran = subprocess.run(
                command,
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=60,
            )
            # `explain` fails for a host that is not mapped, so that it can guard a deployment.
            shows_unmapped = "llm.internal.example.org" in command[-1]
            assert ran.returncode == shows_unmapped, ran.stderr
            assert ran.stdout
            assert "no calls" not in ran.stdout.lower()


def test_a_json_snippet_parses() -> None:
    assert all(json.loads(snippet.text) for snippet in SNIPPETS if snippet.language == "json")


def test_a_toml_snippet_is_a_configuration(tmp_path: Path) -> None:
    for snippet in SNIPPETS:
        if snippet.language == "toml":
            (tmp_path / "payi.toml").write_text(snippet.text)
            assert check_config(read_file(tmp_path / "payi.toml"))


def test_every_language_is_one_that_a_test_reads() -> None:
    assert {snippet.language for snippet in SNIPPETS} <= {
        *("python", "bash", "json", "text", "toml"),
        # tests/docs/test_fleets.py reads these.
        *("yaml", "ini", "hocon"),
    }
