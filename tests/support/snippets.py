"""Run the code that the documentation shows, exactly as it stands there.

Importing an SDK takes a second or more, and there are dozens of snippets. So one process per test worker
imports the usual packages once and forks a child for each snippet, see `snippet_runner.py`.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from examples.stand_in import StandIn

__all__ = ["ROOT", "Ran", "Snippet", "make_environment", "pages", "read_snippets", "run_python"]

ROOT = Path(__file__).parent.parent.parent
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S)

# The provider of these runs is on loopback, which no table of hosts knows.
_PREFACE = """
import os, payi_transport
from urllib.parse import urlsplit
_mapping = {{
    urlsplit(os.environ["OPENAI_BASE_URL"]).netloc: {{"price_as_category": "system.openai"}},
    urlsplit(os.environ["ANTHROPIC_BASE_URL"]).netloc: {{"price_as_category": "system.anthropic"}},
}}
_original = payi_transport.payi_instrument
def payi_instrument(*args, config=None, **options):
    config = dict(config or {{}})
    config["host_mappings"] = {{**config.get("host_mappings", {{}}), **_mapping}}
    _original(*args, config=config, **options)
payi_transport.payi_instrument = payi_instrument
exec(compile({text!r}, {name!r}, "exec"), {{"__name__": "__main__"}})
"""


class Snippet(NamedTuple):
    """A fenced block of a page; `name` is the page and the line that it starts in."""

    name: str
    language: str
    text: str


class Ran(NamedTuple):
    """How a snippet ended, and everything it printed."""

    code: int
    output: str


def pages() -> list[Path]:
    """Every page whose code is tested."""
    top = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks/README.md", "examples/README.md"]
    return [ROOT / name for name in top] + sorted((ROOT / "docs").rglob("*.md"))


def read_snippets(page: Path) -> list[Snippet]:
    """The fenced blocks of a page, including those that are indented below a list item or a tab."""
    text = page.read_text("utf-8")
    return [
        Snippet(
            f"{page.relative_to(ROOT).as_posix()}:{text.count(chr(10), 0, found.start()) + 1}",
            found["language"],
            re.sub(rf"^{found['indent']}", "", found["text"], flags=re.M),
        )
        for found in _FENCE.finditer(text)
    ]


def make_environment(stand_in: StandIn) -> dict[str, str]:
    """The environment of a program whose providers and Pay-i are all `stand_in`."""
    return {
        **os.environ,
        "OPENAI_BASE_URL": f"{stand_in.url}/v1",
        "OPENAI_API_KEY": "sk-none",
        # The same server by another name, so that each provider has a host of its own.
        "ANTHROPIC_BASE_URL": stand_in.url.replace("127.0.0.1", "localhost"),
        "ANTHROPIC_API_KEY": "sk-none",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": stand_in.url,
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_EC2_METADATA_DISABLED": "true",
        "DATABRICKS_HOST": stand_in.url,
        "DATABRICKS_TOKEN": "dapi-none",
        "PAYI_API_KEY": "payi-none",
        "PAYI_BASE_URL": stand_in.url,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


@functools.cache
def _start_runner() -> subprocess.Popen[str]:
    runner = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.support.snippet_runner"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def stop() -> None:
        runner.communicate()

    atexit.register(stop)
    return runner


def run_python(text: str, stand_in: StandIn, folder: Path, name: str = "snippet") -> Ran:
    """Run `text` as a program in `folder`; warnings are errors, and only loopback can be reached."""
    output = folder / "output.txt"
    job = {
        "text": _PREFACE.format(text=text, name=name),
        "folder": str(folder),
        "environment": make_environment(stand_in),
        "output": str(output),
    }
    runner = _start_runner()
    assert runner.stdin is not None and runner.stdout is not None
    runner.stdin.write(json.dumps(job) + "\n")
    runner.stdin.flush()
    return Ran(json.loads(runner.stdout.readline()), output.read_text("utf-8"))
