"""`python -m tests.mutants`: try a sample of mutants and print what survived."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.mutations import KINDS, find_mutations
from tests.mutants.trial import ROOT, Mutant, Workshop, list_modules

__all__ = ["draw_sample", "format_rates", "main", "try_all"]


def draw_sample(modules: Sequence[str], count: int, seed: int) -> list[Mutant]:
    """Draw mutants, as many of each kind as there are and at most one a line."""
    chooser = random.Random(seed)
    by_kind: dict[str, list[Mutant]] = {kind: [] for kind in KINDS}
    for module in modules:
        for mutation in find_mutations((ROOT / module).read_text("utf-8")):
            by_kind[mutation.kind].append(Mutant(module, mutation))
    for mutants in by_kind.values():
        chooser.shuffle(mutants)
    drawn: dict[tuple[str, int], Mutant] = {}
    while len(drawn) < count and any(by_kind.values()):
        for mutants in by_kind.values():
            if mutants and len(drawn) < count:
                mutant = mutants.pop()
                drawn.setdefault((mutant.module, mutant.mutation.line), mutant)
    return list(drawn.values())


def try_all(mutants: Iterable[Mutant], workshops: Sequence[Workshop]) -> list[tuple[Mutant, bool]]:
    """Return whether each mutant was killed; as many at once as there are workshops."""
    free: SimpleQueue[Workshop] = SimpleQueue()
    for workshop in workshops:
        free.put(workshop)

    def attempt(mutant: Mutant) -> tuple[Mutant, bool]:
        workshop = free.get()
        try:
            killer = workshop.find_killer(mutant)
        finally:
            free.put(workshop)
        print(f"{'killed  ' if killer else 'SURVIVED'} {describe(mutant)}", flush=True)
        if killer:
            print(f"         by {killer}", flush=True)
        return mutant, bool(killer)

    with ThreadPoolExecutor(len(workshops)) as pool:
        return list(pool.map(attempt, mutants))


def describe(mutant: Mutant) -> str:
    """Show a mutant in one line."""
    mutation = mutant.mutation
    source = (ROOT / mutant.module).read_text("utf-8").encode()
    before = " ".join(source[mutation.start : mutation.end].decode().split())
    return f"{mutant.module}:{mutation.line} {mutation.kind}: {before[:70]} -> {mutation.replacement[:70]}"


def format_rates(tried: Iterable[tuple[Mutant, bool]]) -> list[str]:
    """Return a line for each folder, and one for all: killed, tried, percent."""
    total, killed = Counter[str](), Counter[str]()
    for mutant, dead in tried:
        for name in (mutant.folder, "all"):
            total[name] += 1
            killed[name] += int(dead)
    names = [*sorted(total.keys() - {"all"}), "all"]
    return [
        f"{name:16} {killed[name]:4}/{total[name]:<4} {_percent(killed[name], total[name]):5.1f} %"
        for name in names
    ]


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 100.0


def main(arguments: Sequence[str] | None = None, make: Callable[[Path, float], Workshop] = Workshop) -> int:
    """Return 1 if fewer mutants were killed than asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument(
        "prefix", nargs="?", default="", help="modules to mutate, such as delivery/ or decode/body"
    )
    parser.add_argument("--count", type=int, default=40, help="how many mutants (default: 40)")
    parser.add_argument("--seed", type=int, default=1, help="another seed draws other mutants")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once (default: 2)")
    parser.add_argument("--limit", type=float, default=300, help="seconds for one selection of tests")
    parser.add_argument("--fail-under", type=float, default=0, metavar="PERCENT")
    asked = parser.parse_args(arguments)
    mutants = draw_sample(list_modules(asked.prefix), asked.count, asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        workshops = [make(Path(folder) / str(number), asked.limit) for number in range(asked.jobs)]
        tried = try_all(mutants, workshops)
    print(*format_rates(tried), sep="\n")
    rate = _percent(sum(dead for _, dead in tried), len(tried))
    return int(rate < asked.fail_under)


if __name__ == "__main__":
    sys.exit(main())
