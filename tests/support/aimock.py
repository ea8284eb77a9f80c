"""A server by others that speaks the providers' APIs: `@copilotkit/aimock`, which npm installs.

`npm install --global @copilotkit/aimock` makes it available. Without it, the tests that need it are skipped.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

__all__ = ["needs_aimock", "serve_aimock"]

_COMMAND = shutil.which("llmock")
needs_aimock = pytest.mark.skipif(
    _COMMAND is None, reason="needs node, and `npm install --global @copilotkit/aimock`"
)


@contextlib.contextmanager
def serve_aimock(folder: Path, usage: dict[str, Any], *options: str) -> Iterator[str]:
    """Run the server for the length of the block, and yield its address. It answers to "hello"."""
    fixtures = folder / "fixtures.json"
    response = {"content": "Hi there", "usage": usage}
    fixtures.write_text(json.dumps({"fixtures": [{"match": {"userMessage": "hello"}, "response": response}]}))
    command = [str(_COMMAND), "--port", "0", "--fixtures", str(fixtures), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        found = (re.search(r"listening on http://(\S+)", line) for line in process.stdout)
        address = next(match[1] for match in found if match)
        # It logs each request, and would wait for a reader once the pipe is full.
        reader = threading.Thread(target=process.stdout.read)
        reader.start()
        try:
            yield address
        finally:
            process.terminate()
            reader.join()
