"""The streams and the consumer are made once, and what differs is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from payi_transport import PayiConfigError
from payi_transport.relay.setup import Limits, Step, set_up
from payi_transport.sinks.nats_servers import NatsError
from tests.sinks.nats_impostor import INFO, impersonate
from tests.support.nats_server import (
    NatsServer,
    make_settings,
    serve_cluster,
    serve_nats,
)

LIMITS = Limits(max_bytes=10**9, ack_wait=2.0)


def results(server: NatsServer, limits: Limits = LIMITS, **options: bool) -> dict[str, str]:
    return {step.what: step.result for step in set_up(make_settings(server.url), limits, **options)}


def test_everything_is_made_once(server: NatsServer) -> None:
    assert results(server) == dict.fromkeys(
        ("stream PAYI", "stream PAYI_REJECTED", "consumer payi-relay"), "as expected"
    )
    stream = server.call("STREAM.INFO.PAYI")["config"]
    wanted = {
        "retention": "workqueue",
        "discard": "new",
        "storage": "file",
        "max_bytes": 10**9,
        "subjects": ["payi.events"],
        "max_age": 7 * 24 * 3600 * 10**9,
        "duplicate_window": 120 * 10**9,
        "num_replicas": 1,
    }
    assert {name: stream[name] for name in wanted} == wanted
    assert server.call("STREAM.INFO.PAYI_REJECTED")["config"]["retention"] == "limits"
    consumer = server.call("CONSUMER.INFO.PAYI.payi-relay")["config"]
    assert (consumer["ack_policy"], consumer["ack_wait"]) == ("explicit", 2 * 10**9)


def test_a_dry_run_makes_nothing(tmp_path: Path) -> None:
    with serve_nats(tmp_path, stream=False) as server:
        assert set(results(server, dry_run=True).values()) == {"would be made"}
        assert server.call("STREAM.NAMES").get("streams") is None
        assert set(results(server).values()) == {"made"}


def test_other_limits_are_named_and_changed_on_request(server: NatsServer) -> None:
    limits = LIMITS._replace(max_age=3600.0, ack_wait=5.0)
    steps = {step.what: step for step in set_up(make_settings(server.url), limits)}
    assert str(steps["stream PAYI"]) == (
        "stream PAYI: differs (max_age is 604800 s, expected 3600 s; pass --update to change it)"
    )
    assert str(steps["consumer payi-relay"]) == (
        "consumer payi-relay: differs (ack_wait is 2 s, expected 5 s; pass --update to change it)"
    )
    assert results(server, limits, dry_run=True, update=True)["stream PAYI"] == "would be changed"
    assert results(server, limits)["stream PAYI"] == "differs"
    assert results(server, limits, update=True)["consumer payi-relay"] == "changed"
    assert set(results(server, limits).values()) == {"as expected"}


def test_further_subjects_stay(server: NatsServer) -> None:
    other = make_settings(server.url, subject="payi.eu")
    assert [step.result for step in set_up(other, LIMITS)] == ["differs", "as expected", "as expected"]
    assert next(iter(set_up(other, LIMITS, update=True))).result == "changed"
    assert server.call("STREAM.INFO.PAYI")["config"]["subjects"] == ["payi.eu", "payi.events"]
    assert set(results(server).values()) == {"as expected"}


def test_what_can_not_be_changed_is_named(server: NatsServer) -> None:
    server.call("STREAM.DELETE.PAYI")
    server.add_stream(storage="memory", retention="limits")
    [step, *_] = set_up(make_settings(server.url), LIMITS, update=True)
    assert step.result == "differs"
    assert "which can't be changed: delete it first" in step.text


def test_no_room_is_an_error_that_says_what_to_choose(tmp_path: Path) -> None:
    with serve_nats(tmp_path, stream=False) as server, pytest.raises(PayiConfigError) as error:
        results(server, Limits())
    assert "refuses STREAM.CREATE.PAYI: insufficient storage resources available" in str(error.value)
    assert str(error.value).endswith("; choose a smaller --max-bytes or --replicas")


def test_a_server_that_is_away_is_an_error(closed_port: int) -> None:
    with pytest.raises(NatsError, match="could not reach NATS"):
        list(set_up(make_settings(f"nats://127.0.0.1:{closed_port}"), LIMITS))


def test_a_server_without_jetstream_is_an_error() -> None:
    def respond(line: bytes) -> bytes:
        reply = line.split()[2] if line.startswith(b"PUB") else b""
        return b"HMSG %s 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n" % reply if reply else b""

    with impersonate(INFO, respond) as impostor, pytest.raises(PayiConfigError) as error:
        list(set_up(make_settings(impostor.url), LIMITS))
    assert str(error.value) == f"stream PAYI: JetStream is not enabled at {impostor.url}"


def test_odd_responses_are_read() -> None:
    def respond(line: bytes) -> bytes:
        reply = line.split()[2] if line.startswith(b"PUB") else b""
        return b'MSG %s 1 12\r\n{"config":7}\r\n' % reply if reply else b""

    with impersonate(INFO, respond) as impostor:
        [step, *_] = set_up(make_settings(impostor.url), LIMITS)
    assert step.result == "differs"
    assert "subjects is None, expected payi.events" in step.text


def test_a_cluster_has_three_copies(tmp_path: Path) -> None:
    with serve_cluster(tmp_path) as servers:
        servers[0].call("STREAM.NAMES")
        assert results(servers[0])["stream PAYI"] == "made"
        assert servers[1].call("STREAM.INFO.PAYI")["config"]["num_replicas"] == 3


def test_a_step_is_one_line() -> None:
    assert str(Step("stream X", "made", "")) == "stream X: made"
