"""Leaving images, audio and files out of a recorded body: base64 that stands in it is replaced by a word.

Works on the JSON text, so nothing is parsed and the rest stays as on the wire. Inside a text of the JSON
every quote is escaped, so what users write about data URLs is not taken for one.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["NOT_INSTRUMENTED", "strip_inline_data"]

NOT_INSTRUMENTED: Final = b"<not_instrumented>"

# A string that is a data URL with base64 in it, as in `image_url` and `file_data`.
_DATA_URL = re.compile(rb'(?<!\\)"data:[^",\\]{0,200};base64,[^"]*"')
# Fields that hold base64 and nothing else. Source: OpenAI's API reference.
_BASE64_FIELD = re.compile(rb'(?<!\\)"(b64_json|file_data|partial_image_b64)"(\s*:\s*)"[^"\\]*"')
# Fields that hold base64 in some objects (`input_audio.data`, an image call's `result`, an answer's
# `audio.data`, the delta of an audio event) and short words in others.
_LONG_BASE64 = re.compile(
    rb'(?<!\\)"(data|result|delta|audio)"(\s*:\s*)"(?:[A-Za-z0-9+/\-_]|\\/){64,}={0,2}"'
)
_SHORT_AUDIO = re.compile(rb'(?<!\\)"((?:input_)?audio)"(\s*:\s*\{[^{}]*?"data"\s*:\s*)"[^"\\]*"')


def strip_inline_data(body: bytes) -> bytes:
    """`body`, JSON as it was sent, with `<not_instrumented>` for each piece of inline data."""
    body = _DATA_URL.sub(b'"%b"' % NOT_INSTRUMENTED, body)
    for pattern in (_BASE64_FIELD, _SHORT_AUDIO, _LONG_BASE64):
        body = pattern.sub(rb'"\1"\2"%b"' % NOT_INSTRUMENTED, body)
    return body
