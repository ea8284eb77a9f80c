"""Each question gets what its query says, and refuses what is beyond its bounds."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from payi_transport.serve.faults import Refusal
from payi_transport.serve.page_api import Question, _ask
from payi_transport.serve.service import Service
from payi_transport.serve.views import Filters
from tests.serve.events import DAY, NOON, item, make_items

FIRST = datetime(1970, 1, 1, tzinfo=timezone.utc)
LAST = datetime(2100, 1, 1, tzinfo=timezone.utc)
MOMENT = timedelta(microseconds=1)


def question(**query: Any) -> Question:
    made: Question = msgspec.convert(query, Question, strict=False)
    return made


@pytest.fixture
def filled(service: Service) -> Service:
    calls = [
        item(
            NOON - n * timedelta(hours=1),
            account_name=f"a{n}",
            use_case_name="chat",
            use_case_id=f"r{n}",
            end_to_end_latency_ms=1000,
            time_to_first_token_ms=100,
            units={"text": {"input": 1000 * (n + 1)}},
        )
        for n in range(3)
    ]
    failed = item(NOON, http_status_code=429, units={})
    service.ingest_bulk(make_items(*calls, failed), updates=False).result()
    return service


def ask(service: Service, name: str, **query: Any) -> Any:
    times = {"start": NOON - DAY, "end": NOON + DAY}
    return _ask(service.queries, name, Question(**{**times, **query}))


def test_without_a_query_it_is_about_the_last_day_in_utc() -> None:
    before = datetime.now(timezone.utc)
    usual = question().span
    assert before <= usual.end <= datetime.now(timezone.utc)
    assert (usual.end - usual.start, usual.zone) == (DAY, "UTC")
    assert question().filters == Filters()
    assert (question().most, question().dimension, question().id) == (50, "use_case", 0)
    assert question(by="tag").dimension == "tag"


def test_a_query_has_every_filter_by_its_name() -> None:
    texts = {name: name for name in Filters.__struct_fields__ if name not in ("status", "failed", "unpriced")}
    query: dict[str, Any] = {**texts, "status": "429", "failed": "true", "unpriced": "1"}
    assert question(**query).filters == Filters(**texts, status=429, failed=True, unpriced=True)


@pytest.mark.parametrize(("name", "least", "most"), [("most", 1, 1000), ("status", 0, 999), ("id", 0, 2**53)])
def test_numbers_have_bounds(name: str, least: int, most: int) -> None:
    for value in (least, most):
        assert getattr(question(**{name: str(value)}), name) == value
    for value in (least - 1, most + 1):
        with pytest.raises(msgspec.ValidationError):
            question(**{name: str(value)})


@pytest.mark.parametrize(
    ("start", "end"),
    [(FIRST, FIRST + MOMENT), (FIRST, LAST), (NOON - MOMENT, NOON), (None, FIRST + DAY), (NOON, LAST)],
)
def test_a_time_may_be_from_1970_to_2100(start: datetime | None, end: datetime) -> None:
    found = Question(start=start, end=end).span
    assert (found.start, found.end) == (start or end - DAY, end)


@pytest.mark.parametrize(
    ("start", "end", "wrong"),
    [
        (None, FIRST, "end"),
        (None, LAST + MOMENT, "end"),
        (None, NOON.replace(tzinfo=None), "end"),
        (None, FIRST + DAY - MOMENT, "start"),
        (FIRST - MOMENT, NOON, "start"),
        (NOON, NOON, "start"),
        (NOON + MOMENT, NOON, "start"),
        (NOON.replace(tzinfo=None), NOON + DAY, "start"),
    ],
)
def test_any_other_time_is_refused_by_its_name(start: datetime | None, end: datetime, wrong: str) -> None:
    with pytest.raises(Refusal) as raised:
        _ = Question(start=start, end=end).span
    assert raised.value.code == "invalid_time"
    given = end if wrong == "end" else (start or end - DAY)
    assert raised.value.message == (
        f"{wrong}: expected a time from 1970 to 2100 with a zone, such as 2026-01-31T00:00:00Z, and the start"
        f" before the end, got {given.isoformat()}"
    )


def test_a_list_has_as_many_as_asked_for_and_goes_on(filled: Service) -> None:
    for name, each in (("calls", "calls"), ("runs", "runs")):
        page = ask(filled, name, most=2)
        assert len(getattr(page, each)) == 2
        rest = ask(filled, name, most=2, cursor=page.cursor)
        assert not {*map(str, getattr(page, each))} & {*map(str, getattr(rest, each))}
    assert len(ask(filled, "breakdown", by="account", most=2).groups) == 2
    assert [run.run for run in ask(filled, "runs").runs] == ["r0", "r1", "r2"]
    assert [run.run for run in ask(filled, "runs", sort="cost").runs] == ["r2", "r1", "r0"]


def test_answers_are_of_the_filters_the_dimension_and_the_step(filled: Service) -> None:
    assert ask(filled, "figures", account="a1").now.calls == 1
    assert ask(filled, "breakdown", failed=True).total.calls == 1
    assert [call.account for call in ask(filled, "calls", account="a1").calls] == ["a1"]
    series = ask(filled, "series", by="account", account="a1", interval="week", zone="Asia/Tokyo")
    assert (series.step, series.zone, [line.name for line in series.lines]) == ("week", "Asia/Tokyo", ["a1"])
    assert ask(filled, "series").step == "hour"
    assert ask(filled, "names", by="account", part="2") == ["a2"]
    assert ask(filled, "names") == ["chat"]


def test_times_are_to_the_end_or_to_the_first_token(filled: Service) -> None:
    [whole] = ask(filled, "percentiles")
    [first] = ask(filled, "percentiles", timer="first_token", by="model")
    assert (whole.name, first.name) == ("", "gpt-4.1")
    assert 950 <= (whole.p50 or 0) <= 1050
    assert 95 <= (first.p50 or 0) <= 105


def test_one_call_is_named_by_its_number(filled: Service) -> None:
    assert ask(filled, "call", id=2).call.id == 2
    with pytest.raises(Refusal) as raised:
        ask(filled, "call", id=9)
    assert (raised.value.code, raised.value.message) == ("request_not_found", "no call has the id 9")
