"""What a child of `multiprocessing` needs to report its calls as its parent does.

The arguments of `payi_instrument()` travel as a pickle to the child, which instruments itself with them once
it has imported an HTTP library. Objects that belong to the parent stay there: a sink, a client, functions. Of
a client, the account is carried. Without the parent's sink, a child could only report elsewhere, so it is
left alone.
"""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from payi_transport.api.arguments import InstrumentArguments
from payi_transport.pipeline.assembly import find_account

__all__ = ["ChildStart", "Entry", "read_child_start"]

_PROGRAM = Path(__file__).parent.parent / "autostart" / "child_process.py"
_NOT_CARRIED = (
    "payi_transport: a process that multiprocessing starts does not report its calls, because events go to an"
    " object of this process. Call payi_instrument() in the child, or pass children=False if it makes none"
)
# Set once that has been logged.
_warned = False


class Entry:
    """An object that becomes a run of `autostart/child_process.py` in the process that reads it."""

    def __init__(self, carried: bytes) -> None:
        self._carried = carried

    def __reduce__(self) -> tuple[Any, ...]:
        import runpy  # `multiprocessing` has imported it already.

        return runpy.run_path, (str(_PROGRAM), {"carried": self._carried})


class ChildStart(NamedTuple):
    """What the children of a process start with: its arguments, the name of its use case, its run."""

    arguments: InstrumentArguments
    use_case_name: str
    run_start: float

    def make_entry(self, logger: logging.Logger) -> Entry | None:
        """Return what to send to a child, None if it can't report as its parent does."""
        global _warned
        if _has_object(self.arguments.sink):
            logger.log(logging.DEBUG if _warned else logging.WARNING, _NOT_CARRIED)
            _warned = True
            return None
        # A program that is frozen, or run from an archive, has no such file.
        if not _PROGRAM.is_file():
            return None
        import pickle  # Most processes start no child. `multiprocessing` has imported it already.

        arguments = self.arguments
        config: Any = arguments.config or {}
        values = arguments._asdict() | {
            "payi": _describe_account(arguments.payi),
            "config": {k: v for k, v in config.items() if _can_be_carried(v)},
            "logger": getattr(arguments.logger, "name", None),
            "prompt_and_response_logger": None,
        }
        return Entry(pickle.dumps((values, self.use_case_name, self.run_start)))


def read_child_start(carried: bytes) -> ChildStart:
    """Return what a parent has sent."""
    import pickle

    values, use_case_name, run_start = pickle.loads(carried)  # noqa: S301 (by the parent, over its own pipe)
    arguments = InstrumentArguments(**values)
    logger = logging.getLogger(values["logger"] or "payi.instrument")
    return ChildStart(arguments._replace(logger=logger), use_case_name, run_start)


def _has_object(sink: Any) -> bool:
    items = sink if isinstance(sink, list | tuple) else [] if sink is None else [sink]
    return not all(isinstance(item, str) for item in items)


def _describe_account(payi: Any) -> SimpleNamespace | None:
    if payi is None:
        return None
    account = find_account(payi)
    return SimpleNamespace(
        api_key=account.api_key,
        base_url=account.base_url,
        default_headers=dict(account.headers),
        default_query=dict(account.query),
    )


def _can_be_carried(value: object) -> bool:
    """Whether a value of the config is data. A function may be one that the child has not defined yet."""
    import pickle

    if callable(value):
        return False
    try:
        pickle.dumps(value)
    except Exception:
        return False
    return True
