"""Which headers of a call are recorded, and what they tell."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Container, Mapping
from functools import lru_cache

from payi_transport.values.event import Header
from payi_transport.values.headers import Headers
from payi_transport.values.names import SECRET_HEADERS

__all__ = [
    "find_request_id",
    "find_retry_count",
    "read_headers",
    "select_request_headers",
    "select_response_headers",
]

# Request headers that are recorded when nothing else is asked for.
_REQUEST_HEADERS = frozenset({"accept", "content-type", "user-agent"})
_REQUEST_PREFIXES = ("anthropic-", "openai-", "x-stainless-")
_HIDDEN_PREFIXES = ("content-", "transfer-encoding")
_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "apim-request-id", "x-amzn-requestid")
# Where an SDK says which attempt a request is, and the number of the first: those made by Stainless, AWS's.
_ATTEMPT_HEADERS = (
    ("x-stainless-retry-count", re.compile(r"(\d{1,9})"), 0),
    ("amz-sdk-request", re.compile(r"(?:.*;)? *attempt=(\d{1,9}) *(?:;.*)?"), 1),
)


def read_headers(headers: Headers) -> dict[str, str]:
    """Headers by lower-case name; a name that comes twice is joined by commas."""
    read: dict[str, str] = {}
    parts = iter(headers)
    for raw_name, raw_value in zip(parts, parts, strict=True):
        name, value = _read_name(raw_name), raw_value.decode("latin-1")
        read[name] = f"{read[name]}, {value}" if name in read else value
    return read


# The same few names come with every call.
@lru_cache(maxsize=1024)
def _read_name(name: bytes) -> str:
    return name.decode("latin-1").lower()


def select_request_headers(headers: Mapping[str, str], more: Container[str]) -> tuple[Header, ...] | None:
    """The request headers on the allow list, and `more` (lower case); a credential never."""
    return _to_headers(headers, lambda name: _is_usual(name) or (name in more and name not in SECRET_HEADERS))


@lru_cache(maxsize=1024)
def _is_usual(name: str) -> bool:
    return name in _REQUEST_HEADERS or name.startswith(_REQUEST_PREFIXES)


def select_response_headers(headers: Mapping[str, str]) -> tuple[Header, ...] | None:
    """The response headers without cookies, credentials and those that describe the body."""
    return _to_headers(headers, _is_shown)


@lru_cache(maxsize=1024)
def _is_shown(name: str) -> bool:
    return name not in SECRET_HEADERS and not name.startswith(_HIDDEN_PREFIXES)


def _to_headers(headers: Mapping[str, str], allow: Callable[[str], bool]) -> tuple[Header, ...] | None:
    return tuple([Header(name, headers[name]) for name in filter(allow, headers)]) or None


def find_request_id(headers: Mapping[str, str]) -> str:
    """The id that a provider gave the request, else a new one of the form `payi_<uuid>`."""
    for name in _REQUEST_ID_HEADERS:
        if found := headers.get(name):
            return found
    return f"payi_{uuid.uuid4()}"


def find_retry_count(headers: Mapping[str, str]) -> int:
    """How many attempts of the SDK went before this request, as far as it tells."""
    for name, pattern, first in _ATTEMPT_HEADERS:
        told = headers.get(name)
        if told and (attempt := pattern.fullmatch(told)):
            return max(0, int(attempt[1]) - first)
    return 0
