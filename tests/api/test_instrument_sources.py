"""`payi_instrument()` with a config from elsewhere, and programs that do not call it themselves."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from payi_transport import MemorySink, PayiConfigError, get_context, payi_flush, payi_instrument
from payi_transport.api.instrument import instrument_program
from payi_transport.api.switch import get_current
from tests.support.calls import call


def test_a_program_that_is_instrumented_already_stays_as_it_is(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    instrument_program("other")
    assert get_context()["use_case_name"] == "test_instrument_sources"


def test_a_disabled_program_is_not_instrumented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_TRANSPORT_DISABLED", "1")
    instrument_program("other")
    assert get_context() == {}


def test_content_is_off_if_the_config_says_so(sink: MemorySink) -> None:
    payi_instrument(sink=sink, config={"log_prompt_and_response": False})
    call()
    payi_flush()
    assert sink.events[0].provider_request_json is None


def test_the_config_may_say_which_categories_are_observed(sink: MemorySink) -> None:
    payi_instrument(sink=sink, config={"instruments": ["system.anthropic"]})
    call()
    payi_flush()
    assert sink.events == []


def test_the_config_may_be_a_file_also_in_a_later_call(
    sink: MemorySink, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "payi.toml"
    file.write_text('user_id = "a"\n')
    payi_instrument(sink=sink, config=file)
    assert get_context()["user_id"] == "a"
    payi_instrument(sink=sink, config=str(file))
    assert "ignores" not in caplog.text
    file.write_text('user_id = "b"\n')
    payi_instrument(sink=sink, config=str(file))
    assert "ignores config.user_id" in caplog.text


@pytest.mark.parametrize("value", ["", "0", "false", "no", "off"])
def test_any_other_value_of_the_variable_turns_nothing_off(
    value: str, monkeypatch: pytest.MonkeyPatch, sink: MemorySink
) -> None:
    monkeypatch.setenv("PAYI_TRANSPORT_DISABLED", value)
    payi_instrument(sink=sink)
    assert get_context()["use_case_name"] == "test_instrument_sources"


def test_turned_off_it_says_so(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("PAYI_TRANSPORT_DISABLED", "1")
    payi_instrument(logger=logging.getLogger("mine"))
    assert [(record.name, record.levelname, record.getMessage()) for record in caplog.records] == [
        ("mine", "INFO", "payi_transport: not instrumenting, because PAYI_TRANSPORT_DISABLED is set")
    ]


def test_what_runs_a_program_gives_way_to_the_program_itself(
    sink: MemorySink, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "k")
    instrument_program("other")
    current = get_current()
    assert current is not None
    assert (current.provisional, current.child_start, get_context()["use_case_name"]) == (True, None, "other")
    instrument_program("later")
    assert get_context()["use_case_name"] == "other"
    payi_instrument(sink=sink)
    assert get_context()["use_case_name"] == "test_instrument_sources"
    assert caplog.records == []


def test_an_argument_that_is_wrong_is_not_said_to_come_from_the_environment(
    sink: MemorySink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYI_TRANSPORT_INSTRUMENTS", "nonsense")
    with pytest.raises(PayiConfigError, match=r"^PAYI_TRANSPORT_INSTRUMENTS: unknown 'nonsense'"):
        payi_instrument(sink=sink)
    with pytest.raises(PayiConfigError, match=r"^instruments: unknown 'wrong'"):
        payi_instrument(sink=sink, instruments={"wrong"})
    payi_instrument(sink=sink, instruments={"system.openai"})
