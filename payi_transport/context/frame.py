"""The frame: the merged values of the scopes around a call, and the rules by which a scope changes them.

The rules are those of Pay-i's documentation of its decorators: lists combine, properties merge, other values
replace the outer one, and an empty value clears it. Entering a scope is on the caller's path, so `Fields`
reads the table once, and entering touches only the fields that the scope sets.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, ClassVar, cast

import msgspec
from msgspec.structs import replace

from payi_transport.context.fields import ROWS, Field, Scope
from payi_transport.context.header_text import to_text
from payi_transport.context.name_warnings import warn_of_names
from payi_transport.context.user_ids import hash_user_id
from payi_transport.values.shown import show

__all__ = [
    "FIELDS",
    "Fields",
    "Frame",
    "check_scope",
    "check_value",
    "enter_scope",
    "event_fields",
    "event_properties",
    "has_needed",
]


# Frozen, because all calls in a scope share its frame until their events are decoded. `omit_defaults` keeps
# fields that are not set out of what `get_context` returns.
class Frame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The merged values of the scopes around a call.

    The fields are named here for type checkers. `Fields` adds the rows that an extended table has besides.
    """

    fields: ClassVar[Fields]

    limit_ids: tuple[str, ...] = ()
    request_tags: tuple[str, ...] = ()
    request_properties: Mapping[str, str] = {}
    user_id: str | None = None
    account_name: str | None = None
    use_case_name: str | None = None
    use_case_id: str | None = None
    use_case_version: int | None = None
    use_case_properties: Mapping[str, str] = {}
    use_case_step: str | None = None
    log_prompt_and_response: bool | None = None
    price_as_category: str | None = None
    price_as_resource: str | None = None
    resource_scope: str | None = None
    proxy: bool | None = None
    # Not a field of the table: the configuration sets it for all frames inside that of the process.
    hash_user_ids: bool = False

    def outgoing(self, name: str) -> Any:
        """Return the value of a field as it may leave the process."""
        value = getattr(self, name)
        return hash_user_id(value) if self.hash_user_ids and name == "user_id" and value else value


class Fields:
    """A table of context fields, and what is looked up in it for each scope, call and event."""

    def __init__(self, rows: Mapping[str, Field] = ROWS) -> None:
        self.rows = rows
        self.names = frozenset(rows)
        self.merges: Mapping[str, Callable[[Any, Any], Any]] = {
            name: row.type.merge for name, row in rows.items()
        }
        self.headers = {name: row.header for name, row in rows.items() if row.header is not None}
        # By the name of the header in lower case: the field, and what reads the header's text.
        self.readers = {
            header.lower().encode(): (name, rows[name].type.read_header)
            for name, header in self.headers.items()
        }
        self.no_use_case = {name: row.type.default for name, row in rows.items() if row.in_use_case}
        self.event_fields = tuple(
            (name, row.event, row.type.default) for name, row in rows.items() if row.event is not None
        )
        # All of their values at once.
        self.read_reported: Callable[[Frame], tuple[Any, ...]] = attrgetter(
            *(name for name, _, _ in self.event_fields)
        )
        self.needs = {name: row.needs for name, row in rows.items() if row.needs}
        self.properties = tuple(
            (name, row.property) for name, row in rows.items() if row.property is not None
        )
        self.frame_type = self._make_frame_type()

    def _make_frame_type(self) -> type[Frame]:
        added = [
            (name, row.type.frame_type, row.type.default)
            for name, row in self.rows.items()
            if name not in Frame.__struct_fields__
        ]
        if not added:
            return Frame
        options: dict[str, Any] = {"frozen": True, "kw_only": True, "omit_defaults": True}
        made = msgspec.defstruct("Frame", added, bases=(Frame,), namespace={"fields": self}, **options)
        return cast("type[Frame]", made)


FIELDS = Fields()
# Set afterwards, because making the table needs the class.
Frame.fields = FIELDS


def check_scope(function: str, scope: Mapping[str, object], *more: str, fields: Fields = FIELDS) -> None:
    """Check the arguments of `function`, which also accepts the names in `more`; warn of what Pay-i refuses.

    Raises TypeError for an argument that is neither a field nor in `more`, and for a value that its field
    does not accept.
    """
    if not fields.names.issuperset(scope):
        wrong = ", ".join(repr(name) for name in scope if name not in fields.names)
        accepted = ", ".join(sorted({*fields.names, *more}))
        raise TypeError(f"{function}() got an unexpected keyword argument {wrong}; accepted: {accepted}")
    for name, value in scope.items():
        check_value(name, value, fields)
    warn_of_names(scope)


def check_value(name: str, value: object, fields: Fields = FIELDS) -> None:
    """Raise TypeError for a value that the field `name` does not accept; None is always accepted."""
    field_type = fields.rows[name].type
    if value is not None and not field_type.accepts(value):
        raise TypeError(f"{name}: expected {field_type.expected}, got {show(value, name)}")


def enter_scope(outer: Frame, scope: Scope) -> Frame:
    """Return the frame inside `scope`, which is entered inside `outer`. Expects checked values."""
    fields = outer.fields
    values: dict[str, Any] = {name: value for name, value in scope.items() if value is not None}
    if "use_case_name" in values:
        # This comes before merging: the other values of the scope are about the new use case.
        outer = _enter_or_continue_use_case(fields, outer, values)
    for name, value in values.items():
        values[name] = fields.merges[name](getattr(outer, name), value)
    return replace(outer, **values)


def _enter_or_continue_use_case(fields: Fields, outer: Frame, values: dict[str, Any]) -> Frame:
    """Return `outer` adjusted for the use case that `values` enters.

    Another name starts a use case with an id of its own. The empty name leaves every use case, and drops
    the fields of a use case from `values`.
    """
    name = to_text(values["use_case_name"])
    if not name:
        for field in fields.no_use_case:
            values.pop(field, None)
        return replace(outer, **fields.no_use_case)
    # A function that names the use case it is called in goes on with it.
    if name == outer.use_case_name:
        return outer
    return replace(outer, **{**fields.no_use_case, "use_case_id": str(uuid.uuid4())})


def event_fields(frame: Frame) -> dict[str, Any]:
    """Return the fields of an event that report the frame, by their names, without those that are not set."""
    table = frame.fields
    fields: dict[str, Any] = {}
    for (name, event, default), value in zip(table.event_fields, table.read_reported(frame), strict=True):
        # Most are not set, which is found out without a call.
        if value is default or value == default or (name in table.needs and not has_needed(frame, name)):
            continue
        fields[event] = frame.outgoing(name) if frame.hash_user_ids else value
    return fields


def has_needed(frame: Frame, name: str) -> bool:
    """Return whether the frame has one of the fields without which this one is not reported."""
    needed = frame.fields.needs.get(name)
    return needed is None or any(getattr(frame, other) for other in needed)


def event_properties(frame: Frame) -> dict[str, str]:
    """Return the properties of an event that report the frame."""
    # A copy, because every call in the scope has the same dict.
    properties = dict(frame.request_properties)
    for name, label in frame.fields.properties:
        value = getattr(frame, name)
        if value is not None:
            properties[label] = to_text(value)
    return properties
