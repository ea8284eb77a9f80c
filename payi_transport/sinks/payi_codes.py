"""The error codes of Pay-i: whether an event, the sender or the moment is to blame, and which field.

Pay-i keeps its codes stable and its messages not, so only codes are compared. A code that is not in the table
but names a field of an event's context, such as `invalid_account_name`, is about that field.

Source: Pay-i's error reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["CONTEXT_FIELDS", "DENIED", "NEVER", "RETRY", "blames_event", "find_field", "read_code"]

# The key, not the event, is refused.
DENIED: Final = frozenset({"invalid_api_key", "header_is_missing"})
# It may succeed later, whatever the status.
RETRY: Final = frozenset({"unexpected_error"})
# It never succeeds, whatever the status.
NEVER: Final = frozenset({"request_processing_error"})

# What may be left out of an event without losing what it counts.
CONTEXT_FIELDS: Final = (
    "use_case_name",
    "use_case_id",
    "use_case_version",
    "use_case_step",
    "use_case_properties",
    "user_id",
    "account_name",
    "request_tags",
    "limit_ids",
    "scope",
)
_FIELDS: Mapping[str, str] = {
    "invalid_tags": "request_tags",
    "invalid_request_tag": "request_tags",
    "invalid_tag": "request_tags",
    "invalid_limit_id": "limit_ids",
    "limit_not_found": "limit_ids",
    "blocking_limit_not_allowed": "limit_ids",
    "use_case_not_found": "use_case_name",
    "use_case_instance_not_found": "use_case_id",
    "user_not_found": "user_id",
    "account_not_found": "account_name",
    "invalid_category": "category",
    "category_not_found": "category",
    "invalid_resource": "resource",
    "resource_not_found": "resource",
    "category_resource_not_found": "resource",
    "invalid_resource_scope": "scope",
    "invalid_ingest_event_timestamp": "event_timestamp",
    "invalid_event_timestamp": "event_timestamp",
}
_ABOUT_EVENT = NEVER | {"required_field_missing", "invalid_json"}
_NAMED = re.compile(r"invalid_(\w+)")


def read_code(result: object) -> str:
    """Return the code in an error body, or in the `xproxy_result` of an item; "" if it has none."""
    # A body may have the error one level deeper, as items have.
    error = _get(result, "xproxy_error") or _get(_get(result, "xproxy_result"), "xproxy_error")
    code = _get(error, "code")
    return code if isinstance(code, str) else ""


def _get(value: object, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def find_field(code: str) -> str | None:
    """Return the field of an event that a code is about, or None if it names none."""
    named = _NAMED.fullmatch(code)
    generic = named[1] if named is not None and named[1] in CONTEXT_FIELDS else None
    return _FIELDS.get(code, generic)


def blames_event(code: str) -> bool:
    """Return whether a code is about what was sent, so that another event may pass."""
    return code in _ABOUT_EVENT or find_field(code) is not None
