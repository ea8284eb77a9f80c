"""Where the commands get the login at NATS from, and where events go."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from payi_transport import PayiConfigError
from payi_transport.relay.arguments import check_servers, find_settings, find_sink_maker, list_sinks
from payi_transport.sinks.offline import OfflineSink
from payi_transport.sinks.payi import PayiSink


def ignore(problem: str) -> None:
    """No problem is expected."""


def test_options_win_over_file_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "payi.toml"
    file.write_text('[nats]\nservers = ["nats://file"]\nstream = "FILE"\nsubject = "file.events"\n')
    monkeypatch.setenv("PAYI_TRANSPORT_NATS__STREAM", "ENVIRONMENT")
    monkeypatch.setenv("PAYI_TRANSPORT_NATS__TOKEN", "secret")
    _, nats = find_settings(file, ignore, servers=["nats://option"], stream=None)
    assert nats.servers == ("nats://option",)
    assert (nats.stream, nats.subject, nats.token) == ("ENVIRONMENT", "file.events", "secret")


def test_without_anything_there_are_defaults() -> None:
    _, nats = find_settings(None, ignore)
    assert nats.servers == ("nats://127.0.0.1:4222",)


def test_a_wrong_option_is_named_as_its_key() -> None:
    with pytest.raises(PayiConfigError, match=r"config.nats.stream: expected a name without spaces"):
        find_settings(None, ignore, stream="a b")


def test_addresses_may_be_repeated_or_have_commas() -> None:
    assert check_servers(("nats://a, nats://b", "nats://c", ",")) == ["nats://a", "nats://b", "nats://c"]
    assert check_servers(()) is None


def test_a_relay_delivers_to_pay_i(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, _ = find_settings(None, ignore)
    with pytest.raises(PayiConfigError, match="set the variable PAYI_API_KEY"):
        find_sink_maker("payi", settings, 10)
    monkeypatch.setenv("PAYI_API_KEY", "payi-key")
    monkeypatch.setenv("PAYI_BASE_URL", "https://pay-i.example.org")
    make, goal = find_sink_maker("payi", settings, 10)
    assert goal == "https://pay-i.example.org"
    sink = make()
    assert isinstance(sink, PayiSink)
    assert sink.batch_limit == 10
    assert make() is not sink


def test_a_relay_delivers_to_any_other_sink_with_a_section(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list_sinks()[:2] == ["payi", "offline_instrumentation"]
    assert list_sinks()[2:] == ["bucket", "otel"]
    settings, _ = find_settings(None, ignore)
    with pytest.raises(PayiConfigError, match="needs the section 'offline_instrumentation'"):
        find_sink_maker("offline_instrumentation", settings, 10)
    monkeypatch.setenv("PAYI_TRANSPORT_OFFLINE_INSTRUMENTATION", str(tmp_path / "events.json"))
    settings, _ = find_settings(None, ignore)
    make, goal = find_sink_maker("offline_instrumentation", settings, 10)
    assert goal == "offline_instrumentation"
    sink = make()
    assert isinstance(sink, OfflineSink)
    sink.close()


def test_a_relay_delivers_to_opentelemetry_without_a_section(monkeypatch: pytest.MonkeyPatch) -> None:
    relayed = pytest.importorskip("payi_transport.sinks.otel.relayed")
    settings, _ = find_settings(None, ignore)
    make, goal = find_sink_maker("otel", settings, 10)
    sink = make()
    assert (goal, type(sink)) == ("otel", relayed.RelayedSpans)
    sink.fork()
    sink.close()
    # Without the packages of the extra, the error names it.
    monkeypatch.setitem(sys.modules, relayed.__name__, None)
    with pytest.raises(PayiConfigError, match=r'pip install "payi-transport\[otel\]"'):
        find_sink_maker("otel", settings, 10)
