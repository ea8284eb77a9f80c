"""What a dialect reads from an answer, and the event that every sink takes. Values only.

Nothing here can be part of a cycle, so the garbage collector is kept from what waits by thousands.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

__all__ = ["Event", "FunctionCall", "Header", "Units"]


class Units(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Tokens (or seconds, characters, requests: whatever the unit's name counts) in and out."""

    input: int | None = None
    output: int | None = None


class FunctionCall(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A function that the model asked for; `arguments` is its JSON text as on the wire."""

    name: str
    arguments: str | None = None


class Header(msgspec.Struct, frozen=True, gc=False):
    """One HTTP header."""

    name: str
    value: str


class Failure(msgspec.Struct, frozen=True, gc=False):
    """What a provider says went wrong: its `type` and `code`, and a message that may quote the prompt."""

    type: str | None = None
    code: str | None = None
    message: str | None = None


class ParsedResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer says, provider by provider the same.

    `finished` is False for a stream whose last word was not seen, `pending` True for work that the provider
    has only begun, and will answer again. `failure` is what an error body, or an
    error event inside a 200 answer, says. `resource` is the model to price, where that is not the one asked
    for, and `scope` where the answer says it was processed. `uncounted` are the texts of a prompt of which
    the provider tells no usage, for a tokenizer that the user names.
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
