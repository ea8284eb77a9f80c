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
