"""Run Celery tasks in the scope of the code that sent them.

The scope travels as W3C baggage among the headers of the task's message, and a retry or the next task of a
chain is a message that is sent from inside a task. An eager task sends no message and runs where it is
called, inside the scope that is in force there. Who may write to the broker may set whom a task is billed
to, and may run any task, so the messages are trusted.
"""

from __future__ import annotations

from typing import Any

from celery import signals

from payi_transport.context.scope import track_context
from payi_transport.propagate import extract, inject

__all__ = ["install", "uninstall"]

# The scopes of the tasks that run in this process, by the ids of the tasks.
_entered: dict[str, track_context] = {}


def install() -> None:
    """Send and receive scopes with all tasks of this process. Call it where both sides import it.

    Calling it again changes nothing.
    """
    for signal, receiver in _RECEIVERS:
        # Celery keeps weak references by default. These are functions of a module and stay anyway.
        signal.connect(receiver, weak=False, dispatch_uid=f"{__name__}:{receiver.__name__}")


def uninstall() -> None:
    """Undo `install`."""
    for signal, receiver in _RECEIVERS:
        signal.disconnect(receiver, dispatch_uid=f"{__name__}:{receiver.__name__}")


def _on_publish(headers: dict[str, Any], **_: Any) -> None:
    inject(headers)


def _on_start(task_id: str, task: Any, **_: Any) -> None:
    # A request has the headers of its message as attributes, next to those of Celery.
    baggage = getattr(task.request, "baggage", None)
    scope = extract({"baggage": baggage}) if isinstance(baggage, str) else {}
    if scope:
        _entered[task_id] = track_context(**scope).__enter__()


def _on_end(task_id: str, **_: Any) -> None:
    entered = _entered.pop(task_id, None)
    if entered is not None:
        entered.__exit__(None, None, None)


_RECEIVERS = (
    (signals.before_task_publish, _on_publish),
    (signals.task_prerun, _on_start),
    (signals.task_postrun, _on_end),
)
