"""Every example runs and prints what it says it shows."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.snippets import ROOT

EXAMPLES = ROOT / "examples"
# The stand-in counts the words of `messages` as input, and says six words.
TEXT = "The parcel arrives tomorrow before noon."
PRINTED = {
    "fastapi_service": ["ada: 26 tokens", "grace: 13 tokens"],
    "streaming_chat": [
        TEXT,
        "use case chat, model gpt-4.1",
        "input 7 tokens, output 6 tokens",
        "first token known: True",
    ],
    "bedrock": [
        TEXT,
        TEXT,
        "acme / summarize: us.amazon.nova-lite-v1:0, 12 tokens in",
        "acme / translate: us.amazon.nova-lite-v1:0, 11 tokens in",
    ],
    "custom_sink": ["gpt-4.1: 20 tokens", "gpt-5-mini: 10 tokens", "captured 3, delivered 3, lost {}"],
    "limits": [
        "limit trial is ok",
        "call 1: 0.01 USD",
        "limit trial is blocked",
        "call 2: 0.01 USD",
        "call 3: Error code: 403",
        "calls that reached the provider: 2",
        "limits: {'trial': 'blocked'}",
    ],
}


@pytest.mark.parametrize("name", PRINTED)
def test_an_example_prints_what_it_shows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "fastapi_service":
        pytest.importorskip("fastapi")
    # No key, no address, and no proxy of the person who runs the tests.
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-m", f"examples.{name}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert len(lines) == len(PRINTED[name]), ran.stdout
    for line, expected in zip(lines, PRINTED[name], strict=True):
        assert line.startswith(expected)


def programs() -> list[Path]:
    return [path for path in sorted(EXAMPLES.glob("*.py")) if path.stem not in ("__init__", "stand_in")]


def test_every_example_has_a_test() -> None:
    assert [path.stem for path in programs()] == sorted(PRINTED)


@pytest.mark.parametrize("path", programs(), ids=lambda path: path.stem)
def test_an_example_is_short_and_says_what_it_shows(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) < 80
    assert ast.get_docstring(ast.parse(text))
    assert f"[{path.name}]" in (EXAMPLES / "README.md").read_text("utf-8")
