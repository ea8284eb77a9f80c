"""`python -m benchmarks [overhead]`: runs each case in processes of its own, and prints one table."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import overhead
from benchmarks.corpus import SEED

_ROOT = Path(__file__).resolve().parents[1]
_PACKAGES = ("payi-transport", "httpx", "httpx2", "msgspec")
_TITLES = ("workload", "client", "installed", "unit", "bare", "added (quartiles)", "wall", "budget", "")


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and run the benchmark that it names."""
    parser = _make_parser()
    asked = parser.parse_args(arguments)
    if asked.passes < 1 or asked.rounds < 2:
        parser.error("a median with quartiles needs one pass and two rounds at least")
    if not any(_is_asked(case, asked) for case in overhead.list_cases(quick=asked.quick)):
        parser.error(f"no case has {asked.only!r} in its name")
    _BENCHMARKS[asked.benchmark](asked)


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("benchmark", nargs="?", default="overhead", choices=sorted(_BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="a few calls of some cases, to see that it runs")
    parser.add_argument(
        "--only",
        default="",
        metavar="TEXT",
        help="cases whose name has TEXT in it, such as 'unary 1 KB / httpx2 / sync'",
    )
    parser.add_argument("--passes", type=int, default=3, help="processes a case, in turns (default: 3)")
    parser.add_argument("--rounds", type=int, default=15, help="rounds a process, two or more (default: 15)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="keep every sample, as JSON")
    return parser


def _run_overhead(asked: argparse.Namespace) -> None:
    if asked.quick:
        asked.passes, asked.rounds = 1, 3
    cases = [case for case in overhead.list_cases(quick=asked.quick) if _is_asked(case, asked)]
    rounds: dict[overhead.Case, list[overhead.Round]] = {case: [] for case in cases}
    for number in range(1, asked.passes + 1):
        for index, case in enumerate(cases, 1):
            _tell(f"pass {number} of {asked.passes}, case {index} of {len(cases)}")
            rounds[case] += _run_case(case, rounds=asked.rounds, divisor=20 if asked.quick else 1)
    _tell("")
    rows = [row for case in cases for row in overhead.summarize(case, rounds[case])]
    print(_format(_TITLES, map(_to_cells, rows)))
    print(_LEGEND)
    if asked.output is not None:
        asked.output.write_text(json.dumps(_to_document(rounds, rows), indent=1) + "\n")


def _is_asked(case: overhead.Case, asked: argparse.Namespace) -> bool:
    return asked.only in " / ".join(case)


def _run_case(case: overhead.Case, *, rounds: int, divisor: int) -> list[overhead.Round]:
    """The rounds of a case, measured in a fresh process."""
    told = json.dumps({"case": case, "rounds": rounds, "divisor": divisor})
    # The library's own settings must be those of the benchmark, whoever runs it.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PAYI_")}
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.overhead", told],
        cwd=_ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return overhead.read_rounds(ran.stdout)


def _tell(progress: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{progress}", end="", file=sys.stderr, flush=True)


_LEGEND = f"""
Microseconds, on the thread that calls; 'bare' and 'added' are its CPU time, 'wall' is what was added by the
clock. The budget is three times the floor of any wrapper in Python: {overhead.CALL_BUDGET:g} a unary call, \
{overhead.CHUNK_BUDGET:g} a chunk."""


def _to_cells(row: overhead.Row) -> tuple[str, ...]:
    digits = 3 if row.unit == "chunk" else 1
    low, added, high = (f"{value:.{digits}f}" for value in row.cpu)
    verdict = "" if row.budget is None else "within" if row.cpu[1] <= row.budget else "OVER"
    return (
        row.case.workload,
        f"{row.case.family} {row.case.mode}",
        row.case.install,
        row.unit,
        f"{row.bare:.{digits}f}",
        f"{added} ({low} to {high})",
        f"{row.wall[1]:.{digits}f}",
        "-" if row.budget is None else f"{row.budget:g}",
        verdict,
    )


def _format(titles: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    """Columns as wide as their widest cell, numbers to the right."""
    table = [titles, *lines]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    first_number = titles.index("bare")
    return "\n".join(
        "  ".join(
            cell.ljust(width) if index < first_number else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in table
    )


def _to_document(
    rounds: dict[overhead.Case, list[overhead.Round]], rows: list[overhead.Row]
) -> dict[str, Any]:
    """All that is needed to check the table, or to compare it with another run."""
    return {
        "benchmark": "overhead",
        "seed": SEED,
        "python": sys.version,
        "platform": platform.platform(),
        "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
        "sample": overhead.Sample._fields,
        "cases": [{"case": case._asdict(), "rounds": rounds[case]} for case in rounds],
        "rows": [{**row._asdict(), "case": row.case._asdict()} for row in rows],
    }


_BENCHMARKS: dict[str, Callable[[argparse.Namespace], None]] = {"overhead": _run_overhead}


if __name__ == "__main__":
    main()
