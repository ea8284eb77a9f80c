"""The quick run has a part of every matrix, and none of the tests that start processes."""

from __future__ import annotations

import pytest

from tests.support.slow import INTERPRETER, LONG, MATRICES, PROCESSES, ROOT, mark_tests


class Case:
    """As much of a test item as is looked at."""

    def __init__(self, nodeid: str) -> None:
        self.nodeid = nodeid
        self.markers: set[str] = set()

    def add_marker(self, marker: pytest.MarkDecorator) -> None:
        self.markers.add(marker.name)


def mark(name: str, count: int) -> list[Case]:
    cases = [Case(f"{name}[{number}]") for number in range(count)]
    mark_tests(cases)  # type: ignore[arg-type]
    return cases


@pytest.mark.parametrize("place", [*PROCESSES, *LONG, *MATRICES, *INTERPRETER])
def test_every_place_that_is_named_is_there(place: str) -> None:
    path, _, test = place.partition("::")
    assert any(ROOT.glob(f"{path}*"))
    assert not test or f"def {test}(" in (ROOT / path).read_text()


def test_all_tests_that_start_processes_are_slow() -> None:
    assert all("slow" in case.markers for case in mark("tests/test_servers.py::test_a", 3))


@pytest.mark.parametrize(("count", "quick"), [(58, 2), (29, 1), (4, 1), (3, 3)])
def test_one_case_in_so_many_of_a_matrix_is_quick(count: int, quick: int) -> None:
    cases = mark("tests/contract/test_openai.py::test_a", count)
    assert sum("slow" not in case.markers for case in cases) == quick


def test_which_case_is_quick_depends_on_the_name_of_the_test() -> None:
    cases = [mark(f"tests/contract/test_openai.py::test_{letter}", 29) for letter in "abcdefgh"]
    quick = {"slow" not in case.markers and number for row in cases for number, case in enumerate(row)}
    assert len(quick - {False}) > 3


def test_other_tests_are_quick() -> None:
    assert not any("slow" in case.markers for case in mark("tests/config/test_schema.py::test_a", 99))


def test_tests_of_what_differs_between_pythons_are_marked() -> None:
    assert mark("tests/runtime/test_threads.py::test_a", 1)[0].markers == {"interpreter"}
    assert mark("tests/test_forks.py::test_a", 1)[0].markers == {"interpreter", "slow"}
