"""A seed draws the same sample, a failing test kills a mutant, and too few kills are an exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.mutants.__main__ import draw_sample, format_rates, main
from tests.mutants.mutations import KINDS, Mutation
from tests.mutants.trial import Mutant, Workshop, list_modules, select_tests

MODULE = "payi_transport/framing/ndjson.py"


class Judge:
    """Kills what it is told to, and runs nothing."""

    def __init__(self, *, kills: bool) -> None:
        self._kills = kills

    def __call__(self, folder: Path, limit: float) -> Any:
        return self

    def kills(self, mutant: Mutant) -> bool:
        return self._kills


def test_a_seed_draws_the_same_mutants_of_every_kind() -> None:
    modules = list_modules("delivery/")
    sample = draw_sample(modules, 60, seed=3)
    assert sample == draw_sample(modules, 60, seed=3)
    assert sample != draw_sample(modules, 60, seed=4)
    assert {mutant.mutation.kind for mutant in sample} == set(KINDS)
    assert len({(mutant.module, mutant.mutation.line) for mutant in sample}) == len(sample) == 60


def test_a_sample_has_no_more_than_there_is() -> None:
    assert 0 < len(draw_sample([MODULE], 10_000, seed=1)) < 100


def test_tests_of_the_module_come_first_then_of_its_folder_then_wider_ones() -> None:
    assert select_tests(MODULE) == [
        ("tests/framing/test_ndjson.py",),
        ("tests/framing",),
        ("tests/pipeline", "tests/api", "tests/contract"),
    ]
    assert select_tests("payi_transport/errors.py")[0] == ("tests/test_errors.py",)
    assert ("tests/test_exports.py",) in select_tests("payi_transport/__init__.py")


@pytest.mark.parametrize(("kills", "code"), [(True, 0), (False, 1)])
def test_too_few_kills_are_an_exit_code(kills: bool, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["framing/", "--count", "5", "--fail-under", "90"], make=Judge(kills=kills)) == code
    printed = capsys.readouterr().out
    assert printed.count("SURVIVED") == (0 if kills else 5)
    assert printed.splitlines()[-1].split() == [
        "all",
        "5/5" if kills else "0/5",
        "100.0" if kills else "0.0",
        "%",
    ]


def test_rates_are_printed_for_each_folder() -> None:
    mutation = Mutation("constant", 1, 0, 1, "")
    tried = [
        (Mutant(f"payi_transport/{name}/a.py", mutation), dead)
        for name, dead in zip("aab", (True, False, True), strict=True)
    ]
    assert [line.split()[:2] for line in format_rates(tried)] == [["a", "1/2"], ["b", "1/1"], ["all", "2/3"]]


def test_a_test_that_fails_kills_and_the_module_is_put_back(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, limit=120)
    source = (tmp_path / MODULE).read_text()
    broken = Mutation("call", 1, len(source.encode()), len(source.encode()), "\nraise SystemError\n")
    assert workshop.kills(Mutant(MODULE, broken))
    assert (tmp_path / MODULE).read_text() == source
