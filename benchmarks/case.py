"""`python -m benchmarks.case ASKED`: measures one case, asked and answered as one line of JSON."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.samples import Benchmark, Case

__all__ = ["find_benchmark", "run_case"]

_ROOT = Path(__file__).resolve().parents[1]


def find_benchmark(name: str) -> Benchmark:
    """The module of that name in this folder."""
    module: Any = importlib.import_module(f"benchmarks.{name}")
    benchmark: Benchmark = module
    return benchmark


def run_case(name: str, case: Case, *, rounds: int, quick: bool) -> list[Any]:
    """The rounds of a case, measured in a fresh process."""
    asked = json.dumps({"benchmark": name, "case": case, "rounds": rounds, "quick": quick})
    # The library's own settings must be those of the benchmark, whoever runs it.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PAYI_")}
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.case", asked],
        cwd=_ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answer: list[Any] = json.loads(ran.stdout)
    return answer


def main(arguments: str) -> None:
    """Measure, and print the rounds."""
    asked = json.loads(arguments)
    benchmark = find_benchmark(asked["benchmark"])
    print(json.dumps(benchmark.measure(tuple(asked["case"]), rounds=asked["rounds"], quick=asked["quick"])))


if __name__ == "__main__":
    main(sys.argv[1])
