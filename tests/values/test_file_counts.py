"""The counts beside a file of events."""

from __future__ import annotations

from pathlib import Path

import pytest

from payi_transport.values.file_counts import FileCounts, find_counts_path, read_counts


def test_counts_add_up_by_reason() -> None:
    one = FileCounts(lost={"full": 2}, unobserved={"grpc": 1}, hosts={"a": 1})
    assert one.plus(FileCounts(lost={"full": 1, "bad": 4}, hosts={"a": 2})) == FileCounts(
        lost={"full": 3, "bad": 4}, unobserved={"grpc": 1}, hosts={"a": 3}
    )
    assert one
    assert not FileCounts(lost={"full": 0})


@pytest.mark.parametrize("text", ["", "[]", "{", '{"lost": [1]}', '{"lost": {"full": "x"}}', "\udcff"])
def test_counts_that_cannot_be_read_are_none(text: str, tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    assert read_counts(path) == FileCounts()
    find_counts_path(path).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert read_counts(path) == FileCounts()
    find_counts_path(path).write_text('{"lost": {"full": 2}, "of a later version": 1}')
    assert read_counts(path) == FileCounts(lost={"full": 2})


@pytest.mark.parametrize(
    ("counts", "is_missing"),
    [
        (FileCounts(), False),
        (FileCounts(lost={"full": 1}), True),
        (FileCounts(unobserved={"grpc": 1}), True),
        (FileCounts(lost={"full": 0}, unobserved={"grpc": 0}, hosts={"a": 1}), False),
    ],
)
def test_something_is_missing_where_a_count_is_not_zero(counts: FileCounts, is_missing: bool) -> None:
    assert bool(counts) is is_missing


@pytest.mark.parametrize(("size", "lost"), [(1 << 20, {"full": 1}), ((1 << 20) + 1, {})])
def test_a_file_of_counts_is_read_up_to_a_megabyte(size: int, lost: dict[str, int], tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    assert find_counts_path(path) == tmp_path / "events.jsonl.counts"
    # Behind the limit, the object has no end.
    find_counts_path(path).write_bytes(b'{"lost":{"full":1}' + b" " * (size - 19) + b"}")
    assert read_counts(path) == FileCounts(lost=lost)
