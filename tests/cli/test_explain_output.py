"""Explanations as they are printed, from the request to what has to be added to the config."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.cli.explain import describe
from payi_transport.providers.registry import REGISTRY
from tests.cli.explanations import OPENAI, explain

PATHS = {
    "https://gw.test/anthropic/": {"price_as_category": "system.anthropic"},
    "gw.test/llm": {"price_as_category": "mine", "format": "openai.chat"},
}
A_CALL_OF_A_KNOWN_HOST = """\
POST https://api.openai.com/v1/chat/completions

Observed     yes
Category     system.openai
Operation    openai.chat
Streams      asked for their usage, which is hidden from a caller that did not ask for it
Because      the host matches the built-in row api.openai.com
             POST to this path is a call of openai.chat
"""
A_CALL_WHOSE_PATH_DECIDES = """\
POST https://me.services.ai.azure.com/openai/v1/chat/completions

Observed     yes
Category     system.azureopenai
Operation    openai.chat
Streams      asked for their usage, which is hidden from a caller that did not ask for it
Because      the host matches the built-in row *.services.ai.azure.com, and the path decides the
             category
             POST to this path is a call of openai.chat
"""
ANOTHER_PATH_OF_A_KNOWN_HOST = """\
POST https://api.anthropic.com/v1/message

Observed     no
Category     system.anthropic
Because      the host matches the built-in row api.anthropic.com
             POST to this path is not an LLM call that this version reads
Counted      as 'unread' in payi_stats().unobserved
Near miss    POST /v1/messages is a call of anthropic.messages
Reads        POST …/v1/messages (anthropic.messages)
"""
UNKNOWN = """\
POST http://localhost:8000/api/make

Observed     no
Because      localhost:8000 is not in the built-in table and not in your mappings
             POST to this path is not an LLM call that this version reads
Counted      no, because it is not known to cost anything
Near miss    no known host and no mapping is similar

To observe it, add to the config:
  {"host_mappings": {"localhost:8000": {"price_as_category": "<category>", "format": "<format>"}}}
  <format>   the API that it speaks, such as openai.chat or anthropic.messages
"""
FORMAT = """\
POST https://gw.test/llm/ask

Observed     yes
Category     mine
Operation    openai.chat
Streams      not asked for their usage; include_usage in a mapping of the host asks for it
Because      the host matches your mapping gw.test/llm, and the path decides the category
             its mapping has the format openai.chat, so POST to this path is a call of openai.chat
"""
OTHER_PATH = """\
POST https://gw.test/other

Observed     no
Because      gw.test is mapped for other paths only: gw.test/anthropic, gw.test/llm
             POST to this path is not an LLM call that this version reads
Counted      no, because it is not known to cost anything

To observe it, add to the config:
  {"host_mappings": {"gw.test": {"price_as_category": "<category>", "format": "<format>"}}}
  <format>   the API that it speaks, such as openai.chat or anthropic.messages
"""
LEFT_OUT = """\
POST https://api.openai.com/v1/chat/completions

Observed     no
Category     system.openai
Operation    openai.chat
Because      the host matches the built-in row api.openai.com
             system.openai is not one of the instruments: system.anthropic, system.azure
Counted      no, because the instruments leave it out
Near miss    add system.openai to the instruments
"""
METHOD = """\
GET https://api.groq.com/openai/v1/chat/completions

Observed     no
Category     groq
Because      the host matches the built-in row api.groq.com
             GET to this path is not an LLM call that this version reads
Counted      no, because it is not known to cost anything
Near miss    POST /openai/v1/chat/completions is a call of openai.chat
Reads        POST …/openai/v1/chat/completions (openai.chat)
             POST …/openai/v1/responses (openai.responses)
             POST …/openai/v1/audio/transcriptions (openai.transcription)
"""
WEBSOCKET = """\
WEBSOCKET wss://api.openai.com/v1/realtime

Observed     yes
Category     system.openai
Operation    openai.realtime
Because      the host matches the built-in row api.openai.com
             WEBSOCKET to this path is a call of openai.realtime
"""
TYPO = """\
POST https://my-openai.azure.com/openai

Observed     no
Because      my-openai.azure.com is not in the built-in table
             POST to this path is not an LLM call that this version reads
Counted      no, because it is not known to cost anything
Near miss    the known host *.openai.azure.com is spelled almost the same; a typo?
             POST /openai/v1/chat/completions is a call of openai.chat

To observe it, add to the config:
  {"host_mappings": {"my-openai.azure.com": {"price_as_category": "system.azureopenai"}}}
"""
TYPO_OF_A_MAPPING = """\
POST gw.exmple/x/y

Observed     no
Because      gw.exmple is not in the built-in table and not in your mappings
             POST to this path is not an LLM call that this version reads
Counted      no, because it is not known to cost anything
Near miss    your mapping gw.example is spelled almost the same; a typo?

To observe it, add to the config:
  {"host_mappings": {"gw.exmple": {"price_as_category": "mine", "format": "<format>"}}}
  <format>   the API that it speaks, such as openai.chat or anthropic.messages
"""
CATEGORIES = f"one of {', '.join(REGISTRY.names)}, or a category of your own in Pay-i"


@pytest.mark.parametrize(
    ("url", "mappings", "options", "shown"),
    [
        ("https://api.openai.com/v1/chat/completions", None, {}, A_CALL_OF_A_KNOWN_HOST),
        ("https://me.services.ai.azure.com/openai/v1/chat/completions", None, {}, A_CALL_WHOSE_PATH_DECIDES),
        ("https://api.anthropic.com/v1/message", None, {}, ANOTHER_PATH_OF_A_KNOWN_HOST),
        ("http://localhost:8000/api/make", {"gw": OPENAI}, {}, UNKNOWN),
        ("https://gw.test/llm/ask", PATHS, {}, FORMAT),
        ("https://gw.test/other", PATHS, {}, OTHER_PATH),
        (
            "https://api.openai.com/v1/chat/completions",
            None,
            {"instruments": frozenset({"system.anthropic", "system.azure"})},
            LEFT_OUT,
        ),
        ("https://api.groq.com/openai/v1/chat/completions", None, {"method": "get"}, METHOD),
        ("wss://api.openai.com/v1/realtime", None, {}, WEBSOCKET),
        ("https://my-openai.azure.com/openai", None, {}, TYPO),
        ("gw.exmple/x/y", {"gw.example": {"price_as_category": "mine"}}, {}, TYPO_OF_A_MAPPING),
    ],
    ids=[
        "A call of a known host",
        "a call whose path decides",
        "another path of a known host",
        "unknown",
        "format",
        "other path",
        "left out",
        "method",
        "websocket",
        "typo",
        "typo of a mapping",
    ],
)
def test_an_explanation_says_all_of_it(
    url: str, mappings: dict[str, Any] | None, options: dict[str, Any], shown: str
) -> None:
    text = describe(explain(url, mappings, **options))
    # Which categories there are depends on the providers.
    start, label, rest = text.partition("  <category> ")
    kept, label_after, end = rest.partition("  <format>")
    assert " ".join(kept.split()) == (CATEGORIES if label else "")
    assert start + (label_after + end if label else "") == shown.removesuffix("\n")
