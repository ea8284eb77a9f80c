"""Programs that PyInstaller bundles record their calls, because bundlers see every import of this package."""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs import ROOT
from tests.support.untraced import untraced_environment

PACKAGE = ROOT / "payi_transport"
# The one looks for what is installed. The other imports only what the program has imported.
COMPUTED = {"cli/doctor.py", "hooks/registry.py"}
PROGRAM = """
import json, sys
import httpx
import payi_transport
from payi_transport import MemorySink, payi_flush, payi_instrument, payi_uninstrument
from payi_transport.prices import estimate

def call():
    response = {"id": "a", "object": "chat.completion", "model": "gpt-4.1", "choices": [],
                "usage": {"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16}}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=response))
    with httpx.Client(transport=transport) as client:
        client.post("https://api.openai.com/v1/chat/completions", json={"model": "gpt-4.1"})

payi_instrument(config={"offline_instrumentation": {"file_name": sys.argv[1]}})
call()
payi_uninstrument()
sink = MemorySink()
payi_instrument(sink=sink)
call()
assert payi_flush(30)
payi_uninstrument()
for name in payi_transport.__all__:
    getattr(payi_transport, name)
print(estimate(sink.events[0]).status)
"""
# Extras that this program needs none of. Bundling them would take minutes.
LEFT_OUT = (
    *("IPython", "PIL", "aiohttp", "boto3", "botocore", "click", "cryptography", "django", "fsspec", "grpc"),
    *("hypothesis", "mypy", "nkeys", "numpy", "opentelemetry", "pyarrow", "pytest", "requests", "rich"),
    *("tkinter", "tokenizers", "trio", "urllib3", "uvloop", "websockets", "yaml"),
)


def list_imports_by_name(file: Path) -> Iterator[int]:
    """Yield the lines of a module that import something by a name made at run time."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            if called in {"import_module", "__import__", "entry_points", "load_module"}:
                yield node.lineno


def test_bundlers_see_every_import() -> None:
    found = {
        file.relative_to(PACKAGE).as_posix()
        for file in sorted(PACKAGE.rglob("*.py"))
        if any(list_imports_by_name(file))
    }
    assert found == COMPUTED


@pytest.mark.skipif(importlib.util.find_spec("PyInstaller") is None, reason="PyInstaller is not installed")
def test_a_program_that_pyinstaller_bundles_records_its_calls(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(PROGRAM)
    left_out = [f"--exclude-module={name}" for name in LEFT_OUT]
    command = [sys.executable, "-m", "PyInstaller", "--onedir", "--paths", str(ROOT), *left_out, "app.py"]
    environment = {**untraced_environment(), "PYINSTALLER_CONFIG_DIR": str(tmp_path / "cache")}
    made = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=600)
    assert made.returncode == 0, made.stderr[-3000:].decode()
    environment = {
        name: value for name, value in environment.items() if name not in {"PYTHONPATH", "PAYI_API_KEY"}
    }
    done = subprocess.run(
        [str(tmp_path / "dist" / "app" / "app"), "events.json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    events = json.loads((tmp_path / "events.json").read_bytes())
    assert [event["units"]["text"] for event in events] == [{"input": 7, "output": 9}]
    # The price list is found by the metadata of its package.
    assert done.stdout == "priced\n"
