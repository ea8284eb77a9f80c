"""`serve --demo`: two weeks of calls of a made-up company, so that the page has something to show.

The same calls at any hour of any week, up to now: several use cases, customers and models, days and nights,
an outage that made calls fail, calls without an owner, a model without a price, and an overrun limit.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from payi_transport.serve.items import BulkItem, decode_bulk
from payi_transport.serve.limits import LimitDocument
from payi_transport.serve.service import Service
from payi_transport.serve.write import EventWriter

__all__ = ["fill"]

_DAYS, _CALLS, _BATCH = 14, 3600, 500


class _UseCase(NamedTuple):
    name: str
    models: tuple[tuple[str, str], ...]
    weight: int
    input: int
    output: int
    limit: str | None = None


_OPENAI, _ANTHROPIC, _GOOGLE = "system.openai", "system.anthropic", "system.google.vertex"
_USE_CASES = (
    _UseCase(
        "support_bot", ((_OPENAI, "gpt-4.1"), (_OPENAI, "gpt-4.1-mini")), 40, 2200, 350, "support-monthly"
    ),
    _UseCase("contract_review", ((_ANTHROPIC, "claude-sonnet-4-5"),), 12, 24000, 1800, "research"),
    _UseCase(
        "code_agent", ((_ANTHROPIC, "claude-opus-4-5"), (_OPENAI, "gpt-5")), 14, 18000, 2600, "research"
    ),
    _UseCase("search_index", ((_OPENAI, "text-embedding-3-small"),), 20, 6000, 0),
    _UseCase("meeting_notes", ((_GOOGLE, "google.gemini-2.5-flash"),), 10, 15000, 900),
    _UseCase("", (("acme", "in-house-7b"), (_OPENAI, "gpt-4o")), 4, 1500, 400),
)
_ACCOUNTS = ("Globex", "Initech", "Umbrella", "Hooli", "Stark Industries", "Wayne Enterprises", "Wonka", "")
_ADDRESSES = {
    _OPENAI: "https://api.openai.com/v1/chat/completions",
    _ANTHROPIC: "https://api.anthropic.com/v1/messages",
    _GOOGLE: "https://aiplatform.googleapis.com/v1/publishers/google/models/gemini-2.5-flash:generateContent",
}
_STEPS = ("plan", "retrieve", "draft", "check")
_LIMITS = (
    ("support-monthly", "Support, monthly", "7"),
    ("research", "Research", "80"),
    ("pilot", "Pilot", "500"),
)


def fill(service: Service) -> int:
    """Store the calls of the demo, and return how many. Does nothing to a store that has calls."""
    if service.queries.state().calls:
        return 0
    service.store.write(lambda writing: _make_limits(EventWriter(writing, 0), service.now()))
    made = list(_make_calls(service.now()))
    for start in range(0, len(made), _BATCH):
        service.ingest_bulk(made[start : start + _BATCH], updates=False).result()
    return len(made)


def _make_limits(writer: EventWriter, now: datetime) -> None:
    created = now - timedelta(days=_DAYS)
    for limit_id, name, most in _LIMITS:
        writer.limits.put(
            LimitDocument(
                limit_id=limit_id,
                limit_name=name,
                limit_type="allow",
                max=Decimal(most),
                threshold=Decimal("0.8"),
                created=created,
                updated=created,
            )
        )
    writer.finish()


def _make_calls(now: datetime) -> Iterator[BulkItem]:
    times = random.Random(7)
    outage = _find_outage(now)
    for number in range(_CALLS):
        at = _draw_time(times, now)
        is_out = abs(at - outage) < timedelta(minutes=50)
        # What a call is doesn't depend on when it was, so the limits are overrun at any hour of the week.
        chance = random.Random(number)
        yield from decode_bulk(json.dumps([_make_call(chance, number, at, is_out)]).encode())


def _draw_time(times: random.Random, now: datetime) -> datetime:
    """Return a moment of the last days: more often a late one, less often one at night or on a weekend."""
    while True:
        at = now - timedelta(days=_DAYS * times.random() ** 1.15)
        if times.random() < (1.0 if 8 <= at.hour < 19 else 0.35) * (0.4 if at.weekday() > 4 else 1.0):
            return at


def _find_outage(now: datetime) -> datetime:
    """Return the last early afternoon of a weekday, when there are many calls to fail."""
    moment = now.replace(hour=14, minute=0)
    while moment > now - timedelta(hours=1) or moment.weekday() > 4:
        moment -= timedelta(days=1)
    return moment


def _make_call(chance: random.Random, number: int, at: datetime, is_out: bool) -> dict[str, object]:
    use_case = chance.choices(_USE_CASES, [row.weight for row in _USE_CASES])[0]
    category, model = chance.choice(use_case.models)
    account = chance.choices(_ACCOUNTS, [34, 22, 14, 10, 8, 6, 4, 2])[0]
    failed = chance.random() < (0.7 if is_out else 0.012)
    latency = round(chance.lognormvariate(7.2, 0.6) * (1 + use_case.output / 1500))
    item: dict[str, object] = {
        "category": category,
        "resource": model,
        "units": {} if failed else _make_units(chance, use_case),
        "event_timestamp": at.isoformat(),
        "end_to_end_latency_ms": latency,
        "http_status_code": chance.choice((429, 500, 529)) if failed else 200,
        "provider_response_id": f"demo-{number}",
        "properties": _make_properties(chance, failed),
        "provider_uri": _ADDRESSES.get(category, "https://llm.internal.example.com/v1/chat/completions"),
    }
    if use_case.output and not failed:
        item["time_to_first_token_ms"] = round(latency * chance.uniform(0.08, 0.3))
        item["provider_request_json"] = json.dumps(
            {"messages": [{"role": "user", "content": f"Question {number}"}]}
        )
        item["provider_response_json"] = json.dumps({"choices": [{"message": {"content": f"Text {number}"}}]})
    if use_case.name:
        run = f"{use_case.name}-{at:%m%d}-{chance.randrange(8)}"
        item |= {"use_case_name": use_case.name, "use_case_id": run, "use_case_step": chance.choice(_STEPS)}
        item |= {"request_tags": [chance.choice(("web", "api", "batch"))]}
    if use_case.limit:
        item["limit_ids"] = [use_case.limit]
    if account:
        item |= {"account_name": account, "user_id": f"{account.split()[0].lower()}-{chance.randrange(40)}"}
    return item


def _make_units(chance: random.Random, use_case: _UseCase) -> dict[str, dict[str, int]]:
    tokens = max(1, round(use_case.input * chance.lognormvariate(0, 0.5)))
    cached = round(tokens * chance.choice((0, 0, 0.5, 0.8))) if use_case.output else 0
    units = {"text": {"input": tokens - cached}}
    if use_case.output:
        units["text"]["output"] = max(1, round(use_case.output * chance.lognormvariate(0, 0.6)))
    return {**units, **({"text_cache_read": {"input": cached}} if cached else {})}


def _make_properties(chance: random.Random, failed: bool) -> dict[str, str]:
    properties = (
        {} if chance.random() < 0.1 else {"environment": chance.choice(("production", "production", "test"))}
    )
    if failed:
        properties |= {"system.failure": "provider_error"}
    elif chance.random() < 0.03:
        properties |= {"system.retry": "1"}
    elif chance.random() < 0.02:
        properties |= {"system.stream": "partial"}
    return properties
