"""A very long string of base64 in a recorded body is replaced, whatever its field is called."""

from __future__ import annotations

import json
from typing import Any

import pytest

from payi_transport.decode.inline_data import NOT_INSTRUMENTED, strip_inline_data
from tests.decode.stripping import LINES, URL_SAFE, VERY_LONG, WORD, check, fill, write

ANYWHERE: dict[str, Any] = {
    "a field that nobody knows": {"picture": "@", "more": "words"},
    "an object in a list": {"frames": [{"pixels": "@"}, {"pixels": "a.png"}]},
    "items of a list": {"frames": ["@", "a cat", "@"], "more": 1},
    "a list alone": ["@"],
    "a string alone": "@",
    "a vector": {"data": [{"object": "embedding", "embedding": "@", "index": 0}]},
    "vectors": {"embeddings": {"base64": ["@", "@"]}},
    "a name that ends as another": {"my_signature": "@", "pid": "@", "embeddings": ["@"]},
}


@pytest.mark.parametrize("style", ["", "spaces", "escaped slashes", "escaped signs"])
@pytest.mark.parametrize("data", [VERY_LONG, VERY_LONG.rstrip("="), VERY_LONG[:512], LINES * 2, URL_SAFE * 2])
@pytest.mark.parametrize("place", ANYWHERE.values(), ids=ANYWHERE)
def test_a_very_long_string_of_base64_is_data_in_any_field(place: Any, data: str, style: str) -> None:
    check(place, data, style)


@pytest.mark.parametrize("place", ANYWHERE.values(), ids=ANYWHERE)
@pytest.mark.parametrize("before", range(16))
def test_very_long_data_is_found_at_any_offset(place: Any, before: int) -> None:
    written = b" " * before + write(fill(place, VERY_LONG[:512]))
    assert json.loads(strip_inline_data(written)) == fill(place, WORD)


def test_very_long_data_at_the_end_of_a_truncated_body_is_replaced() -> None:
    truncated = write({"prompt": "a cat", "picture": VERY_LONG})[:-40]
    assert strip_inline_data(truncated) == b'{"prompt":"a cat","picture":"' + NOT_INSTRUMENTED


# As long as data, or longer.
OPAQUE: dict[str, Any] = {
    "signatures": {"signature": VERY_LONG, "thoughtSignature": VERY_LONG, "thought_signature": VERY_LONG},
    "encrypted reasoning": {
        "encrypted_content": VERY_LONG,
        "reasoningContent": {"redactedContent": VERY_LONG},
    },
    "encrypted ids": {"id": VERY_LONG, "item_id": VERY_LONG},
    "less than an image": {"picture": (URL_SAFE * 2)[:511]},
    "a name": {VERY_LONG: (URL_SAFE * 2)[:511]},
    "hex": {"hash": "0123456789abcdef" * 100, "HASH": "0123456789ABCDEF" * 100},
    "a number": {"number": "1234567890" * 100},
    "words without spaces": {"words": "word" * 200, "WORDS": "WORD" * 200, "both": "Word" * 200},
    "a line of signs": {"line": "-" * 1000, "other": "=" * 1000, "dots": VERY_LONG + "." * 1000},
    "a token of three parts": {"token": ".".join([VERY_LONG] * 3)},
    "a path": {"path": "Projects/7/Sites/a b/" + "Places/7/" * 100},
    "JSON in a text": {"arguments": json.dumps({"picture": VERY_LONG})},
    "base64 in a text": {"text": f"Look: {VERY_LONG}"},
}


@pytest.mark.parametrize("style", ["", "spaces", "escaped slashes"])
@pytest.mark.parametrize("body", OPAQUE.values(), ids=OPAQUE)
def test_very_long_strings_that_are_not_data_stay(body: Any, style: str) -> None:
    written = write(body, style)
    assert strip_inline_data(written) == written


@pytest.mark.parametrize("place", ANYWHERE.values(), ids=ANYWHERE)
def test_very_large_data_is_replaced_anywhere(place: Any) -> None:
    check(place, "aGk1" * 2_500_000)
