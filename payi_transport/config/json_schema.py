"""The JSON Schema of the configuration, made from the types that check it."""

from __future__ import annotations

from typing import Any

import msgspec

from payi_transport.config.schema import Settings

__all__ = ["make_json_schema"]

# Keys that only code can set.
_IN_CODE = ("on_limit",)


def make_json_schema() -> dict[str, Any]:
    """Return the schema of a file, in the dialect 2020-12."""
    schemas, components = msgspec.json.schema_components(
        [Settings], ref_template="#/$defs/{name}", schema_hook=_describe_callable
    )
    definitions = dict(components)
    for name in _IN_CODE:
        definitions["Settings"]["properties"].pop(name)
    for definition in definitions.values():
        _accept_numbers(definition)
    # What `offline_instrumentation` accepts besides its table.
    offline = definitions["Settings"]["properties"]["offline_instrumentation"]
    offline["anyOf"] = [*offline["anyOf"], {"type": ["string", "boolean"]}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration of payi_transport",
        **schemas[0],
        "$defs": definitions,
    }


def _accept_numbers(schema: Any) -> None:
    """Accept numbers for decimals, wherever they stand; msgspec's own schema has strings only."""
    if isinstance(schema, list):
        # An optional value is one of several schemas.
        for item in schema:
            _accept_numbers(item)
    if isinstance(schema, dict):
        if schema.get("format") == "decimal":
            schema["type"] = ["number", "string"]
        for value in schema.values():
            _accept_numbers(value)


def _describe_callable(kind: Any) -> dict[str, Any]:
    """Describe a type that JSON does not have. Its keys are removed, but the generator asks first."""
    return {"description": "code"}
