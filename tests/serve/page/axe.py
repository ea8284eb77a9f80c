"""axe-core, the accessibility checker, as npm has it."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

__all__ = ["find_faults", "load_axe"]

_PACKAGE = "axe-core@4"


def load_axe(folder: Path) -> str:
    """Return the script of axe-core. Skips the test where npm, or its registry, is missing."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, which downloads axe-core")
    command = [npm, "pack", _PACKAGE, "--silent", "--pack-destination", str(folder)]
    packed = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    if packed.returncode:
        pytest.skip(f"npm can't download axe-core: {packed.stderr[-300:]}")
    with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
        script = archive.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()


def find_faults(page: Page, script: str) -> list[str]:
    """Return what is wrong with a page and serious or worse: the rule, the elements, and why."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(script)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
