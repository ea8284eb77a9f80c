"""Children that `multiprocessing` starts anew report their calls as their parent does."""

from __future__ import annotations

import logging
import pickle
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from payi_transport import MemorySink, Payi, payi_instrument, payi_shutdown, payi_uninstrument
from payi_transport.api import child_start, instrument
from payi_transport.api.arguments import InstrumentArguments
from payi_transport.api.child_start import ChildStart, read_child_start
from payi_transport.api.switch import get_current
from payi_transport.runtime import run_start
from tests.support.origin import Origin
from tests.support.programs import delivered, run

LOGGER = logging.getLogger("tests")
POOL = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

def work(number):
    call(number)
    # A loaded machine may need longer than the end of a process waits.
    assert payi_flush(60)

if __name__ == "__main__":
    {before}
    context = multiprocessing.get_context("{method}")
    {instrument}
    call("parent")
    assert payi_flush(60)
    pool = {pool}
    list(pool.map(work, range(4)))
    pool.shutdown() if hasattr(pool, "shutdown") else (pool.close(), pool.join())
"""
PLAIN, EXECUTOR = "context.Pool(2)", "ProcessPoolExecutor(2, mp_context=context)"
ALL = Counter(["parent", "0", "1", "2", "3"])


def run_pool(folder: Path, origin: Origin, method: str, pool: str = PLAIN, **parts: str) -> Any:
    code = POOL.format(method=method, pool=pool, **{"before": "", "instrument": "payi_instrument()", **parts})
    ran = run(folder, code, origin)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    return delivered(origin)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_every_call_of_a_pool_is_reported_once(method: str, tmp_path: Path, ingest: Origin) -> None:
    assert run_pool(tmp_path, ingest, method) == ALL


def test_the_children_of_an_executor_report_too(tmp_path: Path, ingest: Origin) -> None:
    assert run_pool(tmp_path, ingest, "spawn", EXECUTOR) == ALL


def test_a_fork_server_may_have_imported_the_library_before(tmp_path: Path, ingest: Origin) -> None:
    before = "multiprocessing.set_forkserver_preload(['httpx'])"
    assert run_pool(tmp_path, ingest, "forkserver", before=before) == ALL


def test_children_may_be_left_alone(tmp_path: Path, ingest: Origin) -> None:
    assert run_pool(tmp_path, ingest, "spawn", instrument="payi_instrument(children=False)") == Counter(
        ["parent"]
    )


def test_a_child_that_cannot_read_its_start_runs(tmp_path: Path, ingest: Origin) -> None:
    code = POOL.format(method="spawn", pool=PLAIN, before="", instrument="payi_instrument()").replace(
        'call("parent")',
        "from payi_transport.api.child_start import ChildStart, Entry\n"
        "    ChildStart.make_entry = lambda *_: Entry(b'broken')",
    )
    ran = run(tmp_path, code, ingest)
    assert ran.returncode == 0, ran.stderr
    assert "payi_transport: not instrumented: UnpicklingError" in ran.stderr


@pytest.fixture(autouse=True)
def run_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_start, "_set", None)


def send(start: ChildStart) -> ChildStart:
    entry = start.make_entry(LOGGER)
    assert entry is not None
    _, (_, names) = entry.__reduce__()
    return read_child_start(names["carried"])


def test_what_is_data_is_carried_and_what_belongs_to_the_parent_is_not() -> None:
    client = Payi(api_key="k", base_url="https://example.org", default_headers={"a": "b"})
    config: Any = {"user_id": "u", "on_limit": print, "request_tags": threading.Lock()}
    start = ChildStart(
        InstrumentArguments(client, ["system.openai"], False, config, LOGGER, print, ["payi"]), "app", 1.0
    )
    received = send(start)
    arguments = received.arguments
    assert (received.use_case_name, received.run_start) == ("app", 1.0)
    assert (arguments.instruments, arguments.log_prompt_and_response) == (["system.openai"], False)
    assert arguments.config == {"user_id": "u"}
    assert arguments.logger is LOGGER
    assert arguments.prompt_and_response_logger is None
    assert arguments.sink == ["payi"]
    assert (arguments.payi.api_key, arguments.payi.default_headers) == ("k", {"a": "b"})
    client.close()


def test_without_arguments_a_child_has_the_default_logger_and_reads_the_environment() -> None:
    arguments = send(ChildStart(InstrumentArguments(), "app", 1.0)).arguments
    assert arguments.payi is None
    assert arguments.logger is logging.getLogger("payi.instrument")


@pytest.mark.parametrize("make_sink", [lambda: MemorySink(), lambda: ["payi", MemorySink()]])
def test_children_without_the_sink_of_their_parent_are_left_alone_with_one_warning(
    make_sink: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(child_start, "_warned", False)
    start = ChildStart(InstrumentArguments(sink=make_sink()), "app", 1.0)
    assert start.make_entry(LOGGER) is None
    assert start.make_entry(LOGGER) is None
    assert [r.levelname for r in caplog.records if "multiprocessing" in r.getMessage()] == ["WARNING"]


def test_a_frozen_program_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_start, "_PROGRAM", Path("/no/such"))
    assert ChildStart(InstrumentArguments(), "app", 1.0).make_entry(LOGGER) is None


def test_there_is_an_entry_for_as_long_as_calls_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "k")
    assert instrument._make_child_entry() is None
    payi_instrument()
    assert instrument._make_child_entry() is not None
    payi_shutdown()
    assert instrument._make_child_entry() is None
    payi_instrument(children=False)
    assert instrument._make_child_entry() is None
    payi_uninstrument()


def is_provisional() -> bool:
    current = get_current()
    assert current is not None
    return current.provisional


def test_what_a_program_has_asked_for_itself_wins(monkeypatch: pytest.MonkeyPatch, sink: MemorySink) -> None:
    carried = pickle.dumps((InstrumentArguments()._asdict(), "app", 1.0))
    monkeypatch.setenv("PAYI_API_KEY", "k")
    monkeypatch.setenv("PAYI_TRANSPORT_DISABLED", "1")
    instrument.instrument_child(carried)
    assert not get_current()
    monkeypatch.delenv("PAYI_TRANSPORT_DISABLED")
    instrument.instrument_child(carried)
    assert is_provisional()
    payi_instrument(sink=sink)
    assert not is_provisional()
    instrument.instrument_child(carried)
    assert not is_provisional()
    payi_uninstrument()


def test_a_child_without_http_does_not_import_the_package(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text(
        "import sys\ndef work():\n    sys.exit(int('payi_transport' in sys.modules))\n"
    )
    (tmp_path / "job.py").write_text(
        "if __name__ == '__main__':\n"
        "    import multiprocessing, other\n"
        "    from payi_transport import payi_instrument\n"
        "    payi_instrument(config={'offline_instrumentation': {'file_name': 'calls.json'}})\n"
        "    child = multiprocessing.get_context('spawn').Process(target=other.work)\n"
        "    child.start()\n    child.join()\n    raise SystemExit(child.exitcode)\n"
    )
    ran = subprocess.run([sys.executable, "job.py"], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_a_child_reports_to_the_address_of_its_parent_with_its_parameters() -> None:
    client = Payi(api_key="k", base_url="https://example.org/x", default_query={"team": "a"})
    payi = send(ChildStart(InstrumentArguments([client]), "app", 1.0)).arguments.payi
    assert (payi.api_key, payi.base_url, payi.default_query) == ("k", "https://example.org/x", {"team": "a"})
    client.close()


@pytest.mark.parametrize(
    ("sink", "is_carried"), [(None, True), ("payi", True), (["payi"], True), (("payi",), True), (3, False)]
)
def test_a_sink_by_name_is_one_that_a_child_has_too(sink: Any, is_carried: bool) -> None:
    entry = ChildStart(InstrumentArguments(sink=sink), "app", 1.0).make_entry(LOGGER)
    assert (entry is not None) is is_carried


def test_the_second_child_that_is_left_alone_is_no_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(child_start, "_warned", False)
    start = ChildStart(InstrumentArguments(sink=MemorySink()), "app", 1.0)
    for _ in range(3):
        start.make_entry(LOGGER)
    assert [record.levelname for record in caplog.records] == ["WARNING", "DEBUG", "DEBUG"]
