"""Pay-i's ingest API by its published rules, as a function from requests to responses.

The schemas are closed and integers have 32 bits: a body that breaks them is refused as a whole, and noted in
`violations`, where no test of the library should find any. Names, limits, and times are refused by item, with
the codes of Pay-i's error reference. `/ingest` and `/ingest/bulk` add what they get, and what they get twice
counts twice. `/ingest/bulk-upsert` is keyed by `provider_response_id`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

__all__ = ["BULK", "CONTEXT", "SINGLE", "UPSERT", "PayiRules", "find_violations"]

SINGLE, BULK, UPSERT = "/api/v1/ingest", "/api/v1/ingest/bulk", "/api/v1/ingest/bulk-upsert"
_MAX = 2**31 - 1
Check = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX


def _is_time(value: Any) -> bool:
    # Before Python 3.11, the letter Z is not understood.
    return _is_text(value) and datetime.fromisoformat(value.replace("Z", "+00:00")).tzinfo is not None


def _is_list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _is_object(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    def check(value: Any) -> bool:
        fields = {**required, **optional}
        return (
            isinstance(value, dict)
            and required.keys() <= value.keys() <= fields.keys()
            and all(fields[name](item) for name, item in value.items())
        )

    return check


def _is_map_of(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


_PROPERTIES = _is_map_of(lambda value: value is None or _is_text(value))
_HEADERS = _is_list_of(_is_object({"name": _is_text}, {"value": _is_text}))
EVENT: Mapping[str, Check] = {
    "category": _is_text,
    "units": _is_map_of(_is_object({}, {"input": _is_integer, "output": _is_integer})),
    "resource": _is_text,
    "event_timestamp": _is_time,
    "end_to_end_latency_ms": _is_integer,
    "time_to_first_token_ms": _is_integer,
    "time_to_first_completion_token_ms": _is_integer,
    "http_status_code": _is_integer,
    "properties": _PROPERTIES,
    "use_case_properties": _PROPERTIES,
    "provider_uri": _is_text,
    "provider_request_headers": _HEADERS,
    "provider_response_headers": _HEADERS,
    "provider_request_json": _is_text,
    "provider_request_reasoning_json": _is_text,
    "provider_response_json": lambda value: _is_text(value) or _is_list_of(_is_text)(value),
    "provider_response_id": _is_text,
    "provider_response_function_calls": _is_list_of(_is_object({"name": _is_text}, {"arguments": _is_text})),
}
CONTEXT: Mapping[str, Check] = {
    "limit_ids": _is_list_of(_is_text),
    "request_tags": _is_list_of(_is_text),
    "use_case_id": _is_text,
    "use_case_name": _is_text,
    "use_case_step": _is_text,
    "use_case_version": _is_integer,
    "user_id": _is_text,
    "account_name": _is_text,
    "scope": _is_text,
}
_CONTEXT_HEADERS = {
    "xproxy-limit-ids": "limit_ids",
    "xproxy-request-tags": "request_tags",
    "xproxy-usecase-id": "use_case_id",
    "xproxy-usecase-name": "use_case_name",
    "xproxy-usecase-step": "use_case_step",
    "xproxy-usecase-version": "use_case_version",
    "xproxy-user-id": "user_id",
    "xproxy-account-name": "account_name",
    "xproxy-resource-scope": "scope",
}
_OTHER_HEADERS = {"xproxy-api-key", "xproxy-logging-disable"}


def find_violations(item: Any, *, single: bool = False) -> list[str]:
    """Return what in an item breaks its schema."""
    if not isinstance(item, dict):
        return [f"{type(item).__name__} in place of an object"]
    fields = EVENT if single else {**EVENT, **CONTEXT}
    missing = [f"{name} is missing" for name in ("category", "units") if name not in item]
    unknown = [f"{name} is unknown" for name in item if name not in fields]
    wrong = [f"{name}: {item[name]!r}" for name in item if name in fields and not fields[name](item[name])]
    return missing + unknown + wrong


@dataclass
class PayiRules:
    """What one application of Pay-i knows and holds.

    `limits` are types by id; None as a set of names means that every name exists. `counted` says how often
    each event counts, `events` what each says by now.
    """

    limits: Mapping[str, str] | None = None
    use_cases: set[str] | None = None
    instances: set[str] | None = None
    categories: set[str] | None = None
    resources: set[str] | None = None
    upserts: bool = True
    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
    counted: Counter[str] = field(default_factory=Counter)
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def respond(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, Any]]:
        """Return status and body of the response to a request; header names are in lower case."""
        if "xproxy-api-key" not in headers:
            return _fail(401, "invalid_api_key")
        path = path.partition("?")[0]
        if method == "GET" and (asked := re.fullmatch(r"/api/v1/limits/([^/]+)", path)):
            return self._show_limit(asked[1])
        if path == SINGLE:
            return self._take_single(headers, body)
        if path == BULK or (path == UPSERT and self.upserts):
            return self._take_bulk(body, updates=path == UPSERT)
        return _fail(404, "not_found")

    def _show_limit(self, limit_id: str) -> tuple[int, dict[str, Any]]:
        kind = "allow" if self.limits is None else self.limits.get(limit_id)
        if kind is None:
            return _fail(404, "invalid_limit_id")
        return 200, {"limit": {"limit_id": limit_id, "limit_type": kind}}

    def _take_single(self, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        item = _decode(body)
        violations = find_violations(item, single=True)
        context: dict[str, Any] = {}
        for name, value in headers.items():
            if name in _CONTEXT_HEADERS:
                context[_CONTEXT_HEADERS[name]] = value
            elif name.startswith("xproxy-") and name not in _OTHER_HEADERS:
                violations.append(f"header {name}")
        for name in ("limit_ids", "request_tags"):
            if name in context:
                context[name] = context[name].split(",")
        version = context.get("use_case_version")
        if version is not None:
            context["use_case_version"] = int(version) if version.isdigit() else version
        violations += [name for name, value in context.items() if not CONTEXT[name](value)]
        if violations:
            return self._refuse_body(violations)
        item = {**item, **context}
        code = self._find_refusal(item)
        if code is not None:
            return _fail(404 if code.endswith("not_found") else 400, code)
        self._count(item, updates=False)
        times = {"event_timestamp": self.now().isoformat(), "ingest_timestamp": self.now().isoformat()}
        return 200, {**times, "request_id": "r", "xproxy_result": {"request_id": "r"}}

    def _take_bulk(self, body: bytes, *, updates: bool) -> tuple[int, dict[str, Any]]:
        items = _decode(body)
        if not isinstance(items, list):
            return self._refuse_body(["no array"])
        if violations := [problem for item in items for problem in find_violations(item)]:
            return self._refuse_body(violations)
        errors = []
        for index, item in enumerate(items):
            code = self._find_refusal(item)
            if code is None:
                self._count(item, updates=updates)
            else:
                errors.append({"item_index": index, "xproxy_result": _fail(400, code)[1]})
        answer = {"ingest_count": len(items) - len(errors), "ingest_timestamp": self.now().isoformat()}
        counts = {"total_count": len(items), "error_count": len(errors)}
        return 200, {**answer, "request_id": "r", **(counts | {"errors": errors} if errors else {})}

    def _refuse_body(self, violations: list[str]) -> tuple[int, dict[str, Any]]:
        self.violations += violations
        return _fail(400, "invalid_json")

    def _count(self, item: dict[str, Any], *, updates: bool) -> None:
        name = item["provider_response_id"]
        self.counted[name] = max(1, self.counted[name]) if updates else self.counted[name] + 1
        self.events[name] = item

    def _find_refusal(self, item: Mapping[str, Any]) -> str | None:
        return next(self._find_refusals(item), None)

    def _find_refusals(self, item: Mapping[str, Any]) -> Iterator[str]:
        stamp = item.get("event_timestamp")
        if stamp is not None:
            moment = datetime.fromisoformat(stamp.replace("Z", "+00:00"))
            if moment > self.now() + timedelta(minutes=5):
                yield "invalid_ingest_event_timestamp"
        if self.categories is not None and item["category"] not in self.categories:
            yield "category_not_found"
        if self.resources is not None and item.get("resource", "") not in self.resources | {""}:
            yield "category_resource_not_found"
        yield from self._refuse_use_case(item)
        if any(re.search(r"[^A-Za-z0-9_-]", tag) for tag in item.get("request_tags", ())):
            yield "invalid_tags"
        if re.search(r"\s", item.get("user_id", "")):
            yield "invalid_user_id"
        kinds = [(self.limits or {}).get(name) for name in item.get("limit_ids", ())]
        if self.limits is not None and None in kinds:
            yield "invalid_limit_ids"
        if "block" in kinds:
            yield "blocking_limit_not_allowed"

    def _refuse_use_case(self, item: Mapping[str, Any]) -> Iterator[str]:
        name = item.get("use_case_name")
        if name is None:
            if any(key.startswith("use_case_") for key in item):
                yield "required_field_missing"
            return
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name):
            yield "invalid_use_case_name"
        if self.use_cases is not None and name not in self.use_cases:
            yield "use_case_not_found"
        instance = item.get("use_case_id")
        if self.instances is not None and instance is not None and instance not in self.instances:
            yield "use_case_instance_not_found"


def _decode(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _fail(status: int, code: str) -> tuple[int, dict[str, Any]]:
    return status, {"message": code, "statusCode": status, "xproxy_error": {"code": code, "message": code}}
