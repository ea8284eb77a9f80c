"""The configurations in the guide to fleets are ones that servers, Kubernetes, and systemd accept."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from payi_transport.relay.setup import Limits, set_up
from payi_transport.sinks.nats import NatsSink
from payi_transport.sinks.protocol import mark_uncertain
from tests.sinks.events import event
from tests.support.nats_server import NatsServer, make_settings
from tests.support.snippets import ROOT, read_snippets

SNIPPETS = read_snippets(ROOT / "docs/guides/fleets.md")
SECRETS = {"POD_NAME": "nats-0", "PRODUCER_PASSWORD": "p", "RELAY_PASSWORD": "r"}


def find(language: str, text: str) -> str:
    [found] = [one.text for one in SNIPPETS if one.language == language and text in one.text]
    return found


def load(text: str) -> list[dict[str, Any]]:
    yaml = pytest.importorskip("yaml")
    return list(yaml.safe_load_all(find("yaml", text)))


def test_kubernetes_accepts_the_manifests() -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    manifests = load("kind: Deployment")
    assert [one["kind"] for one in manifests] == ["Deployment", "PodDisruptionBudget", "Job"]
    for manifest in manifests:
        kubernetes_validate.validate(manifest, "1.30", strict=True)
    # The check is one that fails.
    manifests[0]["spec"]["replica"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifests[0], "1.30", strict=True)


def test_a_pod_ends_after_the_relay_has_returned_what_it_holds() -> None:
    pod = load("kind: Deployment")[0]["spec"]["template"]["spec"]
    words = pod["containers"][0]["command"]
    assert pod["terminationGracePeriodSeconds"] > int(words[words.index("--grace") + 1])


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "payi-relay.service"
    unit.write_text(find("ini", "[Service]"))
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit)
    service = parser["Service"]
    grace = re.search(r"--grace (\d+)", service["ExecStart"])
    assert grace is not None and int(service["TimeoutStopSec"]) > int(grace[1])
    if shutil.which("systemd-analyze"):
        ran = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
        assert str(unit.name) not in ran.stderr, ran.stderr


def serve(tmp_path: Path, text: str) -> NatsServer:
    """A server with what the guide shows, on a port and in a folder of the test."""
    server = NatsServer(tmp_path)
    own = f'listen: "127.0.0.1:{server.port}"'
    text = text.replace('listen: "0.0.0.0:4222"', own).replace('"/data"', f'"{tmp_path}/data"')
    text = text.replace('http: "127.0.0.1:8222"', "").replace("100GB", "1GB")
    (server.folder / "nats.conf").write_text(text)
    server.start()
    return server


def test_a_producer_may_publish_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    server = serve(tmp_path, find("hocon", "jetstream {"))
    try:
        relay = make_settings(server.url, user="relay", password="r")
        assert {step.result for step in set_up(relay, Limits(max_bytes=10**8))} == {"made"}
        sink = NatsSink.from_section(make_settings(server.url, user="producer", password="p"))
        receipt = sink.deliver([event(1)])
        assert (receipt.retry, receipt.problem, receipt.notices) == ([], None, [])
        other = NatsSink.from_section(
            make_settings(server.url, user="producer", password="p", subject="payi.other", timeout=1.0)
        )
        assert list(other.deliver([event(2)]).retry) == [0]
        sink.close()
        other.close()
    finally:
        server.kill()


def test_producers_are_mapped_to_streams_by_name(tmp_path: Path) -> None:
    mapping = find("hocon", "partition(50").replace("partition(50", "partition(3")
    jetstream = 'listen: "0.0.0.0:4222"\njetstream { store_dir: "/data" }\n'
    server = serve(tmp_path, jetstream + mapping)
    try:
        for part in range(3):
            settings = make_settings(server.url, stream=f"PAYI_{part}", subject=f"payi.part.{part}")
            list(set_up(settings, Limits(max_bytes=10**7)))
        for number in range(20):
            sink = NatsSink.from_section(make_settings(server.url, subject=f"payi.events.pod-{number}"))
            assert not sink.deliver([event(number)]).problem
            sink.close()
            # From the same producer once more: the stream has it.
            again = NatsSink.from_section(make_settings(server.url, subject=f"payi.events.pod-{number}"))
            assert not again.deliver([mark_uncertain(event(number))]).problem
            again.close()
        counts = [server.count(f"PAYI_{part}") for part in range(3)]
        assert sum(counts) == 20 and all(counts)
    finally:
        server.kill()


def test_every_part_of_the_collector_is_defined_and_used() -> None:
    [config] = load("otlphttp")
    pipelines = config["service"]["pipelines"]
    assert set(pipelines) == {"traces", "metrics"}
    for kind in ("receivers", "processors", "exporters"):
        assert {name for pipeline in pipelines.values() for name in pipeline[kind]} == set(config[kind])
    assert config["service"]["extensions"] == list(config["extensions"])
    assert config["exporters"]["otlphttp"]["sending_queue"]["storage"] in config["extensions"]
