"""What a provider states: paths by the end of a request's, and readers that may be left out."""

from __future__ import annotations

import pytest

from payi_transport.providers.openai.chat import read_chat
from payi_transport.providers.provider import Operation, Readers, get, post


@pytest.mark.parametrize(
    ("pattern", "last"),
    [
        ("chat/completions", "completions"),
        ("embeddings", "embeddings"),
        ("model/.+/converse-stream", "converse-stream"),
        ("v[12]/chat", "chat"),
        ("(v1|beta)/x_y2", "x_y2"),
        ("(?:(v1|beta)/)completions", "completions"),
        ("[^/]+:predict", ":predict"),
        ("models/gemini-[^/]+:predict", ":predict"),
        ("jobs/job_[^/]+", ""),
        ("jobs/[^/]+", ""),
    ],
)
def test_a_path_is_filed_under_its_last_segment_or_verb(pattern: str, last: str) -> None:
    assert post(pattern).last == last


@pytest.mark.parametrize("pattern", ["", "chat/", "chat/.+", "chat/(a|b)", "chat/x?", "(a|b)c", r"chat/\w"])
def test_a_pattern_whose_last_segment_is_not_plain_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="ends in neither"):
        post(pattern)


@pytest.mark.parametrize("path", ["/v1/chat", "v1/chat", "/a/b/v1/chat", "//v1/chat"])
def test_a_rule_matches_the_end_of_a_path(path: str) -> None:
    assert post("v1/chat").pattern.fullmatch(path)


@pytest.mark.parametrize("path", ["/xv1/chat", "/v1/chat/x", "/v1/chatx", "/chat"])
def test_a_rule_matches_whole_segments_alone(path: str) -> None:
    assert not post("v1/chat").pattern.fullmatch(path)


def test_the_method_of_an_operation_is_that_of_its_example() -> None:
    assert (get("a").method, post("a").method) == ("GET", "POST")
    rules = (get("jobs/[^/]+"), post("jobs/[^/]+/cancel"))
    operation = Operation(name="a.b", category="c", paths=rules, example="/jobs/1")
    assert operation.method == "GET"


def test_readers_that_a_provider_does_not_state_find_nothing() -> None:
    readers = Readers(read_chat)
    messages = [("", b'{"choices": []}')]
    assert readers.read_error(b'{"error": "x"}', {}) is None
    assert readers.read_output_text(messages) == ""
    assert readers.read_prompt_texts(b"{}") is None
    assert readers.unwrap(messages) is messages
