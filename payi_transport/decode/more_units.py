"""What a later report of a response has beyond an earlier one, so that both together are the later one.

Counts of a response only grow. But tokens that were reported as one kind may turn out to be of another:
cached, thought, of an image, or of a prompt that is priced as a large context. So what is gone of one kind is
taken off the others that have grown. Searches and checks are no tokens, and each of them stands for itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from payi_transport.providers.shared.counts import take
from payi_transport.values.event import Units
from payi_transport.values.names import UNITS_WITHOUT_TOKENS

__all__ = ["add_units", "find_more_units", "has_units", "subtract_numbers"]

_PROVIDER = "provider."
# More digits than a count of 64 bits has are no count.
_MAX_DIGITS = 19


def has_units(units: Mapping[str, Units]) -> bool:
    """Return whether any unit is above 0: some servers write zeros until they have counted."""
    return any(unit.input or unit.output for unit in units.values())


def find_more_units(units: Mapping[str, Units], reported: Mapping[str, Units]) -> dict[str, Units]:
    """Return what the units have beyond those that were reported, without those that have no more."""
    inputs = _subtract(_list_inputs(units), _list_inputs(reported))
    outputs = _subtract(_list_outputs(units), _list_outputs(reported))
    return {
        name: Units(inputs.get(name), outputs.get(name))
        for name in units
        if name in inputs or name in outputs
    }


def add_units(units: Mapping[str, Units], more: Mapping[str, Units]) -> dict[str, Units]:
    """Return the sums of two mappings of units."""
    none = Units()
    return {
        name: Units(
            (units.get(name, none).input or 0) + (more.get(name, none).input or 0),
            (units.get(name, none).output or 0) + (more.get(name, none).output or 0),
        )
        for name in {**units, **more}
    }


def subtract_numbers(properties: Mapping[str, str], reported: Mapping[str, str]) -> dict[str, str]:
    """Return properties with the provider's counts, such as searches, less those that were reported.

    Counts that have not grown are left out. Everything else stays as it is.
    """
    rest: dict[str, str] = {}
    for name, value in properties.items():
        before = reported.get(name, "")
        if not (_is_count(name, value) and _is_count(name, before)):
            rest[name] = value
        elif int(value) > int(before):
            rest[name] = str(int(value) - int(before))
    return rest


def _is_count(name: str, value: str) -> bool:
    return name.startswith(_PROVIDER) and len(value) <= _MAX_DIGITS and value.isdecimal()


def _list_inputs(units: Mapping[str, Units]) -> dict[str, int]:
    return {name: unit.input or 0 for name, unit in units.items()}


def _list_outputs(units: Mapping[str, Units]) -> dict[str, int]:
    return {name: unit.output or 0 for name, unit in units.items()}


def _subtract(counts: Mapping[str, int], reported: Mapping[str, int]) -> dict[str, int]:
    """Return by how much counts have grown, without those that have not."""
    grown = {name: number - reported.get(name, 0) for name, number in counts.items()}
    gone = sum(
        max(0, number - counts.get(name, 0)) for name, number in reported.items() if _is_of_tokens(name)
    )
    moved, _ = take(gone, {name: max(0, number) for name, number in grown.items() if _is_of_tokens(name)})
    more = {name: number - moved.get(name, 0) for name, number in grown.items()}
    return {name: number for name, number in more.items() if number > 0}


def _is_of_tokens(unit: str) -> bool:
    return not unit.startswith(UNITS_WITHOUT_TOKENS)
