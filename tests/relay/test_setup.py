"""The streams and the consumer are made once, and what differs is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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
    rejected = server.call("STREAM.INFO.PAYI_REJECTED")["config"]
    kept = {
        "retention": "limits",
        "discard": "old",
        "storage": "file",
        "max_bytes": 10**8,
        "subjects": ["payi.rejected"],
        "max_age": 4 * 7 * 24 * 3600 * 10**9,
        "duplicate_window": 120 * 10**9,
        "max_msgs": -1,
    }
    assert {name: rejected[name] for name in kept} == kept
    consumer = server.call("CONSUMER.INFO.PAYI.payi-relay")["config"]
    shared = {
        "ack_policy": "explicit",
        "deliver_policy": "all",
        "ack_wait": 2 * 10**9,
        "max_deliver": -1,
        "max_ack_pending": 200_000,
        "max_waiting": 4096,
    }
    assert {name: consumer[name] for name in shared} == shared


class Recorder:
    """A server without anything, that notes what is to be made, or refuses that with an error's code."""

    def __init__(self, code: int | None = None) -> None:
        self.made: list[dict[str, Any]] = []
        self._code = code
        self._request = b""

    def __call__(self, line: bytes) -> bytes:
        if line.startswith(b"{"):
            fields = json.loads(line)
            self.made.append(fields)
            return self._answer("10000" if self._code is None else str(self._code), self._code is not None)
        if b".INFO." in line:
            self._request = line
            return self._answer("10014" if b"CONSUMER" in line else "10059", True)
        self._request = line
        return b""

    def _answer(self, code: str, is_error: bool) -> bytes:
        body = f'{{"error": {{"err_code": {code}, "description": "no"}}}}' if is_error else "{}"
        return f"MSG {self._request.split()[2].decode()} 1 {len(body)}\r\n{body}\r\n".encode()


def make_at(recorder: Recorder, limits: Limits) -> list[str]:
    with impersonate(INFO, recorder) as impostor:
        return [str(step) for step in set_up(make_settings(impostor.url), limits)]


def test_without_options_a_week_and_ten_gigabytes_are_kept_and_what_is_made_is_described() -> None:
    recorder = Recorder()
    assert make_at(recorder, Limits()) == [
        "stream PAYI: made (subjects payi.events, retention workqueue, discard new, num_replicas 1,"
        " max_bytes 10737418240, max_age 604800 s, duplicate_window 120 s)",
        "stream PAYI_REJECTED: made (subjects payi.rejected, retention limits, discard old, num_replicas 1,"
        " max_bytes 1073741824, max_age 2419200 s, duplicate_window 120 s)",
        "consumer payi-relay: made (ack_wait 60 s)",
    ]
    events, rejected, consumer = recorder.made
    assert (events["max_msgs"], rejected["max_msgs"]) == (-1, -1)
    assert (consumer["stream_name"], consumer["config"]["durable_name"]) == ("PAYI", "payi-relay")


def test_small_limits_leave_a_megabyte_for_what_is_rejected_and_no_window_beyond_the_age() -> None:
    recorder = Recorder()
    make_at(recorder, Limits(max_age=60.0, max_bytes=2 * 1024 * 1024, replicas=5))
    events, rejected, _ = recorder.made
    assert [each["max_bytes"] for each in (events, rejected)] == [2 * 1024 * 1024, 1024 * 1024]
    assert [each["duplicate_window"] for each in (events, rejected)] == [60 * 10**9] * 2
    assert [each["max_age"] for each in (events, rejected)] == [60 * 10**9, 240 * 10**9]
    assert [each["num_replicas"] for each in (events, rejected)] == [5, 5]


@pytest.mark.parametrize(
    ("code", "hint"), [(10047, "; choose a smaller --max-bytes or --replicas"), (10052, "")]
)
def test_a_refusal_is_an_error_with_its_reason(code: int, hint: str) -> None:
    with pytest.raises(PayiConfigError) as error:
        make_at(Recorder(code), Limits())
    assert str(error.value).endswith(f"refuses STREAM.CREATE.PAYI: no{hint}")


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


def test_what_cannot_be_changed_is_named(server: NatsServer) -> None:
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
