"""Examples from the documentation and the bug reports of providers, with the units that they are billed as.

`tests/wire/examples/<provider>.json` is a list of calls for `replay`, each with its `source`, the `units` of
its event, and `properties` that it must have, or must not have where they are null. `map` is the category of
a host that isn't known.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.replay import replay, show_units

EXAMPLES = {
    f"{path.stem}: {example['name']}": example
    for path in sorted((Path(__file__).parent / "examples").glob("*.json"))
    for example in json.loads(path.read_text())
}


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_an_example_becomes_the_units_that_are_billed(example: dict[str, Any]) -> None:
    mapped = {str(urlsplit(example["url"]).hostname): {"price_as_category": example.get("map")}}
    [event] = replay(example, host_mappings=mapped if "map" in example else {})
    assert show_units(event) == example["units"]
    properties = event.properties or {}
    expected = example.get("properties", {})
    assert {name: properties.get(name) for name in expected} == expected
    assert example["source"].startswith("https://")
