"""The base class of API responses, and the lenient conversion of JSON to it.

The API may gain fields and values at any time. A response therefore keeps unknown fields as attributes, and
a field whose value has an unexpected type keeps that value. msgspec can do neither (it drops unknown fields
and raises for wrong types), so `convert_leniently` walks the declared types itself and leaves only the leaves
to msgspec. Parsing thus never turns a successful call into an exception.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType, NoneType
from typing import Any, get_args, get_origin

import msgspec

from payi_transport.compat import Self

__all__ = ["Model", "convert_leniently"]


# `dict=True` makes room for the fields that this version doesn't know.
class Model(msgspec.Struct, dict=True, omit_defaults=True):
    """Base class of the API's responses. Fields that this version does not know are attributes as well."""

    @property
    def unknown_fields(self) -> Mapping[str, Any]:
        """Return the fields that the API sent and this class does not declare, unconverted."""
        return MappingProxyType(vars(self))

    def to_dict(self) -> dict[str, Any]:
        """Return the values by their names in the API, unknown ones included, without those that are None."""
        known = {name: getattr(self, field) for name, (field, _) in _fields_of(type(self)).items()}
        values = {**known, **self.unknown_fields}
        return {name: _to_builtins(value) for name, value in values.items() if value is not None}

    def to_json(self, *, indent: int | None = 2) -> str:
        """Return `to_dict()` as JSON, with datetimes in ISO 8601; `indent=None` is one line."""
        encoded = msgspec.json.encode(self.to_dict())
        return (encoded if indent is None else msgspec.json.format(encoded, indent=indent)).decode()

    def __reduce__(self) -> tuple[Any, ...]:
        # A Struct by itself passes only its declared fields to pickle and deepcopy.
        return (*super().__reduce__(), vars(self))

    def __copy__(self) -> Self:
        make, values, unknown = self.__reduce__()
        copied: Self = make(*values)
        vars(copied).update(unknown)
        return copied

    def __repr__(self) -> str:
        values = {field: getattr(self, field) for field in self.__struct_fields__} | dict(self.unknown_fields)
        shown = ", ".join(f"{name}={value!r}" for name, value in values.items() if value is not None)
        return f"{type(self).__name__}({shown})"


def convert_leniently(kind: Any, raw: Any) -> Any:
    """Convert decoded JSON to `kind`. Any part that does not fit its declared type stays unconverted."""
    kind = _drop_none(kind)
    # Containers are walked here instead of by msgspec, which rejects the whole of a list for one item.
    origin = get_origin(kind) or kind
    if isinstance(raw, dict) and isinstance(origin, type) and issubclass(origin, Model):
        return _read_model(kind, raw)
    if isinstance(raw, dict) and origin is dict and get_args(kind):
        return {name: convert_leniently(get_args(kind)[1], item) for name, item in raw.items()}
    if isinstance(raw, list) and origin is list and get_args(kind):
        return [convert_leniently(get_args(kind)[0], item) for item in raw]
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError:
        return raw


def _read_model(kind: Any, raw: dict[str, Any]) -> Any:
    fields = _fields_of(kind)
    known = {field: convert_leniently(type_, raw.get(name)) for name, (field, type_) in fields.items()}
    # A missing required field becomes None, because a response that lacks it must not raise.
    model = (get_origin(kind) or kind)(**known)
    vars(model).update((name, value) for name, value in raw.items() if name not in fields)
    return model


# The fields of a class never change, and every response would read them again.
@functools.cache
def _fields_of(kind: Any) -> dict[str, tuple[str, Any]]:
    """Map the name in the API to the name of the attribute and its type."""
    return {field.encode_name: (field.name, field.type) for field in msgspec.structs.fields(kind)}


def _drop_none(kind: Any) -> Any:
    """Return `X` for `X | None`."""
    members = get_args(kind)
    others = [member for member in members if member is not NoneType]
    # Only for a single type: which member of a larger union a value belongs to is for msgspec to decide.
    return others[0] if len(members) == 2 and len(others) == 1 else kind


def _to_builtins(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, dict):
        return {name: _to_builtins(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_to_builtins(item) for item in value]
    return value
