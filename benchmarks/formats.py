"""What is sent to each of four providers, and what it answers.

The bodies are those that the tests have recorded, with more text in them where they are to be larger, and a
stream's with one of its events as often as is needed.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from benchmarks.corpus import LONG, SHORT, CannedResponse, Script, make_text
from tests.support.wire_cases import CASES, WireCase

__all__ = ["KINDS", "PROVIDERS", "Format", "Kind", "find_format"]

# A value with a space in it is text; names and ids have none.
_TEXT = re.compile(rb':\s*"([^"\\]+ [^"\\]*)"')


class Kind(NamedTuple):
    """Bytes that the bodies have at least; `events`: those of a stream, each of them one chunk."""

    request: int = 1_000
    answer: int = 600
    events: int = 0


KINDS = {
    "unary 1 KB": Kind(),
    "unary 200 KB": Kind(200_000, 8_000),
    f"stream of {SHORT}": Kind(events=SHORT),
    f"stream of {LONG}": Kind(events=LONG),
}


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

    def make_script(self, kind: Kind) -> Script:
        """Request and answer."""
        case = self.recorded
        chunks = case.chunks()
        if self.repeated is None:
            chunks = [_fill(case.response, kind.answer)]
        else:
            chunks[self.repeated : self.repeated] = [chunks[self.repeated]] * (kind.events - len(chunks))
        answer = CannedResponse(case.headers["content-type"], tuple(chunks), fresh=True)
        return Script(_fill(case.request, kind.request), answer)


def _fill(body: bytes, size: int) -> bytes:
    """`body` with words behind its longest text, until it has `size` bytes."""
    # The longest text is content. A short one could be a role or a reason that a reader looks at.
    text = max(_TEXT.findall(body), key=len)
    return body.replace(text, text + make_text(max(0, size - len(body))).encode(), 1)


_OPENAI = "https://api.openai.com/v1/chat/completions"
_ANTHROPIC = "https://api.anthropic.com/v1/messages"
_GOOGLE = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:"
# A unary call of each, and a stream.
_FORMATS = {
    "openai": (Format("openai/chat_unary", _OPENAI), Format("openai/chat_stream", _OPENAI, 1)),
    "anthropic": (
        Format("anthropic/message_unary", _ANTHROPIC),
        Format("anthropic/message_stream", _ANTHROPIC, 3),
    ),
    "google": (
        Format("google/gemini_unary", _GOOGLE + "generateContent"),
        Format("google/gemini_stream", _GOOGLE + "streamGenerateContent?alt=sse", 1),
    ),
    "bedrock": (
        Format("bedrock/converse_unary", "converse"),
        Format("bedrock/converse_stream", "converse_stream", 1),
    ),
}
PROVIDERS = tuple(_FORMATS)


def find_format(provider: str, kind: Kind) -> Format:
    """One of `PROVIDERS`."""
    unary, stream = _FORMATS[provider]
    return stream if kind.events else unary
