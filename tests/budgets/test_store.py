"""The file keeps exact sums of all processes, and each level is claimed once."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import stat
import threading
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from payi_transport.budgets import store as module
from payi_transport.budgets.budget import Key
from payi_transport.budgets.store import Change, Store, Total, find_default_file

KEY = Key("b", "acme", 1000.0)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state" / "budgets.db")


def test_sums_are_exact_decimals(store: Store) -> None:
    for _ in range(10):
        totals = store.add({(KEY, 1000.0): Change(Decimal("0.1"), 1, 1)})
    assert totals == {KEY: Total(KEY, Decimal("1.0"), 10, 10)}
    assert store.read_totals({"b": 1000.0}) == [Total(KEY, Decimal("1.0"), 10, 10)]


def test_parts_of_a_period_are_kept_apart(store: Store) -> None:
    store.add({(KEY, 1000.0): Change(Decimal(1), 1), (KEY, 2000.0): Change(Decimal(2), 1)})
    store.add({(KEY, 2000.0): Change(Decimal(3), 1)})
    assert store.read_parts(KEY) == {1000.0: Decimal(1), 2000.0: Decimal(5)}
    assert store.read_totals({"b": 1000.0})[0].spent == 6
    assert store.read_totals({"b": 2000.0}) == []


def test_the_file_is_for_its_user_alone(store: Store) -> None:
    store.add({(KEY, 1000.0): Change(Decimal(1), 1)})
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700


def test_a_file_in_folders_that_do_not_exist_is_made_with_them(tmp_path: Path) -> None:
    store = Store(tmp_path / "a" / "b" / "budgets.db")
    store.add_lost("2026-11-01", 2)
    store.path.unlink()
    assert store.claim([(KEY, "1 of 5")]) == [(KEY, "1 of 5")]
    assert store.read_lost("2026-11-01") == 0


def test_each_owner_has_a_total_in_the_order_of_their_names(store: Store) -> None:
    zeta, other = KEY._replace(owner="zeta"), KEY._replace(budget="c", start=500.0)
    added = store.add(
        {
            (zeta, 1000.0): Change(Decimal(3), 2, 1),
            (KEY, 1000.0): Change(Decimal(1), 1),
            (KEY, 1500.0): Change(Decimal(1), 1, 1),
            (other, 500.0): Change(Decimal(9), 1),
        }
    )
    acme = Total(KEY, Decimal(2), 2, 1)
    assert added[KEY] == acme
    assert store.read_totals({"c": 500.0, "b": 1000.0, "d": 0.0}) == [
        Total(other, Decimal(9), 1, 0),
        acme,
        Total(zeta, Decimal(3), 2, 1),
    ]
    assert store.read_parts(zeta) == {1000.0: Decimal(3)}


def test_reading_makes_no_file(store: Store) -> None:
    assert store.read_totals({"b": 1000.0}) == []
    assert store.read_lost("2026-01-01") == 0
    assert not store.path.exists()


def test_a_level_is_claimed_once(store: Store) -> None:
    levels = [(KEY, "0.8 of 5"), (KEY, "1 of 5")]
    assert store.claim(levels) == levels
    assert store.claim([*levels, (KEY._replace(start=2000.0), "1 of 5")]) == [
        (KEY._replace(start=2000.0), "1 of 5")
    ]


def test_lost_calls_add_up_since_a_date(store: Store) -> None:
    store.add_lost("2026-11-01", 2)
    store.add_lost("2026-11-02", 3)
    store.add_lost("2026-11-02", 4)
    assert store.read_lost("2026-11-02") == 7
    assert store.read_lost("2026-11-01") == 9


def test_a_change_that_fails_changes_nothing(store: Store) -> None:
    store.add({(KEY, 1.0): Change(Decimal(1), 1)})
    with pytest.raises(sqlite3.Error):
        store.add({(KEY, 1.0): Change(Decimal(1), 1), (KEY, object()): Change(Decimal(1), 1)})  # type: ignore[dict-item]
    assert store.read_totals({"b": 1000.0})[0].spent == 1


def test_threads_that_add_at_once_lose_nothing(store: Store) -> None:
    def add() -> None:
        for _ in range(20):
            store.add({(KEY, 1.0): Change(Decimal("0.01"), 1)})

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.read_totals({"b": 1000.0}) == [Total(KEY, Decimal("0.80"), 80, 0)]


def _add_in_child(path: Path) -> None:
    for _ in range(10):
        Store(path).add({(KEY, 1.0): Change(Decimal("0.01"), 1)})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_processes_that_add_at_once_lose_nothing(store: Store) -> None:
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_add_in_child, args=(store.path,)) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert store.read_totals({"b": 1000.0})[0].spent == Decimal("0.30")


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"XDG_STATE_HOME": "/s"}, Path("/s")),
        ({"LOCALAPPDATA": "/l"}, Path("/l")),
        ({"XDG_STATE_HOME": "/s", "LOCALAPPDATA": "/l"}, Path("/s")),
        ({"XDG_STATE_HOME": "", "LOCALAPPDATA": "/l"}, Path("/l")),
        ({}, Path.home() / ".local" / "state"),
    ],
)
def test_the_default_file_is_in_the_state_directory(environment: dict[str, str], folder: Path) -> None:
    assert find_default_file(environment) == folder / "payi-transport" / "budgets.db"


def test_another_process_may_hold_the_file_for_five_seconds(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect
    noted: list[float] = []

    def note(path: Path, **options: Any) -> sqlite3.Connection:
        noted.append(options["timeout"])
        made: sqlite3.Connection = connect(path, **options)
        return made

    monkeypatch.setattr(sqlite3, "connect", note)
    store.add_lost("2026-11-01", 1)
    assert noted == [5.0]


def test_a_file_that_somebody_else_holds_is_an_error(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOCK_TIMEOUT", 0.0)
    store.add_lost("2026-11-01", 1)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            store.add_lost("2026-11-01", 1)
        other.execute("ROLLBACK")
    assert store.read_lost("2026-11-01") == 1
