"""Programs of all kinds under `payi-transport run`: every call once, and nothing else changed."""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import subprocess
import sys
import threading
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest

from payi_transport import autostart
from payi_transport.autostart.first_import import LIBRARIES
from payi_transport.hooks.registry import get_hooks
from tests.autostart.support import RUN, read_events, seen, start
from tests.support.origin import Origin
from tests.support.programs import make_environment


def test_the_libraries_are_those_of_the_hooks() -> None:
    others = {"concurrent", "joblib", "loky", "multiprocessing"}
    hooked = {hook.name.partition(".")[0] for hook in get_hooks()} - others
    assert {*LIBRARIES} == hooked | {"payi_transport"}


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["job.py"], "job"),
        (["-m", "job"], "job"),
        (["-X", "dev", "job.py"], "job"),
        (["-c", "import job"], "interactive"),
    ],
    ids=["script", "module", "options", "code"],
)
def test_a_program_reports_its_calls_under_its_own_name(
    command: list[str], name: str, folder: Path, ingest: Origin
) -> None:
    (folder / "job.py").write_text("from calls import call\ncall('a')\nimport sys\nprint('out')\nsys.exit(7)")
    ran = start([sys.executable, *command], folder, ingest)
    assert (ran.returncode, ran.stdout, ran.stderr) == (7, "out\n", "")
    assert seen(ingest) == {("a", name): 1}


def run_in_this_process(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run `sitecustomize.py` as the start of an interpreter does, and put back what it changes."""
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setenv("PAYI_TRANSPORT_RUN", "")
    for name in ("execv", "execve"):
        monkeypatch.setattr(os, name, getattr(os, name))
    monkeypatch.setitem(sys.modules, "_payi_first_import", None)
    file = Path(autostart.__file__).parent / "sitecustomize.py"
    return runpy.run_path(str(file))


def test_a_fault_at_the_start_of_a_process_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError("gone")

    monkeypatch.setattr(SourceFileLoader, "exec_module", fail)
    run_in_this_process(monkeypatch)
    assert capsys.readouterr().err == "payi_transport: not instrumented: OSError: gone\n"


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["python", "job.py", "multiprocessing"], ["python", "job.py", "multiprocessing"]),
        (["python", "-c", "from multiprocessing.spawn import spawn_main"], ["python", "shop.py"]),
    ],
)
def test_a_child_of_a_pool_is_told_by_its_command_line(
    command: list[str], name: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SourceFileLoader, "exec_module", lambda *arguments: None)
    names = run_in_this_process(monkeypatch)
    monkeypatch.setenv("PAYI_TRANSPORT_RUN", "python\x1fshop.py")
    monkeypatch.setattr(sys, "orig_argv", command)
    assert names["_find_command"]() == name


def test_a_process_imports_only_what_watches_for_its_first_http_library() -> None:
    here = str(Path(autostart.__file__).parent)
    command = [sys.executable, "-c", "import sys; print(*sys.modules)"]
    plain, ours = (
        set(subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.split())
        for env in ({}, {"PYTHONPATH": here})
    )
    own = {"_payi_first_import", "_payi_import_watcher", "sitecustomize"}
    assert own <= ours
    machinery = {"__future__", "importlib", "importlib._bootstrap", "importlib._bootstrap_external"}
    assert ours - plain <= own | machinery | {"importlib.machinery", "warnings"}


def test_programs_that_a_program_starts_are_instrumented_and_those_without_http_import_nothing(
    folder: Path, ingest: Origin
) -> None:
    (folder / "other.py").write_text("from calls import call\ncall('child')")
    (folder / "quiet.py").write_text(
        "import sys\nassert 'payi_transport' not in sys.modules and 'httpx' not in sys.modules"
    )
    (folder / "job.py").write_text(
        "import subprocess, sys\nfor name in ('other.py', 'quiet.py'):\n"
        "    subprocess.run([sys.executable, name], check=True)"
    )
    ran = start([sys.executable, "job.py"], folder, ingest)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert seen(ingest) == {("child", "other"): 1}


@pytest.mark.parametrize("first", ["httpx", "payi_transport"])
def test_a_program_that_instruments_itself_gets_what_it_asked_for(
    first: str, folder: Path, ingest: Origin
) -> None:
    (folder / "job.py").write_text(
        f"import {first}\nfrom calls import call\nfrom payi_transport import payi_instrument, payi_stats\n"
        "call('before')\npayi_instrument(config={'use_case_name': 'mine'})\ncall('after')\n"
        "import threading\nprint(sum(thread.name == 'payi-transport' for thread in threading.enumerate()))"
    )
    ran = start([sys.executable, "job.py"], folder, ingest)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "1\n", "")
    assert seen(ingest) == {("before", "job"): 1, ("after", "mine"): 1}


def test_a_program_that_only_opens_scopes_needs_no_more(folder: Path, ingest: Origin) -> None:
    (folder / "job.py").write_text(
        "from payi_transport import track_context\nfrom calls import call\n"
        "with track_context(user_id='alice'):\n    call('a')"
    )
    assert start([sys.executable, "job.py"], folder, ingest).returncode == 0
    assert [event["user_id"] for event in read_events(ingest)] == ["alice"]


def test_a_hidden_sitecustomize_runs_too(folder: Path, ingest: Origin) -> None:
    (folder / "hidden").mkdir()
    (folder / "hidden" / "sitecustomize.py").write_text("import builtins\nbuiltins.hidden = True")
    (folder / "job.py").write_text("from calls import call\ncall('a')\nprint(hidden)")
    path = os.pathsep.join([str(folder / "hidden"), make_environment(ingest)["PYTHONPATH"]])
    ran = start([sys.executable, "job.py"], folder, ingest, PYTHONPATH=path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "True\n", "")
    assert seen(ingest) == {("a", "job"): 1}


def test_a_fault_in_a_process_is_one_line_and_the_program_runs(folder: Path, ingest: Origin) -> None:
    # Its parent was fine; here the configuration is not.
    (folder / "other.py").write_text("from calls import call\ncall('child')\nprint('ran')")
    (folder / "job.py").write_text(
        "import os, subprocess, sys\nos.environ['PAYI_TRANSPORT_PROXY'] = 'maybe'\n"
        "subprocess.run([sys.executable, 'other.py'], check=True)"
    )
    ran = start([sys.executable, "job.py"], folder, ingest)
    line = (
        "payi_transport: not instrumented: PayiConfigError: PAYI_TRANSPORT_PROXY: expected True or False, got"
    )
    assert (ran.returncode, ran.stdout) == (0, "ran\n")
    assert ran.stderr.startswith(line) and ran.stderr.count("\n") == 1, ran.stderr


def test_a_broken_installation_is_one_line_and_the_program_runs(folder: Path) -> None:
    shutil.copytree(Path(autostart.__file__).parent, folder / "broken")
    ran = subprocess.run(
        [sys.executable, "-c", "print('ran')"],
        env={**os.environ, "PYTHONPATH": str(folder / "broken")},
        capture_output=True,
        text=True,
    )
    assert ran.stdout == "ran\n"
    assert ran.stderr.startswith("payi_transport: not instrumented: FileNotFoundError: ")


def test_a_signal_ends_the_program_as_it_would_without(folder: Path, ingest: Origin) -> None:
    (folder / "job.py").write_text(
        "import signal, sys\nfrom calls import call\ncall('a')\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\nprint('ready', flush=True)\nsignal.pause()"
    )
    with subprocess.Popen(
        [*RUN, "--", sys.executable, "job.py"],
        cwd=folder,
        env=make_environment(ingest),
        stdout=subprocess.PIPE,
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"ready\n"
        program.send_signal(signal.SIGTERM)
        assert program.wait(60) == 5
    assert seen(ingest) == {("a", "job"): 1}


POOLS = {
    "spawn": "multiprocessing.get_context('spawn').Pool(2)",
    "forkserver": "multiprocessing.get_context('forkserver').Pool(2)",
    "executor": "ProcessPoolExecutor(2, mp_context=multiprocessing.get_context('spawn'))",
}


@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS.keys())
def test_the_children_of_a_pool_report_under_the_name_of_their_program(
    pool: str, folder: Path, ingest: Origin
) -> None:
    (folder / "job.py").write_text(
        "import multiprocessing\nfrom concurrent.futures import ProcessPoolExecutor\nfrom calls import call\n"
        "def work(number):\n    call(str(number))\n"
        "if __name__ == '__main__':\n"
        f"    pool = {pool}\n"
        "    list(pool.map(work, range(6)))\n"
        "    pool.shutdown() if hasattr(pool, 'shutdown') else (pool.close(), pool.join())\n"
    )
    ran = start([sys.executable, "job.py"], folder, ingest)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert seen(ingest) == {(str(number), "job"): 1 for number in range(6)}


def test_a_worker_of_celery_is_named_for_its_app(folder: Path, ingest: Origin) -> None:
    for name in ("queue", "control"):
        (folder / name).mkdir()
    (folder / "tasks.py").write_text(
        "from celery import Celery\nfrom calls import call\n"
        "app = Celery('tasks', broker='filesystem://', broker_transport_options={\n"
        "    'data_folder_in': 'queue', 'data_folder_out': 'queue', 'control_folder': 'control'})\n"
        "@app.task\ndef work():\n    call('a')\n    open('done', 'x').close()\n"
    )
    environment = make_environment(ingest)
    send = "import tasks; tasks.work.delay()"
    subprocess.run([sys.executable, "-c", send], cwd=folder, env=environment, check=True)
    command = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "-c", "2", "--without-mingle"]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [*RUN, "--", *command], cwd=folder, env=environment, stdout=log, stderr=log
        ) as worker,
    ):
        while not (folder / "done").exists():
            assert worker.poll() is None, (folder / "log").read_text()
            threading.Event().wait(0.05)
        worker.terminate()
    assert seen(ingest) == {("a", "tasks"): 1}, (folder / "log").read_text()


def test_a_test_run_of_pytest_is_instrumented(folder: Path, ingest: Origin) -> None:
    (folder / "test_it.py").write_text("from calls import call\ndef test_it():\n    call('a')\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    # The options of the run that this test is part of are not for that one.
    ran = start(command, folder, ingest, PYTEST_ADDOPTS="")
    assert ran.returncode == 0, ran.stdout
    assert seen(ingest) == {("a", "pytest"): 1}
