"""The usage fields that the installed SDKs' types have.

A provider adds a field to its API and then to its SDK. These functions walk an SDK's models, or a service
model of botocore, and name every field of every usage in them, so that a test can compare them with what
the library reads. A usage is named by the type that holds it (`ChatCompletion.usage`), a field by its path
on the wire (`prompt_tokens_details.cached_tokens`), with `[]` for an item of a list. Where the type limits
a field to a few values, each is named (`ttl=1h`): a new value may well have a price of its own.
"""

from __future__ import annotations

import enum
import importlib
import importlib.util
import pkgutil
import re
import typing
from collections.abc import Iterator
from typing import Any

__all__ = ["Usages", "find_service_usages", "find_usages", "is_installed", "walk"]

Usages = dict[str, set[str]]
_OPEN = ("model", "reason")


def is_installed(name: str) -> bool:
    """Whether a module can be imported, without importing more than its parent."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def find_usages(packages: list[str], pattern: str) -> Usages:
    """Return the fields below each field whose name matches, in the pydantic models of these packages.

    Packages that this version of an SDK doesn't have are skipped.
    """
    usages: Usages = {}
    for package in filter(is_installed, packages):
        for model in _find_models(package):
            for name, field in model.model_fields.items():
                if re.search(pattern, name):
                    # Types of the same name, such as those of a beta API, add up to one.
                    usages.setdefault(f"{model.__name__}.{name}", set()).update(walk(field.annotation))
    return usages


def find_service_usages(service: str, pattern: str) -> Usages:
    """Return the numbers and limited strings below each matching member of a service's responses."""
    from botocore.session import get_session

    model = get_session().get_service_model(service)
    usages: Usages = {}
    for operation in model.operation_names:
        output = model.operation_model(operation).output_shape
        for path, shape in _find_members(output, operation, pattern) if output else ():
            usages.setdefault(path, set()).update(found.lstrip(".") for found in _walk_shape(shape, ()))
    return usages


def walk(annotation: Any) -> set[str]:
    """Return the path of every field below one of this type; an empty path is the field itself."""
    return {path.lstrip(".") for path in _walk(annotation, ())}


def _find_models(package: str) -> list[Any]:
    from pydantic import BaseModel

    root = importlib.import_module(package)
    names = [
        package,
        *(found.name for found in pkgutil.walk_packages(getattr(root, "__path__", ()), f"{package}.")),
    ]
    found = {
        value
        for name in names
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ in names
    }
    return sorted(found, key=lambda model: (model.__module__, model.__qualname__))


def _walk(annotation: Any, above: tuple[Any, ...]) -> Iterator[str]:
    """Yield the paths below a field of this type; an empty one stands for the field itself."""
    from pydantic import BaseModel

    annotation = annotation if typing.get_args(annotation) else getattr(annotation, "__value__", annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation not in above:
            for name, field in annotation.model_fields.items():
                for rest in _walk(field.annotation, (*above, annotation)):
                    # Names of models come and go, and none of them is a kind of usage.
                    yield f".{field.alias or name}{rest if name not in _OPEN else ''}"
    elif isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        yield from (f"={value.value}" for value in annotation)
    elif typing.get_origin(annotation) is typing.Literal:
        yield from (f"={value}" for value in typing.get_args(annotation))
    else:
        yield from _walk_generic(annotation, above)


def _walk_generic(annotation: Any, above: tuple[Any, ...]) -> Iterator[str]:
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    mark = "[]" if origin is list else "{}" if origin is dict else ""
    found = {f"{mark}{rest}" for arg in args for rest in _walk(arg, above)}
    # Of `Model | None` and `Literal[...] | str`, the first says more.
    more = {path for path in found if path != mark}
    yield from sorted(more or found or {mark})


def _find_members(
    shape: Any, path: str, pattern: str, above: tuple[str, ...] = ()
) -> Iterator[tuple[str, Any]]:
    if shape.name in above:
        return
    above = (*above, shape.name)
    for name, member in _members(shape):
        if re.search(pattern, name):
            yield f"{path}{name}", member
        else:
            yield from _find_members(member, f"{path}{name}", pattern, above)


def _members(shape: Any) -> Iterator[tuple[str, Any]]:
    if shape.type_name == "structure":
        yield from ((f".{name}", member) for name, member in shape.members.items())
    elif shape.type_name == "list":
        yield "[]", shape.member
    elif shape.type_name == "map":
        yield "{}", shape.value


def _walk_shape(shape: Any, above: tuple[str, ...]) -> Iterator[str]:
    if shape.name in above:
        return
    members = list(_members(shape))
    for name, member in members:
        for rest in _walk_shape(member, (*above, shape.name)):
            yield f"{name}{rest}"
    if not members:
        values = getattr(shape, "enum", ())
        yield from (f"={value}" for value in values) if values else ("",)
