"""What the page asks, as JSON: `/page/api/<question>`, for scripts and for other pages.

The query of each has `start` and `end` (ISO 8601), `zone`, and the filters by their names.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, Final, Literal

import msgspec
from anyio.to_thread import run_sync
from msgspec import Meta
from starlette.requests import Request
from starlette.routing import Route

from payi_transport.serve.faults import Refusal
from payi_transport.serve.queries import Queries
from payi_transport.serve.responses import route
from payi_transport.serve.views import Dimension, Filters, Span, StepName

__all__ = ["make_page_routes"]

# Sums are made day by day, so no question may be about thousands of years.
_FIRST: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST: Final = datetime(2100, 1, 1, tzinfo=timezone.utc)


class Question(Filters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The query of a request. Without a time, it is about the last 24 hours."""

    start: datetime | None = None
    end: datetime | None = None
    zone: str = "UTC"
    by: Dimension | None = None
    timer: Literal["latency", "first_token"] = "latency"
    sort: Literal["cost", "time"] = "time"
    interval: StepName | None = None
    part: str = ""
    cursor: str | None = None
    status: Annotated[int, Meta(ge=0, le=999)] | None = None
    most: Annotated[int, Meta(ge=1, le=1000)] = 50
    id: Annotated[int, Meta(ge=0, le=2**53)] = 0

    @property
    def span(self) -> Span:
        """The time to look at."""
        end = self.end or datetime.now(timezone.utc)
        if end.tzinfo is None or not _FIRST < end <= _LAST:
            raise _refuse_time("end", end)
        start = self.start or end - timedelta(days=1)
        if start.tzinfo is None or not _FIRST <= start < end:
            raise _refuse_time("start", start)
        return Span(start, end, self.zone)

    @property
    def filters(self) -> Filters:
        """Which calls to look at."""
        return Filters(**{name: getattr(self, name) for name in Filters.__struct_fields__})

    @property
    def dimension(self) -> Dimension:
        """What to break down by."""
        return self.by or "use_case"


def _refuse_time(name: str, moment: datetime) -> Refusal:
    return Refusal(
        "invalid_time",
        f"{name}: expected a time from 1970 to 2100 with a zone, such as 2026-01-31T00:00:00Z, and the start"
        f" before the end, got {moment.isoformat()}",
    )


def _ask(queries: Queries, name: str, q: Question) -> Any:
    if name == "call":
        found = queries.call(q.id)
        if found is None:
            raise Refusal("request_not_found", f"no call has the id {q.id}")
        return found
    return _QUESTIONS[name](queries, q)


_QUESTIONS: dict[str, Any] = {
    "state": lambda queries, q: queries.state(),
    "figures": lambda queries, q: queries.figures(q.span, q.filters),
    "series": lambda queries, q: queries.series(q.span, q.by, q.filters, step=q.interval),
    "breakdown": lambda queries, q: queries.breakdown(q.dimension, q.span, q.filters, most=q.most),
    "units": lambda queries, q: queries.units(q.span),
    "waste": lambda queries, q: queries.waste(q.span),
    "errors": lambda queries, q: queries.errors(q.span),
    "unowned": lambda queries, q: queries.unowned(q.span),
    "percentiles": lambda queries, q: queries.percentiles(q.span, q.by, first_token=q.timer == "first_token"),
    "budgets": lambda queries, q: queries.budgets(),
    "runs": lambda queries, q: queries.runs(q.span, by_cost=q.sort == "cost", cursor=q.cursor, most=q.most),
    "calls": lambda queries, q: queries.calls(q.span, q.filters, cursor=q.cursor, most=q.most),
    "names": lambda queries, q: queries.names(q.dimension, q.part),
}


def make_page_routes(queries: Queries) -> list[Route]:
    """Return the routes for each question."""

    def make(name: str) -> Route:
        async def ask(request: Request) -> Any:
            try:
                question = msgspec.convert(dict(request.query_params), Question, strict=False)
            except msgspec.ValidationError as exc:
                raise Refusal("invalid_query", str(exc)) from None
            # SQLite would block the event loop.
            return await run_sync(_ask, queries, name, question)

        return route("GET", f"/page/api/{name}", ask)

    return [make(name) for name in (*_QUESTIONS, "call")]
