"""Patterns with possessive quantifiers match the same, and as fast, where `re` has no such quantifiers."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.compat import spell_without_possessive
from payi_transport.decode import inline_data, vectors
from payi_transport.framing import gap
from payi_transport.hooks import multipart
from payi_transport.rewrite import include_usage
from payi_transport.values import lenient_json, patterns
from payi_transport.values.patterns import compile_possessive

# Every pattern of the package that is written with possessive quantifiers, as Python 3.11 compiles it.
PATTERNS = {
    f"{module.__name__.rpartition('.')[2]}.{name}": value
    for module in (inline_data, multipart, vectors, gap, include_usage, lenient_json)
    for name, value in vars(module).items()
    if isinstance(getattr(value, "pattern", None), bytes)
}
needs_possessive = pytest.mark.skipif(sys.version_info < (3, 11), reason="`re` has no possessive quantifiers")

# What the patterns look for, in any order: fields, data, escapes, quotes, heads of a form.
PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *(
                    b'"data":"',
                    b'"image" : "',
                    b'"b64_json":"',
                    b'"source":{"bytes":"',
                    b'"inlineData":{"a":"b",',
                ),
                *(
                    b'"delta":"',
                    b'"images":["',
                    b'","',
                    b'"data:image/png;base64,',
                    b"%2F",
                    b'"',
                    b'":',
                    b"\\",
                ),
                *(
                    b"\\/",
                    b"\\n",
                    b"\\u002b",
                    b'\\"',
                    b"Aa1" * 30,
                    b"f0" * 40,
                    b"\r\n",
                    b"a: b\r\n",
                    b"\r\n\r\n",
                ),
                *(b"Aa1+" * 200, b'"signature":"', b'"base64":[', b"{", b"}", b"[", b"]", b" "),
            ]
        ),
        st.binary(max_size=3),
    ),
    max_size=30,
).map(b"".join)


def find_all(pattern: re.Pattern[bytes], text: bytes) -> list[tuple[int, int, dict[str, bytes | None]]]:
    return [
        (*found.span(), {name: found[name] for name in ("head", "end") if name in pattern.groupindex})
        for found in pattern.finditer(text)
    ]


@needs_possessive
@pytest.mark.parametrize("name", PATTERNS)
@given(text=PIECES)
def test_either_spelling_finds_the_same(name: str, text: bytes) -> None:
    pattern = PATTERNS[name]
    other = re.compile(spell_without_possessive(pattern.pattern), pattern.flags)
    assert find_all(other, text) == find_all(pattern, text)


@needs_possessive
@given(text=st.text('ab"\\', max_size=40).map(str.encode))
@pytest.mark.parametrize(
    "pattern",
    [
        rb"a*+a",
        rb"(?:ab?)*+b",
        rb"(?:a++b)++(?=a)",
        rb'"(?:[^"\\]*+(?:\\.)?)*+"',
        rb"[\]a]*+\\",
        rb"(a)?(?:b|aa)++a",
    ],
)
def test_shorter_matches_are_not_tried(pattern: bytes, text: bytes) -> None:
    spelled = re.compile(spell_without_possessive(pattern))
    assert find_all(spelled, text) == find_all(re.compile(pattern), text)


def test_only_possessive_quantifiers_are_spelled_otherwise() -> None:
    kept = rb'(?P<head>"(?<!\\")[*+]a*\*\+b+(?i:x)(?!y){2}[^\]+]+)'
    assert spell_without_possessive(kept) == kept
    assert spell_without_possessive(rb"(?:a[+]*+b)++") == (
        rb"(?=(?P<possessive_2>(?:a(?=(?P<possessive_1>[+]*))(?P=possessive_1)b)+))(?P=possessive_2)"
    )


def test_a_python_without_possessive_quantifiers_compiles_the_other_spelling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patterns, "HAS_POSSESSIVE", False)
    pattern = compile_possessive(rb"a*+b")
    assert pattern.pattern == spell_without_possessive(rb"a*+b")
    assert pattern.match(b"aab")


EITHER = [pytest.param(True, marks=needs_possessive), False]


def repeat(start: bytes, piece: bytes) -> Callable[[int], bytes]:
    return lambda size: start + piece * (size // len(piece)) + b" "


# What would take a backtracking pattern quadratic or exponential time: long runs whose end does not match.
HOSTILE = {
    "base64 without an end": repeat(b'{"data":"', b"Aa1+"),
    "escapes without an end": repeat(b'{"data":"', b"\\/"),
    "names without a value": repeat(b"", b'"data:'),
    "images without an end": repeat(b'{"images":[', b'"Aa1",'),
    "lists of signatures": repeat(b"", b'"base64":['),
    "texts in an object": repeat(b'"audio":{', b'"a\\n"'),
}


def take_least_time(run: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        start = time.thread_time()
        run()
        times.append(time.thread_time() - start)
    return min(times)


def assert_linear(run: Callable[[bytes], object], make: Callable[[int], bytes]) -> None:
    small, large = make(20_000), make(160_000)
    # Eight times as much; 64 times as long would be quadratic.
    assert take_least_time(lambda: run(large)) < 24 * max(take_least_time(lambda: run(small)), 1e-4)


def spell(pattern: re.Pattern[bytes], possessive: bool) -> re.Pattern[bytes]:
    return pattern if possessive else re.compile(spell_without_possessive(pattern.pattern), pattern.flags)


@pytest.mark.parametrize("shape", HOSTILE)
@pytest.mark.parametrize("possessive", EITHER)
def test_time_grows_with_the_size_and_not_faster(possessive: bool, shape: str) -> None:
    spelled = [spell(PATTERNS[name], possessive) for name in PATTERNS if name.startswith("inline_data")]
    assert_linear(lambda text: [pattern.sub(b"", text) for pattern in spelled], HOSTILE[shape])


@pytest.mark.parametrize("possessive", EITHER)
def test_the_head_of_a_form_without_an_end_takes_linear_time(possessive: bool) -> None:
    pattern = spell(PATTERNS["multipart._HEAD"], possessive)
    assert_linear(pattern.match, repeat(b"\r\n", b"a: b\r\n"))
