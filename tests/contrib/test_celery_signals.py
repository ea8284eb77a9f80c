"""What the integration of Celery does at each signal, without a worker."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from celery import signals

from payi_transport import MemorySink, get_context, track_context
from payi_transport.contrib import celery as contrib


@pytest.fixture
def installed(instrumented: MemorySink) -> Iterator[None]:
    contrib.install()
    yield
    contrib.uninstall()


def publish() -> dict[str, str]:
    headers: dict[str, str] = {}
    with track_context(user_id="alice"):
        signals.before_task_publish.send(sender="work", headers=headers)
    return headers


def start(name: str, **headers: object) -> None:
    task = SimpleNamespace(request=SimpleNamespace(**headers))
    signals.task_prerun.send(sender=None, task_id=name, task=task)


def end(name: str) -> None:
    signals.task_postrun.send(sender=None, task_id=name)


def test_a_message_carries_the_scope_that_the_task_enters_and_leaves(installed: None) -> None:
    headers = publish()
    start("1", **headers)
    assert get_context().get("user_id") == "alice"
    end("1")
    assert "user_id" not in get_context()
    # A second end is none.
    end("1")
    assert "user_id" not in get_context()


def test_tasks_that_run_inside_each_other_leave_their_own_scopes(installed: None) -> None:
    start("outer", baggage="payi.user_id=a")
    start("inner", baggage="payi.user_id=b,payi.account_name=acme")
    assert (get_context().get("user_id"), get_context().get("account_name")) == ("b", "acme")
    end("inner")
    assert (get_context().get("user_id"), get_context().get("account_name")) == ("a", None)
    end("outer")


@pytest.mark.parametrize("headers", [{}, {"baggage": None}, {"baggage": 7}, {"baggage": "other=1"}], ids=repr)
def test_a_message_without_a_scope_enters_none(installed: None, headers: dict[str, object]) -> None:
    before = get_context()
    start("1", **headers)
    assert get_context() == before
    assert contrib._entered == {}
    end("1")


def test_after_uninstall_nothing_is_sent_or_entered(instrumented: MemorySink) -> None:
    contrib.install()
    contrib.install()
    contrib.uninstall()
    assert publish() == {}
    start("1", baggage="payi.user_id=a")
    assert "user_id" not in get_context()
