"""What this library and others add to the same calls of OpenAI's SDK, each in an environment of its own.

A peer that was installed may never be quite gone again. So a case has two processes of one environment, which
play the rounds in turns, and only one of them ever imports the peer.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from benchmarks.corpus import ANSWER_HEADERS, LONG, SHORT, Part, make_stream, make_unary
from benchmarks.environments import OWN, PEERS, SDK, Peer, find_python
from benchmarks.samples import Case, Pair, Round, summarize
from benchmarks.soak import start_ingest

__all__ = ["list_cases", "measure", "measure_peer", "pair_costs", "summarize"]

_PROGRAM = Path(__file__).with_name("peer_program.py")
# Calls of a part are made one after the other, but for those of this workload.
_TASKS, _AT_ONCE = "50 tasks", 50
# It goes on for long enough that a peer delivers in the midst of it, so few rounds will do.
_STEADY, _STEADY_ROUNDS = "unary 1 KB, steady", 3
_WORKLOADS: dict[str, Callable[[], list[Part]]] = {
    "unary 1 KB": lambda: [Part("call", make_unary(1_000, 600), 100)],
    "unary 200 KB": lambda: [Part("call", make_unary(200_000, 8_000), 20)],
    "stream": lambda: [
        Part("short", make_stream(SHORT, asks=True), 10),
        Part("long", make_stream(LONG, asks=True), 2),
    ],
    _TASKS: lambda: [Part("call", make_unary(1_000, 600), 2 * _AT_ONCE)],
    _STEADY: lambda: [Part("call", make_unary(1_000, 600), 600)],
}
_UNITS = {"cpu": "µs CPU a {}", "wall": "µs by the clock a {}", "whole": "µs CPU a {}, whole process"}
_P99 = "µs by the clock, p99"

# Microseconds by the keys of `_UNITS`, and "p99".
Cost = Mapping[str, float]
# What plays a round and answers with the costs of its parts.
Player = Callable[[], dict[str, Cost]]


def list_cases(*, quick: bool = False) -> list[Case]:
    """Every workload with every peer."""
    sdk = SDK.replace("==", " ")
    cases: list[Case] = [(workload, peer.title, sdk) for workload in _WORKLOADS for peer in PEERS]
    # A stride that meets every workload and every peer.
    return cases[::4] if quick else cases


def measure(case: Case, *, rounds: int, quick: bool = False) -> list[Round]:
    """A round is bare and instrumented once each."""
    peer = next(peer for peer in PEERS if peer.title == case[1])
    return measure_peer(peer, find_python(peer), case[0], rounds=rounds, quick=quick)


def measure_peer(peer: Peer, python: Path, workload: str, *, rounds: int, quick: bool) -> list[Round]:
    """`python`: an interpreter with the SDK and the peer. Raises RuntimeError for calls that it missed."""
    rounds = min(rounds, _STEADY_ROUNDS) if workload == _STEADY else rounds
    at_once = _AT_ONCE if workload == _TASKS else 1
    parts = [_scale(part, at_once, 20 if quick else 1) for part in _WORKLOADS[workload]()]
    with tempfile.TemporaryDirectory() as scratch, start_ingest(peer.mark) as url:
        file = Path(scratch, "events.json")
        task = {**_describe(parts, at_once), "peer": peer.name, "url": url, "file": str(file)}
        with _start(python, scratch, {**task, "peer": None}) as bare, _start(python, scratch, task) as played:
            # The first round warms up.
            measured = [_play(played, bare, first=index % 2 == 0) for index in range(rounds + 1)][1:]
        _check(peer, _count(peer, url, file), (rounds + 1) * sum(part.calls for part in parts))
    return [pair_costs(workload, *costs) for costs in measured]


def _scale(part: Part, at_once: int, divisor: int) -> Part:
    """A part of fewer calls."""
    return part._replace(calls=max(2, at_once, part.calls // divisor))


def _describe(parts: Sequence[Part], at_once: int) -> dict[str, Any]:
    """The calls, in JSON."""
    return {
        "headers": [(name.decode(), text.decode()) for name, text in ANSWER_HEADERS],
        "at_once": at_once,
        "parts": [_describe_part(part) for part in parts],
    }


def _describe_part(part: Part) -> dict[str, Any]:
    answer = part.script.answer_with_usage or part.script.answer
    return {
        "name": part.name,
        "calls": part.calls,
        "request": json.loads(part.script.request),
        "content_type": answer.content_type,
        "chunks": [chunk.decode() for chunk in answer.chunks],
    }


@contextlib.contextmanager
def _start(python: Path, scratch: str, task: Mapping[str, Any]) -> Iterator[Player]:
    """The program in a process of its own, which ends when its input does."""
    # Neither settings nor a proxy of whoever runs this are the peer's. By its safe path the program has no
    # modules beside it that would hide those of the peer.
    settings = {"PATH": os.environ["PATH"], "NO_PROXY": "*", "PYTHONHASHSEED": "0"}
    if task["peer"] == OWN:
        settings["PYTHONPATH"] = str(_PROGRAM.parents[1])
    with subprocess.Popen(
        [python, "-P", _PROGRAM],
        cwd=scratch,
        env=settings,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdin is not None and program.stdout is not None
        ask, answers = program.stdin, program.stdout
        print(json.dumps(task), file=ask, flush=True)

        def play() -> dict[str, Cost]:
            print(file=ask, flush=True)
            costs: dict[str, Cost] = json.loads(answers.readline())
            return costs

        yield play


def _play(played: Player, bare: Player, *, first: bool) -> tuple[dict[str, Cost], dict[str, Cost]]:
    """The costs of a round, with the peer and without. `first`: whether the bare half is."""
    if first:
        quiet = bare()
        return played(), quiet
    return played(), bare()


def _count(peer: Peer, url: str, file: Path) -> int:
    """The calls that arrived."""
    if file.exists():
        return len(re.findall(peer.mark, file.read_text()))
    taken: int = httpx.get(f"{url}/counts").json()["taken"]
    return taken


def _check(peer: Peer, recorded: int, expected: int) -> None:
    """Times of calls that were not recorded as they should be say nothing."""
    if recorded != expected:
        raise RuntimeError(f"{peer.title} recorded {recorded} of {expected} calls")


def pair_costs(workload: str, played: Mapping[str, Cost], bare: Mapping[str, Cost]) -> Round:
    """Those of a round, by unit. `played` and `bare` are by part."""
    if workload == _STEADY:
        return {_P99: Pair(played["call"]["p99"], bare["call"]["p99"])}
    played, bare = _divide(played), _divide(bare)
    return {
        unit.format(what): Pair(played[what][kind], bare[what][kind])
        for what in played
        for kind, unit in _UNITS.items()
    }


def _divide(costs: Mapping[str, Cost]) -> Mapping[str, Cost]:
    """Those of streams are of a call and of a chunk: the long one against the short one."""
    if "long" not in costs:
        return costs
    short, long = costs["short"], costs["long"]
    chunk = {kind: (long[kind] - short[kind]) / (LONG - SHORT) for kind in _UNITS}
    return {f"call of {SHORT} chunks": short, "chunk": chunk}
