"""The same 40 calls have the same spans with each library, or the documentation says what differs and why."""

from __future__ import annotations

import re
from importlib.util import find_spec

import pytest

pytest.importorskip("opentelemetry.sdk")

from tests.instrumentations import comparison
from tests.instrumentations.comparison import OTHERS, OURS, PAGE, Spans
from tests.instrumentations.comparison_rows import CALL_NOTES, ROWS
from tests.instrumentations.same_calls import SAME_CALLS
from tests.instrumentations.test_tracers import is_installed
from tests.support.exchanges import decode_case

INSTALLED = is_installed("opentelemetry.instrumentation.bedrock") and find_spec("openinference") is not None


@pytest.fixture(scope="module")
def spans() -> Spans:
    if not INSTALLED:
        pytest.skip("OpenLLMetry and OpenInference are in the dependency group `instrumentations`")
    return comparison.make_spans()


def test_there_are_forty_calls_of_four_providers() -> None:
    names = [call.case.name for call in SAME_CALLS]
    assert len(names) == len(set(names)) == 40
    assert len({name.partition("/")[0] for name in names}) == 4


def test_the_tokens_are_equal_or_a_note_says_why(spans: Spans) -> None:
    tokens = comparison.compare_tokens(spans)
    differs = {
        (library, name)
        for name, counts in tokens.items()
        for library in OTHERS
        if (counts[library].input or 0, counts[library].output or 0)
        != (counts[OURS].input or 0, counts[OURS].output or 0)
    }
    assert differs == set().union(*CALL_NOTES.values())


def test_ours_are_the_tokens_of_the_events(spans: Spans) -> None:
    tokens = comparison.compare_tokens(spans)
    for call in SAME_CALLS:
        units = decode_case(call.case).units
        counted = [count for unit, count in units.items() if unit != "web_search_request"]
        found = tokens[call.case.name][OURS]
        assert (found.input or 0) == sum(count.input or 0 for count in counted), call
        assert (found.output or 0) == sum(count.output or 0 for count in counted), call


def test_each_difference_has_an_explanation_and_each_explanation_a_difference(spans: Spans) -> None:
    found = comparison.compare_rows(spans)
    for row in ROWS:
        for library in OTHERS:
            assert bool(found[row.title, library].differs) == bool(row.why[library]), (row.title, library)


def test_each_call_is_one_span_of_kind_client(spans: Spans) -> None:
    assert [len(call) for call in spans[OURS]] == [1] * len(SAME_CALLS)
    assert {span["kind"] for call in spans[OURS] for span in call} == {"CLIENT"}


def test_the_page_says_what_was_found(spans: Spans) -> None:
    version = re.compile(r"(?<= )\d[\d.]*\d")
    written = PAGE.read_text("utf-8")
    made = comparison.write_page(spans)
    # New versions alone don't change the page.
    [here, there] = [
        version.sub("", text.partition("## ")[0]) + text.partition("## ")[2] for text in (made, written)
    ]
    assert here == there, "run `python -m tests.instrumentations.comparison`, and explain what is new"
