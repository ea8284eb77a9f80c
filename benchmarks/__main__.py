"""`python -m benchmarks [BENCHMARK]`: runs each case in processes of its own, and prints one table."""

from __future__ import annotations

import argparse
import datetime
import importlib
import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.case import find_benchmark, run_case
from benchmarks.comparison import compare
from benchmarks.corpus import SEED
from benchmarks.environments import ENVIRONMENTS
from benchmarks.plot import FORMATS, save
from benchmarks.samples import Case, Row
from benchmarks.tables import format_rows

BENCHMARKS = (
    "instructions",
    "latency",
    "overhead",
    "peers",
    "scaling",
    "serve",
    "sockets",
    "start",
    "throughput",
    "wires",
)
# These have a command line of their own: they check an account, and have no cases.
RUNS = ("fleet", "report", "soak")
_PACKAGES = ("payi-transport", "httpx", "httpx2", "aiohttp", "requests", "botocore", "aiobotocore", "msgspec")


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and run the benchmark that it names."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words and words[0] in RUNS:
        importlib.import_module(f"benchmarks.{words[0]}").main(words[1:])
        return
    parser = _make_parser()
    asked = parser.parse_args(words)
    if asked.compare:
        try:
            print(compare(*asked.compare, markdown=asked.markdown))
        except (OSError, ValueError) as exc:
            parser.error(str(exc))
        return
    if asked.passes < 1 or asked.rounds < 2:
        parser.error("a median with quartiles needs one pass and two rounds at least")
    if asked.plot and asked.plot.suffix not in FORMATS:
        parser.error(f"{str(asked.plot)!r}: a picture is a file with one of the endings {', '.join(FORMATS)}")
    cases = [
        case
        for case in find_benchmark(asked.benchmark).list_cases(quick=asked.quick)
        if asked.only in " / ".join(case)
    ]
    if not cases:
        parser.error(f"no case has {asked.only!r} in its name")
    _run(asked, cases)


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "benchmark",
        nargs="?",
        default="overhead",
        choices=BENCHMARKS,
        help=f"or one of {', '.join(RUNS)}, each with options of its own",
    )
    parser.add_argument("--quick", action="store_true", help="a few calls of some cases, to see that it runs")
    parser.add_argument(
        "--only",
        default="",
        metavar="TEXT",
        help="cases whose name has TEXT in it, such as 'unary 1 KB / httpx2 / sync'",
    )
    parser.add_argument("--passes", type=int, default=3, help="processes a case, in turns (default: 3)")
    parser.add_argument("--rounds", type=int, default=15, help="rounds a process, two or more (default: 15)")
    parser.add_argument(
        "--environments",
        type=Path,
        metavar="DIR",
        help="where those of the peers are kept (default: a cache)",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="keep every sample, as JSON")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the table, as SVG or PNG")
    parser.add_argument(
        "--compare",
        nargs=2,
        type=Path,
        metavar=("BEFORE", "AFTER"),
        help="measure nothing, and print what changed between two files of --output",
    )
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    return parser


def _run(asked: argparse.Namespace, cases: Sequence[Case]) -> None:
    if asked.environments is not None:
        os.environ[ENVIRONMENTS] = str(asked.environments.resolve())
    if asked.quick:
        # Quartiles need at least two values.
        asked.passes, asked.rounds = 1, 2
    began = datetime.datetime.now(datetime.timezone.utc)
    rounds: dict[Case, list[Any]] = {case: [] for case in cases}
    # Passes are the outer loop: the processes of one case are spread over the whole run, so a slow minute
    # of the machine does not hit all of them.
    for number in range(1, asked.passes + 1):
        for index, case in enumerate(cases, 1):
            _tell(f"pass {number} of {asked.passes}, case {index} of {len(cases)}")
            rounds[case] += run_case(asked.benchmark, case, rounds=asked.rounds, quick=asked.quick)
    _tell("")
    benchmark = find_benchmark(asked.benchmark)
    rows = [row for case in cases for row in benchmark.summarize(case, rounds[case])]
    print(format_rows(rows, markdown=asked.markdown))
    if asked.plot is not None:
        save(rows, asked.plot)
    if asked.output is not None:
        document = {"benchmark": asked.benchmark, "date": began.isoformat(timespec="seconds")}
        asked.output.write_text(json.dumps({**document, **_to_document(rounds, rows)}, indent=1) + "\n")


def _tell(progress: str) -> None:
    # Progress rewrites one line, which makes sense on a terminal only and never mixes with the table on
    # stdout.
    if sys.stderr.isatty():
        print(f"\r\x1b[K{progress}", end="", file=sys.stderr, flush=True)


def _to_document(rounds: dict[Case, list[Any]], rows: list[Row]) -> dict[str, Any]:
    """All that is needed to check the table, or to compare it with another run."""
    return {
        "seed": SEED,
        "python": sys.version,
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "packages": dict(_find_versions()),
        "cases": [{"case": case, "rounds": rounds[case]} for case in rounds],
        "rows": [row._asdict() for row in rows],
    }


def _find_versions() -> list[tuple[str, str]]:
    distributions = importlib.metadata.packages_distributions()
    return [
        (name, importlib.metadata.version(name))
        for name in _PACKAGES
        # An environment may lack some of these libraries, and a benchmark that does not use them still
        # runs.
        if name.replace("-", "_") in distributions
    ]


if __name__ == "__main__":
    main()
