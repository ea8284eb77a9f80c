"""Every snippet of the README runs as it stands there."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import UNARY

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
SNIPPETS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PYTHON = [text for language, text in SNIPPETS if language == "python"]
SHELL = [text.strip() for language, text in SNIPPETS if language == "bash"]
# The server is Pay-i, too.
RESULT = {"cost": {"currency": "usd", "total": {"base": 0.1}}}
ANSWER = json.dumps({**json.loads(UNARY.answer), "xproxy_result": RESULT}).encode()

# The provider of these runs is on loopback, which nobody knows without a mapping.
PREFACE = """
import functools, payi_transport
from urllib.parse import urlsplit
import os
mapping = {{urlsplit(os.environ["OPENAI_BASE_URL"]).netloc: {{"price_as_category": "system.openai"}}}}
original = payi_transport.payi_instrument
def payi_instrument(*args, config=None, **options):
    config = dict(config or {{}})
    config["host_mappings"] = {{**config.get("host_mappings", {{}}), **mapping}}
    original(*args, config=config, **options)
payi_transport.payi_instrument = payi_instrument
exec(compile({text!r}, "readme", "exec"), {{"__name__": "__main__"}})
"""


def environment(origin: Origin) -> dict[str, str]:
    return {
        **os.environ,
        "OPENAI_BASE_URL": f"{origin.url}/v1",
        "OPENAI_API_KEY": "sk-none",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": origin.url,
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "PAYI_API_KEY": "payi-none",
        "PAYI_BASE_URL": origin.url,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


@pytest.mark.parametrize("text", PYTHON, ids=range(len(PYTHON)))
def test_a_python_snippet_runs(text: str, origin: Origin, tmp_path: Path) -> None:
    origin.answers = [CannedResponse([ANSWER])]
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", PREFACE.format(text=text)],
        cwd=tmp_path,
        env=environment(origin),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr


def test_the_first_snippet_reports_the_call_for_its_user(origin: Origin, tmp_path: Path) -> None:
    test_a_python_snippet_runs(PYTHON[0], origin, tmp_path)
    [asked, reported] = origin.received
    assert asked.path == "/v1/chat/completions"
    assert reported.path == "/api/v1/ingest/bulk"
    [event] = json.loads(reported.body)
    assert (event["use_case_name"], event["user_id"]) == ("support_bot", "user-42")
    assert event["units"] == UNARY.event["units"]


def test_the_commands_that_look_at_a_capture_and_an_address_run(origin: Origin, tmp_path: Path) -> None:
    test_a_python_snippet_runs(PYTHON[1], origin, tmp_path)
    commands = [text for text in SHELL if text.startswith("payi-transport")]
    assert len(commands) == 2
    for command in commands:
        ran = subprocess.run(
            shlex.split(command),
            cwd=tmp_path,
            env=environment(origin),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout


def test_the_commands_that_set_up_are_where_ci_finds_them() -> None:
    assert sum(text.startswith("python3 -m venv") for text in SHELL) == 2
    assert "grep '^python3 -m venv' README.md" in (ROOT / ".ci" / "run").read_text()
