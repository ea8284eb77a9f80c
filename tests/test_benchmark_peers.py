"""Peers are measured in their environments. Those that the tests have are run here, the others are not."""

from __future__ import annotations

import gzip
import json
import math
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from benchmarks import peer_program, peers
from benchmarks.__main__ import main
from benchmarks.environments import ENVIRONMENTS, OWN, PEERS, Peer, find_environment, find_python
from benchmarks.soak import start_ingest

pytestmark = pytest.mark.usefixtures("every_authority")

_PEERS = {peer.name: peer for peer in PEERS}


def test_peers_are_measured_with_each_workload_and_can_all_be_installed() -> None:
    every, quick = peers.list_cases(), peers.list_cases(quick=True)
    assert len(set(every)) == len(every) == 5 * len(PEERS)
    assert {case[0] for case in quick} == {case[0] for case in every}
    assert {case[1] for case in quick} == {case[1] for case in every} == {peer.title for peer in PEERS}
    assert set(peer_program.INSTALLS) == {None, *_PEERS}
    assert (_PEERS[OWN].title, _PEERS["payi offline"].title) == (OWN, "payi offline 0.1.0a183")


_COSTS = ("µs CPU a {}", "µs by the clock a {}", "µs CPU a {}, whole process")
_OF_CALLS = {unit.format("call") for unit in _COSTS}
_OF_STREAMS = {unit.format(what) for unit in _COSTS for what in ("call of 20 chunks", "chunk")}


@pytest.mark.parametrize(
    ("name", "workload", "units"),
    [
        (OWN, "unary 200 KB", _OF_CALLS),
        (OWN, "50 tasks", _OF_CALLS),
        (OWN, "stream", _OF_STREAMS),
        ("payi", "stream", _OF_STREAMS),
        ("payi offline", "unary 1 KB, steady", {"µs by the clock, p99"}),
    ],
)
def test_a_peer_that_records_every_call_is_measured(name: str, workload: str, units: set[str]) -> None:
    rounds = peers.measure_peer(_PEERS[name], Path(sys.executable), workload, rounds=2, quick=True)
    assert len(rounds) == 2
    for one in rounds:
        assert set(one) == units
        assert all(math.isfinite(pair.value) and pair.bare is not None for pair in one.values())


def test_quick_run_of_this_library_prints_a_row_a_measure_and_keeps_the_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What runs the tests stands in for the environment that would be built."""
    # The option sets it for the processes of the cases, and it is to be gone afterwards.
    monkeypatch.setenv(ENVIRONMENTS, "")
    environments, file = tmp_path / "environments", tmp_path / "run.json"
    python = environments / find_environment(_PEERS[OWN]).name / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o700)
    (python.parents[1] / "complete").touch()
    options = ["--quick", "--only", OWN, "--environments", str(environments), "--output", str(file)]
    main(["peers", *options])
    rows = json.loads(file.read_text())["rows"]
    assert {row["case"].split(" / ")[0] for row in rows} == {"unary 1 KB", "unary 1 KB, steady"}
    printed = capsys.readouterr().out.splitlines()[1:]
    assert all(row["case"] in line for row, line in zip(rows, printed, strict=True))
    assert str(tmp_path) not in file.read_text()


def test_a_peer_that_misses_calls_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    count = peers._count
    monkeypatch.setattr(peers, "_count", lambda *arguments: count(*arguments) - 1)
    with pytest.raises(RuntimeError, match="payi_transport recorded 14 of 15 calls"):
        peers.measure_peer(_PEERS[OWN], Path(sys.executable), "unary 1 KB", rounds=2, quick=True)


def test_a_chunk_with_a_peer_is_what_a_long_stream_costs_more_than_a_short_one() -> None:
    def make(short: float, long: float) -> dict[str, dict[str, float]]:
        return {
            part: {"cpu": cost, "wall": cost, "whole": cost, "p99": cost}
            for part, cost in (("short", short), ("long", long))
        }

    round_ = peers.pair_costs("stream", make(200.0, 1160.0), make(100.0, 580.0))
    assert round_["µs CPU a chunk"] == (2.0, 1.0)
    assert round_["µs CPU a call of 20 chunks, whole process"] == (200.0, 100.0)


def test_what_a_peer_delivers_is_counted_by_its_mark() -> None:
    with start_ingest(r"tokens\.total") as url:
        httpx.post(f"{url}/v1/traces", content=gzip.compress(b"\x00tokens.total\x01tokens.total"))
        httpx.post(f"{url}/api/v1/ingest", content=b"tokens_total")
        assert httpx.get(f"{url}/counts").json()["taken"] == 2


def _make_wheel(folder: Path) -> Path:
    wheel = folder / "a_peer-1.0-py3-none-any.whl"
    about = "a_peer-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("a_peer.py", "")
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: a-peer\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return wheel


def test_an_environment_is_kept_once_it_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENTS, str(tmp_path / "environments"))
    peer = Peer("a peer", (str(_make_wheel(tmp_path)),), "")
    python = find_python(peer)
    subprocess.run([python, "-c", "import a_peer"], check=True)
    kept = python.parents[1] / "kept"
    kept.touch()
    assert find_python(peer) == python and kept.exists()
    (python.parents[1] / "complete").unlink()
    assert find_python(peer) == python and not kept.exists()
    assert find_environment(peer) != find_environment(peer._replace(requirements=("a-peer==2.0",)))
