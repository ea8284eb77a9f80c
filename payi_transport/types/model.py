"""What every answer of the Pay-i API is: a Struct that keeps what it does not know."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType, NoneType
from typing import Any, get_args, get_origin

import msgspec

__all__ = ["Model", "convert_leniently"]
from payi_transport.compat import Self


class Model(msgspec.Struct, dict=True, omit_defaults=True):
    """An answer of the Pay-i API. Fields that this version does not know are attributes like all others."""

    @property
    def unknown_fields(self) -> Mapping[str, Any]:
        """What the API sent beyond the fields that are named here, as it came."""
        return MappingProxyType(vars(self))

    def to_dict(self) -> dict[str, Any]:
        """The values by the names they have in the API, unknown ones too, those that are None left out."""
        known = {name: getattr(self, field) for name, (field, _) in _fields_of(type(self)).items()}
        values = {**known, **self.unknown_fields}
        return {name: _to_builtins(value) for name, value in values.items() if value is not None}

    def __reduce__(self) -> tuple[Any, ...]:
        # What a Struct says by itself, to pickle and deepcopy, are its named fields alone.
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
    """JSON as the type it should be; any part that is of another type stays as it came.

    So a value that the API begins to send some day never makes a call fail that went well.
    """
    kind = _drop_none(kind)
    origin = get_origin(kind) or kind
    if isinstance(raw, dict) and isinstance(origin, type) and issubclass(origin, Model):
        return _read_model(kind, raw)
    if isinstance(raw, dict) and origin is dict:
        return {name: convert_leniently(get_args(kind)[1], item) for name, item in raw.items()}
    if isinstance(raw, list) and origin is list:
        return [convert_leniently(get_args(kind)[0], item) for item in raw]
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError:
        return raw


def _read_model(kind: Any, raw: dict[str, Any]) -> Any:
    fields = _fields_of(kind)
    known = {field: convert_leniently(type_, raw.get(name)) for name, (field, type_) in fields.items()}
    model = (get_origin(kind) or kind)(**known)
    vars(model).update((name, value) for name, value in raw.items() if name not in fields)
    return model


@functools.cache
def _fields_of(kind: Any) -> dict[str, tuple[str, Any]]:
    """By the name in the API: the field's own name and its type."""
    return {field.encode_name: (field.name, field.type) for field in msgspec.structs.fields(kind)}


def _drop_none(kind: Any) -> Any:
    """`X` for `X | None`."""
    members = get_args(kind)
    others = [member for member in members if member is not NoneType]
    return others[0] if len(members) == 2 and len(others) == 1 else kind


def _to_builtins(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, dict):
        return {name: _to_builtins(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_to_builtins(item) for item in value]
    return value
