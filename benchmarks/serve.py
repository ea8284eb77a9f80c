"""The local service: calls that it takes a second, and what each question of its page takes.

A case is a number of stored calls, of 90 days, 100,000 customers, 1,000 models, and 1,000 tags. Every
question is asked for the last 30 days, in a zone that is half an hour off, as the page asks it.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from time import process_time, thread_time
from typing import Any

from benchmarks.samples import Case, Pair, Round, Row
from benchmarks.samples import summarize as summarize_rounds
from benchmarks.serve_store import BATCH, fill, make_body, take

__all__ = ["list_cases", "measure", "summarize"]

_SIZES = ("100,000", "1,000,000", "5,000,000")
_QUICK = "300"
_RATE = "events a second"
# Of CPU time, so of one core.
_LEAST_RATE = 5000.0
_MAX_MS = 200.0
# In a round.
_BATCHES = 5
# As 1000 calls a second are.
_STEP = timedelta(milliseconds=1)


def list_cases(*, quick: bool = False) -> Sequence[Case]:
    """One for each size of the store."""
    return [("calls stored", size) for size in ((_QUICK,) if quick else _SIZES)]


def measure(case: Case, *, rounds: int, quick: bool = False) -> Sequence[Round]:
    """Measure one case: in each round, take some batches, and then ask every question once."""
    from payi_transport.serve.command import open_service
    from payi_transport.serve.settings import ServeSettings

    events = int(case[1].replace(",", ""))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "serve.sqlite")
        fill(file, events, datetime.now(timezone.utc))
        with open_service(ServeSettings(file=file)) as service:
            # None of them is stored already.
            numbers = itertools.count(events, BATCH)
            count = 1 if quick else _BATCHES
            return [{**_take(service, numbers, count), **_ask(service.queries)} for _ in range(rounds)]


def summarize(case: Case, rounds: Sequence[Mapping[str, Sequence[Any]]]) -> Iterable[Row]:
    """A row for taking calls, and one for each question."""
    budgets = {unit: _LEAST_RATE if unit == _RATE else _MAX_MS for unit in rounds[0]}
    return summarize_rounds(case, rounds, budgets)


def _take(service: Any, numbers: Iterable[int], count: int) -> Round:
    now = datetime.now(timezone.utc)
    bodies = [
        make_body(first, BATCH, now - BATCH * _STEP, _STEP) for first in itertools.islice(numbers, count)
    ]
    cpu = process_time()
    for body in bodies:
        take(service, body)
    return {_RATE: Pair(count * BATCH / (process_time() - cpu))}


def _ask(queries: Any) -> Round:
    return {f"CPU ms for {name}": Pair(_time(ask)) for name, ask in list_questions(queries).items()}


def _time(ask: Callable[[], object]) -> float:
    began = thread_time()
    ask()
    return (thread_time() - began) * 1000


def list_questions(queries: Any) -> dict[str, Callable[[], object]]:
    """Return every kind of question that the page asks, by name."""
    from payi_transport.serve.views import Filters, Span

    end = datetime.now(timezone.utc)
    span = Span(end - timedelta(days=30), end, "Asia/Kolkata")
    one, two = Filters(account="a2"), Filters(account="a2", model="gpt-4.1")
    model = Filters(model="gpt-4.1")
    return {
        "figures": lambda: queries.figures(span),
        "figures of one customer": lambda: queries.figures(span, one),
        "figures of one customer and model": lambda: queries.figures(span, two),
        "series by model": lambda: queries.series(span, "model"),
        "series by customer": lambda: queries.series(span, "account"),
        "series of one customer by model": lambda: queries.series(span, "model", one),
        "breakdown by customer": lambda: queries.breakdown("account", span),
        "breakdown by model": lambda: queries.breakdown("model", span),
        "breakdown by tag": lambda: queries.breakdown("tag", span),
        "breakdown of one customer by model": lambda: queries.breakdown("model", span, one),
        "series of one model by use case": lambda: queries.series(span, "use_case", model),
        "breakdown of one model by use case": lambda: queries.breakdown("use_case", span, model),
        "calls": lambda: queries.calls(span),
        "calls of one customer and model": lambda: queries.calls(span, two),
        "calls that failed": lambda: queries.calls(span, Filters(failed=True)),
        "percentiles": lambda: queries.percentiles(span),
        "percentiles by model": lambda: queries.percentiles(span, "model"),
        "runs": lambda: queries.runs(span),
        "runs by cost": lambda: queries.runs(span, by_cost=True),
        "money without an owner": lambda: queries.unowned(span),
        "budgets": lambda: queries.budgets(),
        "names": lambda: queries.names("account", "a99"),
        "one call": lambda: queries.call(1),
    }
