"""What a provider's readers return for a response, and the event that every sink gets. Values only.

`decode/decode.py` builds events, and each sink encodes them in its own form.

Events wait in the queue by the thousands. They can't be part of a reference cycle, so `gc=False` keeps the
garbage collector from visiting them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

__all__ = ["Event", "FunctionCall", "Header", "Units"]


class Units(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Tokens in and out, or seconds, characters, requests: whatever the unit's name counts."""

    input: int | None = None
    output: int | None = None


class FunctionCall(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A function that the model wants called; `arguments` is JSON text as the provider sent it."""

    name: str
    arguments: str | None = None


class Header(msgspec.Struct, frozen=True, gc=False):
    """One HTTP header."""

    name: str
    value: str


class Failure(msgspec.Struct, frozen=True, gc=False):
    """An error that a provider reports. The message may quote the prompt."""

    type: str | None = None
    code: str | None = None
    message: str | None = None


class ParsedResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What one response says, in the same form for every provider.

    `finished` is False for a stream that stopped before its last message. `pending` is True for work that the
    provider has only accepted, and whose result the caller fetches later. `failure` is from an error body, or
    from an error message inside a 200 response. `resource` is the model to price, if it is not the one that
    was requested, and `scope` where the response says it was processed. `uncounted` holds the texts of a
    prompt whose usage the provider does not report, to be counted by the tokenizer that the user configured.
    `has_usage` is True for a usage that makes no units, such as a rerank that is billed by searches: without
    units, nothing is missing then.
    """

    model: str | None = None
    resource: str | None = None
    scope: str | None = None
    response_id: str | None = None
    units: Mapping[str, Units] = {}
    function_calls: tuple[FunctionCall, ...] = ()
    failure: Failure | None = None
    finished: bool = True
    pending: bool = False
    properties: Mapping[str, str] = {}
    uncounted: tuple[str, ...] = ()
    has_usage: bool = False


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One call, as an item of `POST /api/v1/ingest/bulk`. Latencies are in ms, units are counts."""

    category: str
    units: Mapping[str, Units]
    provider_response_id: str
    resource: str | None = None
    event_timestamp: datetime | None = None
    end_to_end_latency_ms: int | None = None
    time_to_first_token_ms: int | None = None
    http_status_code: int | None = None
    properties: Mapping[str, str] | None = None
    use_case_properties: Mapping[str, str] | None = None
    provider_uri: str | None = None
    provider_request_headers: tuple[Header, ...] | None = None
    provider_response_headers: tuple[Header, ...] | None = None
    provider_request_json: str | None = None
    provider_response_json: str | tuple[str, ...] | None = None
    provider_response_function_calls: tuple[FunctionCall, ...] | None = None
    limit_ids: tuple[str, ...] | None = None
    request_tags: tuple[str, ...] | None = None
    use_case_id: str | None = None
    use_case_name: str | None = None
    use_case_step: str | None = None
    use_case_version: int | None = None
    user_id: str | None = None
    account_name: str | None = None
    scope: str | None = None
