"""Secrets are taken out of texts that others wrote, and ordinary words stay."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payi_transport.values import redaction
from payi_transport.values.redaction import cut_urls, is_code, is_secret_header, remove_secrets, remove_tokens
from tests.support.secrets import SECRET, TEXTS


@pytest.mark.parametrize("text", TEXTS)
def test_a_secret_is_removed_in_whatever_form_it_is_quoted(text: str) -> None:
    assert SECRET in text
    assert SECRET not in remove_secrets(text)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("407 for http://user:pw@proxy:3128", "407 for http://proxy:3128"),
        ("url: /v1/x?key=abc (caused by Y)", "url: /v1/x (caused by Y)"),
        ("https%3A%2F%2Fu%3Ap%40host%3Fkey%3Dabc done", "https%3A%2F%2Fhost done"),
        ("https%3A%2F%2Fu%3Ap%252Fq%40host%2Fme%40x", "https%3A%2F%2Fhost%2Fme%40x"),
        ("http://u:p%2Fq@host/me@x", "http://host/me@x"),
        ("https://u:p@q@host and a:b:c@host, d:e@[::1]", "https://host and host, [::1]"),
        ("a:b@ and c:d@,e:f@g", "a:b@ and c:d@,g"),
        ("401: Bearer abc is not valid", "401: <removed> is not valid"),
        ("bad key sk-proj-a1, try another", "bad key <removed>, try another"),
        ('{"api_key": "abc", "model": "m"}', '{"api_key": <removed>, "model": "m"}'),
    ],
)
def test_what_stands_around_a_secret_stays(text: str, cleaned: str) -> None:
    assert remove_secrets(text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "[Errno 111] Connection refused",
        "HTTPSConnectionPool(host='api.openai.com', port=443): Max retries exceeded with url: /v1/chat",
        "Cannot connect to host 127.0.0.1:9 ssl:default [Connect call failed ('127.0.0.1', 9)]",
        "basic support for token counts; the digest differs at 12:30:05",
        "max_tokens: 100 is above the limit of gpt-4.1-mini-2025-04-14",
        "no route for model claude-sonnet-4-5@20250929 in task 7b9c0f2e-52c4-4b0b-8f4b-7a0f0d4e5a11",
        "What now?",
        "not a host: 'what?', [\"why?\"], or (how??).",
    ],
)
def test_an_ordinary_message_stays_as_it_is(text: str) -> None:
    assert remove_secrets(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[(text, True) for text in ("invalid_api_key", "429", "gpt-4.1", "a/b:c#d", "x" * 100)],
        *[(text, False) for text in ("", "two words", "x" * 101, "你好", "é", "a\n", "a?b", "50%")],
    ],
)
def test_a_code_has_no_spaces_and_no_letters_of_other_scripts(text: str, expected: bool) -> None:
    assert is_code(text) is expected


def test_long_ids_stay_where_tokens_alone_are_removed() -> None:
    assert remove_tokens("req 0123456789abcdef0123456789abcdef") == "req 0123456789abcdef0123456789abcdef"
    assert remove_secrets("req 0123456789abcdef0123456789abcdef") == "req <removed>"
    assert cut_urls("gpt-4.1") == "gpt-4.1"


# What the patterns look for, in whole and in part.
PARTS = (
    *(
        "a",
        "1",
        "A",
        "é",
        ":",
        "/",
        "@",
        "%",
        "?",
        ".",
        ",",
        "-",
        "_",
        "=",
        "+",
        "'",
        '"',
        "\\",
        " ",
        "\t",
        "\n",
    ),
    *("%3A", "%2F", "%40", "%25", "://", "%3A%2F%2F", ":%2F%2F", "x:,", "x:y@", "sk-", "pa-", "eyJ", "dapi"),
    *("AIza", "AKIA", "ya29.", "bearer", "basic ", "token", "key", "api_key=", "session-id", "password: "),
)
PATTERNS = {name: value for name, value in vars(redaction).items() if hasattr(value, "groups")}
SIZE = 60_000


def take_time(*texts: str) -> float:
    """The seconds of CPU that all patterns and functions take for the slowest of the texts."""
    slowest = 0.0
    for text in texts:
        started = time.thread_time()
        is_secret_header(text)
        remove_secrets(text)
        for pattern in PATTERNS.values():
            # This one is for whole names.
            pattern.fullmatch(text) if pattern is redaction._SECRET_NAME else pattern.sub("", text)
        slowest = max(slowest, time.thread_time() - started)
    return slowest


@pytest.mark.parametrize("end", ["", "@ ", "%40"])
@pytest.mark.parametrize("part", [*PARTS, "%3A%2F%2Fa"])
def test_a_hostile_text_costs_time_in_proportion_to_its_length(part: str, end: str) -> None:
    # It is a tenth of that, and at least three times as much where it grows with the square of the length.
    assert take_time(part * (SIZE // len(part)) + end) < 1


@settings(max_examples=50)
@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).map("".join), st.sampled_from(PARTS))
def test_any_parts_cost_time_in_proportion_to_their_length(part: str, other: str) -> None:
    text = part * (SIZE // len(part))
    assert take_time(other + text, text + other) < 1


def test_all_patterns_were_tried() -> None:
    assert {"_QUERY", "_USERINFO", "_BARE_USERINFO", "_SCHEME", "_NAMED"} < set(PATTERNS)


@pytest.mark.parametrize(
    "name",
    [
        *("x-auth-token", "x-csrf-token", "authentication-info", "x-vault-token", "x-client-secret"),
        *("openai-api-key", "x-functions-key", "session", "x-session-id", "set-cookie2", "db-password"),
    ],
)
def test_a_header_is_secret_by_its_name(name: str) -> None:
    assert is_secret_header(name)


@pytest.mark.parametrize(
    "name",
    [
        *("anthropic-ratelimit-input-tokens-remaining", "x-ratelimit-remaining-tokens", "idempotency-key"),
        *("x-amzn-bedrock-input-token-count", "x-team", "authorized-by", "openai-organization"),
    ],
)
def test_other_headers_are_not_secret(name: str) -> None:
    assert not is_secret_header(name)
