"""How many instructions and function calls each step takes: numbers that a busy machine doesn't change.

Every number is a difference between two runs of `instruction_program.py` that differ in one thing, so that
the interpreter's start and the preparation drop out.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.instruction_program import BODIES, CALLS, EVENTS, STARTS, STEPS, TRACED
from benchmarks.samples import Case, Pair, Round, Row
from benchmarks.samples import summarize as summarize_rounds

__all__ = ["list_cases", "measure", "summarize"]

_ROOT = Path(__file__).resolve().parents[1]
_TOTAL = re.compile(r"I\s+refs:\s+([\d,]+)")
# What comes before is warm-up: caches fill, and code is specialized.
_WARM_UP, _COUNT = 100, 200
# A step of the worker is for many events, whose decoder has no warmer second half.
_STEP_WARM_UP, _STEP_COUNT = 1, 2
_INSTRUCTIONS = "instructions"
# Source: the targets that the calls and the steps of the worker were given, by case and unit.
_BUDGETS: dict[Case, dict[str, float]] = {
    ("call", "unary 1 KB"): {_INSTRUCTIONS: 60_000.0, "Python calls": 15.0},
    # Two microseconds are some 10,000 instructions of the interpreter.
    ("call", "unary 1 KB", TRACED): {_INSTRUCTIONS: 10_000.0},
}


def list_cases(*, quick: bool = False) -> list[Case]:
    """The calls, the worker's steps with and without content, and the start.

    Exits with a message where valgrind isn't installed.
    """
    if shutil.which("valgrind") is None:
        raise SystemExit(
            "python -m benchmarks instructions: needs valgrind, which is not on the PATH; install it with"
            " your system's package manager, for example `apt-get install valgrind`"
        )
    if quick:
        return [("call", "unary 1 KB")]
    return [
        *(("call", name) for name in CALLS),
        ("call", "unary 1 KB", TRACED),
        *((step, name, kind) for step in STEPS for name in BODIES for kind in ("content", "no content")),
        *(("start", name) for name in STARTS),
    ]


def measure(case: Case, *, rounds: int, quick: bool = False) -> list[Round]:
    """One round: a second one in the same minute would give the same numbers."""
    if case[0] == "start":
        before_it, with_it = (_count_instructions(case, variant, 0) for variant in ("bare", "payi"))
        return [{_INSTRUCTIONS: Pair(with_it, before_it)}]
    if case[0] in STEPS:
        side = _measure_side(case, "payi", _STEP_WARM_UP, _STEP_COUNT)
        return [{unit: Pair(value / EVENTS) for unit, value in side.items()}]
    # Of fewer calls, the memory that they find may cost more instructions than what is measured.
    before, count = (5, 20) if quick else (_WARM_UP, _COUNT)
    payi, bare = (_measure_side(case, variant, before, count) for variant in ("payi", "bare"))
    return [{unit: Pair(payi[unit], bare[unit]) for unit in payi}]


def summarize(case: Case, rounds: Sequence[Any]) -> Iterator[Row]:
    """Rows of what each added, or took where there is nothing to compare it with."""
    # A median needs two values, and a short run has one.
    return summarize_rounds(case, [*rounds, *rounds], _BUDGETS.get(case))


def _measure_side(case: Case, variant: str, before: int, count: int) -> dict[str, float]:
    few, many = (_count_instructions(case, variant, size) for size in (before, before + count))
    calls = json.loads(_run([sys.executable], case, variant, count, "calls").stdout)
    return {_INSTRUCTIONS: (many - few) / count, **calls}


def _count_instructions(case: Case, variant: str, count: int) -> int:
    tool = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    counted = _TOTAL.search(_run([*tool, sys.executable], case, variant, count, "plain").stderr)
    if counted is None:
        raise RuntimeError("valgrind did not say how many instructions it counted")
    return int(counted[1].replace(",", ""))


def _run(
    command: list[str], case: Case, variant: str, count: int, mode: str
) -> subprocess.CompletedProcess[str]:
    asked = json.dumps({"case": case, "variant": variant, "count": count, "mode": mode})
    # Sets and dicts of strings differ from process to process unless the seed of their hashes is fixed.
    return subprocess.run(
        [*command, "-m", "benchmarks.instruction_program", asked],
        cwd=_ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
