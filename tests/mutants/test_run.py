"""A seed draws the same sample, a failing test kills a mutant, and too few kills are an exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.mutants.__main__ import draw_sample, format_rates, main
from tests.mutants.mutations import KINDS, Mutation
from tests.mutants.trial import ROOT, WIDE, Mutant, Workshop, list_modules, select_tests

MODULE = "payi_transport/framing/ndjson.py"
OWN = "tests/framing/test_ndjson.py"
BREAKING = "split_ndjson = lambda _: []"


class Judge:
    """Kills what it is told to, and runs nothing."""

    def __init__(self, *, kills: bool) -> None:
        self._kills = kills

    def __call__(self, folder: Path, limit: float) -> Any:
        return self

    def find_killer(self, mutant: Mutant) -> str:
        return "tests/test_a.py::test_b" if self._kills else ""


def test_a_seed_draws_the_same_mutants_of_every_kind() -> None:
    modules = list_modules("delivery/")
    sample = draw_sample(modules, 60, seed=3)
    assert sample == draw_sample(modules, 60, seed=3)
    assert sample != draw_sample(modules, 60, seed=4)
    assert {mutant.mutation.kind for mutant in sample} == set(KINDS)
    assert len({(mutant.module, mutant.mutation.line) for mutant in sample}) == len(sample) == 60


def test_a_sample_has_no_more_than_there_is() -> None:
    assert 0 < len(draw_sample([MODULE], 10_000, seed=1)) < 100


def test_tests_of_the_module_come_first_then_others_that_name_it_then_wider_ones() -> None:
    assert select_tests(MODULE) == [(OWN,), ("tests/framing/test_framing.py",), ("tests/framing",), WIDE]
    assert select_tests("payi_transport/errors.py")[0] == ("tests/test_errors.py",)
    assert select_tests("payi_transport/__init__.py") == [WIDE]


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


def make_mutant(code: str, module: str = MODULE) -> Mutant:
    """Add a line to the end of a module."""
    end = len((ROOT / module).read_bytes())
    return Mutant(module, Mutation("call", 1, end, end, f"\n{code}\n"))


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"), limit=120)


def test_a_test_that_fails_kills_and_the_module_is_put_back(workshop: Workshop) -> None:
    assert workshop.find_killer(make_mutant("raise SystemError")) == OWN
    assert workshop.find_killer(make_mutant(BREAKING)).startswith(f"{OWN}::test_")
    assert (workshop.folder / MODULE).read_bytes() == (ROOT / MODULE).read_bytes()


def test_a_mutant_that_no_test_notices_survives(workshop: Workshop) -> None:
    assert workshop.find_killer(make_mutant("_UNUSED = 1"), [(OWN,)]) == ""


def test_tests_that_do_not_end_kill(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "limit", 20)
    assert workshop.find_killer(make_mutant("__import__('threading').Event().wait()"), [(OWN,)]) == OWN


def test_a_test_that_fails_without_a_mutant_kills_nothing_and_hides_no_other(workshop: Workshop) -> None:
    always = "tests/framing/test_always.py"
    (workshop.folder / always).write_text("def test_fails():\n    assert False\n")
    assert workshop.find_killer(make_mutant("_UNUSED = 1"), [(always, OWN)]) == ""
    assert workshop.find_killer(make_mutant(BREAKING), [(always, OWN)]).startswith(f"{OWN}::test_")


def test_slow_tests_run_where_there_are_no_others(workshop: Workshop) -> None:
    mutant = make_mutant("_HELP.clear()", "payi_transport/relay/metrics.py")
    slow = "tests/relay/test_metrics.py"
    assert workshop.find_killer(mutant, [(OWN,), (slow,)]).startswith(f"{slow}::test_")
