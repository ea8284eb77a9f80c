"""The context fields: one table, from which everything that knows a field by name is derived.

A row is a key of one of the three TypedDicts below. Its annotation says what type checkers accept, and the
`Field` next to it says the rest: its type (what is accepted at run time, how scopes merge), the header that
sets it for one call, and where an event reports it. The TypedDict that a row stands in says where
users may set the field:

- `ConfigFields`: in `config`, in a scope, in the headers of a call
- `HeaderFields`: in a scope, in the headers of a call
- `Scope`: in a scope

So a new field is one row, plus a line each in `Frame` and `PayiContext`, from which type checkers know the
type of its merged value; a test compares them with the row. A field that Pay-i's events have no place for is
reported as a property of the request.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Annotated, Any, NamedTuple, TypeAlias, TypedDict, get_type_hints

from payi_transport.context.field_types import LOGGING, PROPERTIES, SWITCH, TEXT, TEXTS, VERSION, FieldType
from payi_transport.context.results import Result
from payi_transport.values.names import PayiHeaderNames as Headers

__all__ = ["ROWS", "ConfigFields", "Field", "HeaderFields", "PayiContext", "Scope", "Texts"]

# Not Iterable[str], or type checkers would accept a single string.
Texts: TypeAlias = list[str] | tuple[str, ...] | Set[str]


class Field(NamedTuple):
    """One context field.

    `event` names the event's own field that reports it and `property` a property of the request; a field with
    neither is not reported under a name of its own. A field `in_use_case` ends where another use case starts.
    A field is not reported unless one of those that it `needs` is set, too. `config` is set for the rows of
    `ConfigFields`.
    """

    type: FieldType
    header: str | None = None
    event: str | None = None
    property: str | None = None
    in_use_case: bool = False
    needs: tuple[str, ...] = ()
    config: bool = False


class ConfigFields(TypedDict, total=False):
    """Fields that `config` may set for the whole process. None means unset; an empty value clears."""

    limit_ids: Annotated[Texts | None, Field(TEXTS, Headers.limit_ids, event="limit_ids")]
    request_tags: Annotated[Texts | None, Field(TEXTS, Headers.request_tags, event="request_tags")]
    request_properties: Annotated[
        # Reported among the properties of the request, next to the ones that the library adds.
        Mapping[str, object] | None, Field(PROPERTIES, Headers.request_properties)
    ]
    user_id: Annotated[str | None, Field(TEXT, Headers.user_id, event="user_id")]
    account_name: Annotated[str | None, Field(TEXT, Headers.account_name, event="account_name")]
    use_case_name: Annotated[
        str | None, Field(TEXT, Headers.use_case_name, event="use_case_name", in_use_case=True)
    ]
    use_case_id: Annotated[
        str | None, Field(TEXT, Headers.use_case_id, event="use_case_id", in_use_case=True)
    ]
    use_case_version: Annotated[
        int | None, Field(VERSION, Headers.use_case_version, event="use_case_version", in_use_case=True)
    ]
    use_case_properties: Annotated[
        Mapping[str, object] | None,
        Field(PROPERTIES, Headers.use_case_properties, event="use_case_properties", in_use_case=True),
    ]


class HeaderFields(ConfigFields, total=False):
    """What `create_headers` accepts: the fields that one call may set by its headers."""

    use_case_step: Annotated[
        str | None,
        Field(
            TEXT,
            Headers.use_case_step,
            event="use_case_step",
            in_use_case=True,
            # A step of nothing would be a row of its own in reports.
            needs=("use_case_name", "use_case_id"),
        ),
    ]
    log_prompt_and_response: Annotated[bool | None, Field(LOGGING, Headers.logging_disable)]
    # These change the event's category, resource, and scope: see decode/pricing.py.
    price_as_category: Annotated[str | None, Field(TEXT, Headers.price_as_category)]
    price_as_resource: Annotated[str | None, Field(TEXT, Headers.price_as_resource)]
    resource_scope: Annotated[str | None, Field(TEXT, Headers.resource_scope)]


class Scope(HeaderFields, total=False):
    """What `track` and `track_context` accept. None means unset; an empty value clears the outer one."""

    proxy: Annotated[bool | None, Field(SWITCH)]


class PayiContext(TypedDict, total=False):
    """What `get_context` returns: the fields that are set, and the last result if Pay-i sent one."""

    limit_ids: list[str]
    request_tags: list[str]
    request_properties: dict[str, str]
    user_id: str
    account_name: str
    use_case_name: str
    use_case_id: str
    use_case_version: int
    use_case_properties: dict[str, str]
    use_case_step: str
    log_prompt_and_response: bool
    price_as_category: str
    price_as_resource: str
    resource_scope: str
    proxy: bool
    last_result: Result


def _read_rows() -> dict[str, Field]:
    # The annotations are strings in this module, and the fields are in what `include_extras` keeps of them.
    hints: dict[str, Any] = get_type_hints(Scope, include_extras=True)
    rows: dict[str, Field] = {name: hint.__metadata__[0] for name, hint in hints.items()}
    config = ConfigFields.__annotations__
    return {name: row._replace(config=name in config) for name, row in rows.items()}


ROWS: Mapping[str, Field] = _read_rows()
