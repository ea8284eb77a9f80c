"""The fixture `payi_events`, in runs of pytest of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import httpx
import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_uninstrument
from payi_transport.api.instrument import instrument_instead
from payi_transport.api.instrumentation import CONCERNS_OTHERS
from payi_transport.config.types import PayiInstrumentConfig
from payi_transport.contrib.pytest_plugin import PayiEvents
from tests.contrib.calls import call

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).with_name("pytest_cases.py")


def run(*arguments: str, expected: int = 0) -> str:
    environment = {**os.environ, "PYTEST_ADDOPTS": "", "PAYI_API_KEY": ""}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert ran.returncode == expected, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.parametrize("processes", ["0", "2"])
def test_it_works_beside_mocks_of_every_kind(processes: str) -> None:
    assert "passed" in run(str(CASES), "-n", processes)


def write(folder: Path, text: str) -> str:
    file = folder / "test_program.py"
    file.write_text(textwrap.dedent(text))
    return str(file)


def test_a_lost_event_fails_the_test(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
        from payi_transport import payi_shutdown
        from tests.contrib.calls import call

        def test_call(payi_events):
            payi_shutdown()
            call("c1")
        """,
    )
    assert "payi_transport lost events of this test: {'shutdown': 1}" in run(file, expected=1)


def test_a_config_that_cannot_be_used_fails_the_test_with_its_message(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
        import pytest

        @pytest.fixture
        def payi_events_config():
            return {"use_case": "greeting"}

        def test_call(payi_events):
            pass
        """,
    )
    assert "use_case" in run(file, expected=1)


def test_it_imports_nothing_until_a_test_asks_for_the_fixture(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
        import sys

        def test_imports(pytestconfig):
            assert pytestconfig.pluginmanager.get_plugin("payi_transport")
            loaded = {name for name in sys.modules if name.startswith("payi_transport.")}
            assert loaded == {"payi_transport.contrib", "payi_transport.contrib.pytest_plugin"}
        """,
    )
    run(file)


def test_what_was_instrumented_before_goes_on_afterwards() -> None:
    payi_uninstrument()
    before, meanwhile = MemorySink(), MemorySink()
    payi_instrument(sink=before, config={"use_case_name": "program"})
    call("c1")
    with instrument_instead(meanwhile, None, "test"):
        call("c2")
        assert list(PayiEvents(meanwhile)) == meanwhile.events
    call("c3")
    assert payi_flush(10)
    assert [event.provider_response_id for event in before.events] == ["c1", "c3"]
    # With the same config, unless the test has its own.
    assert [(e.provider_response_id, e.use_case_name) for e in meanwhile.events] == [("c2", "program")]
    payi_uninstrument()
    with instrument_instead(MemorySink(), None, "test"):
        pass
    assert httpx.Client._send_single_request.__module__.startswith("httpx")


def test_every_key_that_reaches_beyond_the_process_is_ignored_in_a_test() -> None:
    assert PayiInstrumentConfig.__annotations__.keys() >= CONCERNS_OTHERS
