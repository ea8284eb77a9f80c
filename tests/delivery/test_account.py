"""Calls that end after their delivery was closed count where someone reads the counts."""

from __future__ import annotations

import logging

import pytest

from payi_transport.delivery.account import Account
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger


def make() -> Account:
    return Account(RateLimitedLogger(logging.getLogger("account"), 60))


def read(account: Account) -> tuple[int, dict[str, int]]:
    return account.captured.value, {reason: counter.value for reason, counter in account.dropped.items()}


def test_without_a_successor_it_counts_them_itself(caplog: pytest.LogCaptureFixture) -> None:
    account = make()
    account.count_late(may_log=True)
    assert read(account) == (1, {"overload": 0, "shutdown": 1})
    assert caplog.records == []


def test_the_last_successor_counts_them_and_one_line_says_so(caplog: pytest.LogCaptureFixture) -> None:
    account, second, third = make(), make(), make()
    account.successor, second.successor = second, third
    for _ in range(2):
        account.count_late(may_log=True)
    assert read(account) == read(second) == (0, {"overload": 0, "shutdown": 0})
    assert read(third) == (2, {"overload": 0, "shutdown": 2})
    assert [record.getMessage() for record in caplog.records] == [
        "payi_transport: payi_instrument() was called again while calls were in flight; those that ended"
        " later are not reported, and are counted as lost"
    ]


def test_a_finalizer_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    account = make()
    account.successor = make()
    account.count_late(may_log=False)
    assert caplog.records == []
