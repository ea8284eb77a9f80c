"""Arguments that mislead are refused at once, and what may be meant is said."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from payi_transport import MemorySink, PayiConfigError, PayiError, payi_flush, payi_instrument, track_context
from payi_transport.api import instrument as module
from payi_transport.pipeline.active import get_active
from tests.support.calls import call


@pytest.mark.parametrize("value", ["false", "False", "", "0", None, 0, 1, [], {}], ids=repr)
def test_a_switch_for_content_that_is_not_a_bool_is_refused(value: Any, sink: MemorySink) -> None:
    with pytest.raises(PayiConfigError) as caught:
        payi_instrument(sink=sink, log_prompt_and_response=value)
    assert str(caught.value) == f"log_prompt_and_response: expected True or False, got {value!r}"
    assert get_active() is None


@pytest.mark.parametrize("value", ["false", 0, 1], ids=repr)
def test_a_scope_refuses_it_too(value: Any) -> None:
    with pytest.raises(TypeError, match="log_prompt_and_response: expected True or False"):
        track_context(log_prompt_and_response=value)


@pytest.mark.parametrize(
    "logger",
    ["my.app.payi", "", 3, logging.Logger, print, object()],
    ids=["name", "empty name", "int", "class", "function", "object"],
)
def test_a_logger_that_can_not_log_is_refused(logger: Any, sink: MemorySink) -> None:
    with pytest.raises(PayiConfigError, match=r"^logger: expected a logger such as logging\.getLogger"):
        payi_instrument(sink=sink, logger=logger)
    assert get_active() is None


def test_the_name_of_a_logger_is_answered_with_how_to_get_it() -> None:
    with pytest.raises(PayiConfigError, match=r"such as logging\.getLogger\('my\.app'\), got str"):
        payi_instrument(logger="my.app")  # type: ignore[arg-type]


def test_an_adapter_of_a_logger_is_a_logger(sink: MemorySink) -> None:
    adapter: Any = logging.LoggerAdapter(logging.getLogger("x"), {})
    payi_instrument(sink=sink, logger=adapter)
    assert get_active() is not None


@pytest.mark.parametrize("payi", ["sk-secret", {"api_key": "sk-secret"}], ids=type)
def test_a_key_in_place_of_a_client_is_answered_with_where_keys_belong(payi: Any) -> None:
    with pytest.raises(PayiConfigError, match="PAYI_API_KEY") as caught:
        payi_instrument(payi)
    assert "sk-secret" not in str(caught.value)


def test_without_a_key_the_error_names_every_way_out() -> None:
    with pytest.raises(PayiError) as caught:
        payi_instrument()
    for way in ("PAYI_API_KEY", "offline_instrumentation", "PAYI_TRANSPORT_DISABLED", "'required': False"):
        assert way in str(caught.value)


def test_a_key_that_is_not_required_is_missed_in_one_warning(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_warned_of_missing_key", False)
    for _ in range(2):
        payi_instrument(config={"required": False})
        call()
    assert get_active() is None
    assert payi_flush()
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "PAYI_API_KEY" in record.getMessage()


def test_other_mistakes_raise_even_if_no_key_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PayiConfigError):
        payi_instrument(config={"required": False, "delivery": {"max_batch": 0}})
    monkeypatch.setenv("PAYI_BASE_URL", "api.pay-i.com")
    with pytest.raises(PayiConfigError):
        payi_instrument(config={"required": False})


@pytest.mark.parametrize("with_key", [True, False])
def test_a_key_that_is_not_required_is_used_all_the_same(
    with_key: bool, sink: MemorySink, monkeypatch: pytest.MonkeyPatch
) -> None:
    if with_key:
        monkeypatch.setenv("PAYI_API_KEY", "k")
    payi_instrument(sink=None if with_key else sink, config={"required": False})
    assert get_active() is not None


def test_a_list_of_instruments_is_as_good_as_a_set(sink: MemorySink) -> None:
    payi_instrument(sink=sink, instruments=["system.anthropic"])
    call()
    assert payi_flush(10)
    assert sink.events == []


@pytest.mark.parametrize("instruments", [["openai"], {"openai"}, ("openai",), "openai"], ids=repr)
def test_a_short_name_is_answered_with_the_category(instruments: Any, sink: MemorySink) -> None:
    with pytest.raises(PayiConfigError, match=r"'system\.openai'"):
        payi_instrument(sink=sink, instruments=instruments)


@pytest.mark.parametrize("kind", [str, Path, lambda path: {"file_name": path}], ids=["str", "Path", "dict"])
def test_the_offline_file_may_be_a_name_or_a_path(kind: Any, tmp_path: Path) -> None:
    file = tmp_path / "f.json"
    payi_instrument(config={"offline_instrumentation": kind(file)})
    call()
    assert payi_flush(10)
    assert len(json.loads(file.read_bytes())) == 1


def test_true_is_the_default_name_of_the_offline_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    payi_instrument(config={"offline_instrumentation": True})
    call()
    assert payi_flush(10)
    assert [path.name[:20] for path in tmp_path.glob("*.json")] == ["payi_instrumentation"]


def test_false_is_no_offline_file() -> None:
    with pytest.raises(PayiError, match="No Pay-i API key"):
        payi_instrument(config={"offline_instrumentation": False})


@pytest.mark.parametrize(
    ("instrumentor", "count"),
    [(SimpleNamespace(_proxy_default=False), 1), (SimpleNamespace(_proxy_default=True), 0), (None, 0)],
)
@pytest.mark.parametrize("late", [False, True])
def test_pay_is_own_instrumentation_in_the_same_process_is_warned_about_once(
    instrumentor: Any,
    count: int,
    late: bool,
    sink: MemorySink,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if late:
        payi_instrument(sink=sink)
    monkeypatch.setitem(
        sys.modules,
        "payi.lib.instrument",
        SimpleNamespace(_instrumentor=instrumentor),
    )
    if not late:
        payi_instrument(sink=sink)
    for _ in range(2):
        call()
        assert payi_flush(10)
    warnings = [record.getMessage() for record in caplog.records if "counts twice" in record.getMessage()]
    assert len(warnings) == count


def test_the_real_sdk_of_pay_i_is_recognized() -> None:
    program = """
        import payi
        from payi.lib.instrument import payi_instrument as other
        from payi_transport import MemorySink, payi_instrument, payi_uninstrument

        payi_instrument(sink=MemorySink())
        payi_uninstrument()
        print("before")
        other(payi=payi.Payi(api_key="k"))
        payi_instrument(sink=MemorySink())
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("counts twice") == 1
