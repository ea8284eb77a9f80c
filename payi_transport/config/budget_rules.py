"""What a budget may say beyond the types of its keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal, Protocol
from urllib.parse import urlsplit

from payi_transport.values.zones import find_zone

__all__ = [
    "BUDGET_FIELDS",
    "EVENT_FIELDS",
    "BudgetPeriod",
    "check_budget",
    "check_fields",
    "find_field",
    "list_fields",
]

BudgetPeriod = Literal["hour", "day", "week", "month", "quarter", "year"]

# The scope fields by which calls are told apart, and the two that are known once a call is read.
BUDGET_FIELDS = (
    "account_name",
    "limit_ids",
    "request_tags",
    "resource_scope",
    "use_case_id",
    "use_case_name",
    "use_case_step",
    "use_case_version",
    "user_id",
)
EVENT_FIELDS = ("category", "resource")
# Other names by which reports group calls.
_ALIASES = {
    "account": "account_name",
    "customer": "account_name",
    "limit": "limit_ids",
    "model": "resource",
    "scope": "resource_scope",
    "tag": "request_tags",
    "use_case": "use_case_name",
    "user": "user_id",
}
_ALIAS_SECTIONS = {"property": "request_properties", "use_case_property": "use_case_properties"}
PROPERTY_FIELDS = ("request_properties.", "use_case_properties.")
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


class Budget(Protocol):
    """The keys that are checked."""

    @property
    def amount(self) -> Decimal: ...
    @property
    def zone(self) -> str | None: ...
    @property
    def by(self) -> str | tuple[str, ...]: ...
    @property
    def match(self) -> Mapping[str, str]: ...
    @property
    def webhook(self) -> str | None: ...
    @property
    def enforce(self) -> bool: ...


def list_fields(by: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields that `by` names, which may be one."""
    return (by,) if isinstance(by, str) else by


def check_budget(budget: Budget) -> None:
    """Raise ValueError for a budget that can't be kept."""
    if not budget.amount.is_finite() or budget.amount <= 0:
        raise ValueError(f"amount: expected an amount above 0, got {str(budget.amount)!r}")
    find_zone(budget.zone)
    check_fields(list_fields(budget.by), "by")
    check_fields(budget.match, "match")
    # Before a request is sent, only its scope is known: the model is in a body that nobody has read.
    late = [field for field in (*list_fields(budget.by), *budget.match) if field in EVENT_FIELDS]
    if budget.enforce and late:
        raise ValueError(
            f"enforce: a budget by {late[0]} can only warn, because it is not known before a call is sent;"
            " leave out enforce, or use scope fields"
        )
    if budget.webhook is not None:
        _check_webhook(budget.webhook)


def check_fields(fields: Iterable[str], key: str) -> None:
    """Raise ValueError for a name that is neither a scope field nor known of an event."""
    for field in fields:
        is_property = any(field.startswith(prefix) and field != prefix for prefix in PROPERTY_FIELDS)
        if field not in BUDGET_FIELDS and field not in EVENT_FIELDS and not is_property:
            accepted = ", ".join((*BUDGET_FIELDS, *EVENT_FIELDS, *(f"{p}<name>" for p in PROPERTY_FIELDS)))
            hint = "" if find_field(field) == field else f"; for {field!r}, use {find_field(field)!r}"
            raise ValueError(f"{key}: unknown field {field!r}; accepted: {accepted}{hint}")


def find_field(name: str) -> str:
    """Return the field that reports group calls by under a name, by default that of the name itself."""
    section, dot, key = name.partition(".")
    return f"{_ALIAS_SECTIONS.get(section, section)}.{key}" if dot else _ALIASES.get(name, name)


def _check_webhook(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL_HOSTS)):
        # Without the address, which is a secret of most services.
        raise ValueError("webhook: expected an https address, or http on this machine")
