"""What is sent to each of four providers, and what it answers.

The bodies are those that the tests have recorded, a stream's with one of its events as often as is needed.
"""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.corpus import Answer, Script
from tests.wire_cases import CASES, WireCase

__all__ = ["FORMATS", "STREAM", "Format"]

# Of a stream, each one event.
CHUNKS = 100
STREAM = f"stream of {CHUNKS}"


class Format(NamedTuple):
    """A recorded call and where it goes: a URL, or the method of a Bedrock client.

    `repeated` is the event of a stream that is there many times.
    """

    case: str
    target: str
    repeated: int | None = None

    @property
    def recorded(self) -> WireCase:
        """The call that its bodies come of."""
        return next(case for case in CASES if case.name == self.case)

    def make_script(self) -> Script:
        """Request and answer."""
        case = self.recorded
        chunks = case.chunks()
        if self.repeated is not None:
            chunks[self.repeated : self.repeated] = [chunks[self.repeated]] * (CHUNKS - len(chunks))
        return Script(case.request, Answer(case.headers["content-type"], tuple(chunks), fresh=True))


_OPENAI = "https://api.openai.com/v1/chat/completions"
_ANTHROPIC = "https://api.anthropic.com/v1/messages"
_GOOGLE = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:"

FORMATS = {
    ("openai", "unary"): Format("openai/chat_unary", _OPENAI),
    ("openai", STREAM): Format("openai/chat_stream", _OPENAI, 1),
    ("anthropic", "unary"): Format("anthropic/message_unary", _ANTHROPIC),
    ("anthropic", STREAM): Format("anthropic/message_stream", _ANTHROPIC, 3),
    ("google", "unary"): Format("google/gemini_unary", _GOOGLE + "generateContent"),
    ("google", STREAM): Format("google/gemini_stream", _GOOGLE + "streamGenerateContent?alt=sse", 1),
    ("bedrock", "unary"): Format("bedrock/converse_unary", "converse"),
    ("bedrock", STREAM): Format("bedrock/converse_stream", "converse_stream", 1),
}
