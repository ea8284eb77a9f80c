"""Launchers that put a `sitecustomize` of their own in front, as those of tracing libraries do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.autostart.support import CALL, seen, start
from tests.support.origin import Origin

# Like opentelemetry-instrument, it runs no other `sitecustomize`.
LAUNCHER = """
import os, sys
own = os.path.join(os.getcwd(), "theirs")
path = os.pathsep.join([own, os.environ["PYTHONPATH"]])
{start}
"""
STARTS = {
    "execl": "os.environ['PYTHONPATH'] = path; os.execl(sys.executable, sys.executable, 'job.py')",
    "execve": "os.execve(sys.executable, [sys.executable, 'job.py'], {**os.environ, 'PYTHONPATH': path})",
    "execvp": "os.environ['PYTHONPATH'] = path; os.execvp(sys.executable, [sys.executable, 'job.py'])",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "calls.py").write_text(CALL)
    program = "import sys\nfrom calls import call\ncall('a')\nprint(theirs)\nsys.exit(7)"
    (tmp_path / "job.py").write_text(program)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "sitecustomize.py").write_text("import builtins\nbuiltins.theirs = True")
    return tmp_path


@pytest.mark.parametrize("how", STARTS)
def test_both_are_at_work_in_a_program_that_a_launcher_starts(how: str, folder: Path, ingest: Origin) -> None:
    (folder / "launcher.py").write_text(LAUNCHER.format(start=STARTS[how]))
    ran = start([sys.executable, "launcher.py"], folder, ingest)
    assert (ran.returncode, ran.stdout, ran.stderr) == (7, "True\n", "")
    assert seen(ingest) == {("a", "job"): 1}


@pytest.mark.parametrize("environment", ["{}", "{'PYTHONPATH': own}", "{b'PYTHONPATH': b'.'}"])
def test_a_program_that_takes_our_folder_away_is_left_alone(
    environment: str, folder: Path, ingest: Origin
) -> None:
    (folder / "quiet.py").write_text("import sys\nprint('_payi_import_watcher' in sys.modules)")
    command = f"os.execve(sys.executable, [sys.executable, 'quiet.py'], {environment})"
    (folder / "launcher.py").write_text(LAUNCHER.format(start=command))
    ran = start([sys.executable, "launcher.py"], folder, ingest)
    assert (ran.returncode, ran.stdout) == (0, "False\n"), ran.stderr
    assert os.pathsep not in ran.stderr


def test_a_program_that_can_not_be_executed_fails_as_it_would(folder: Path, ingest: Origin) -> None:
    program = """
for start in (
    lambda: os.execv('/no/such', ['x']),
    lambda: os.execve('/no/such', ['x'], {'PYTHONPATH': path}),
    lambda: os.execve('/no/such', ['x'], {}),
):
    os.environ['PYTHONPATH'] = path
    try:
        start()
    except FileNotFoundError as error:
        print(error.strerror)
"""
    (folder / "launcher.py").write_text(LAUNCHER.format(start=program))
    ran = start([sys.executable, "launcher.py"], folder, ingest)
    assert (ran.returncode, ran.stdout) == (0, "No such file or directory\n" * 3), ran.stderr
