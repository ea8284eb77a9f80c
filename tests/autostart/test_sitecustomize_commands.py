"""How a process tells that it is a child of a pool, and how it stays first on the PYTHONPATH of others."""

from __future__ import annotations

import os
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest

from payi_transport import autostart
from tests.autostart.test_sitecustomize import run_in_this_process

HERE = str(Path(autostart.__file__).parent)
PARENT = ["python", "shop.py", "--port", "1"]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(SourceFileLoader, "exec_module", lambda *arguments: None)
    monkeypatch.setattr(os, "execv", lambda *arguments: ("execv", *arguments))
    monkeypatch.setattr(os, "execve", lambda *arguments: ("execve", *arguments))
    found = run_in_this_process(monkeypatch)
    monkeypatch.setenv("PAYI_TRANSPORT_RUN", "\x1f".join(PARENT))
    return found


@pytest.mark.parametrize(
    "command",
    [
        [
            "python",
            "-c",
            "from multiprocessing.spawn import spawn_main; spawn_main()",
            "--multiprocessing-fork",
        ],
        ["/usr/bin/python3", "-W", "ignore", "-c", "from multiprocessing.forkserver import main"],
        [
            "python",
            "-X",
            "dev",
            "-W",
            "error",
            "-u",
            "-c",
            "from multiprocessing.resource_tracker import main",
        ],
        ["python", "-m", "joblib.externals.loky.backend.popen_loky_posix", "--process-name", "x"],
        ["python", "-E", "-m", "loky.backend.popen_loky_posix"],
        ["python", "/site/ray/_private/workers/default_worker.py", "--node-ip-address=1"],
        ["python", "-u", "/site/ray/_private/workers/default_worker.py"],
    ],
    ids=" ".join,
)
def test_a_child_of_a_pool_is_named_for_its_parent(
    command: list[str], names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "orig_argv", command)
    assert names["_find_command"]() == PARENT


@pytest.mark.parametrize(
    "command",
    [
        ["python", "job.py"],
        ["python", "job.py", "-c", "multiprocessing"],
        ["python", "-m", "job", "multiprocessing"],
        ["python", "-c", "import job", "loky"],
        ["python", "job.py", "/site/ray/_private/workers/default_worker.py"],
        ["python", "-W", "multiprocessing", "job.py"],
        ["multiprocessing", "job.py"],
    ],
    ids=" ".join,
)
def test_any_other_program_is_named_for_its_own_command(
    command: list[str], names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "orig_argv", command)
    assert names["_find_command"]() == command


@pytest.mark.parametrize(
    ("folders", "first"),
    [
        (None, None),
        ([], None),
        (["/a"], None),
        ([HERE], None),
        ([HERE, "/a"], None),
        (["/a", HERE], [HERE, "/a"]),
        (["/a", HERE, "/b", HERE], [HERE, "/a", "/b"]),
    ],
)
def test_a_program_that_takes_the_place_of_this_one_has_this_folder_in_front(
    folders: list[str] | None, first: list[str] | None, names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {"A": "1"} if folders is None else {"A": "1", "PYTHONPATH": os.pathsep.join(folders)}
    changed = environment if first is None else {"A": "1", "PYTHONPATH": os.pathsep.join(first)}
    take_place: Any = os.execve
    assert take_place("program", ["program"], environment) == ("execve", "program", ["program"], changed)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    take_place = os.execv
    assert take_place("program", ["program", "x"]) == ("execv", "program", ["program", "x"])
    assert os.environ.get("PYTHONPATH") == changed.get("PYTHONPATH")


def test_the_command_of_a_process_is_passed_to_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SourceFileLoader, "exec_module", lambda *arguments: None)
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "shop", "a b"])
    run_in_this_process(monkeypatch)
    assert os.environ["PAYI_TRANSPORT_RUN"] == "python\x1f-m\x1fshop\x1fa b"
