"""Leaving images, audio and files out of a recorded body: base64 that stands in it is replaced by a word.

Works on the JSON text, so nothing is parsed and the rest stays as on the wire. Inside a text of the JSON
every quote is escaped, so what users write about data URLs is not taken for one. Of a body that was cut, the
last piece has no quote behind it. No pattern looks at a byte more than a few times.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["NOT_INSTRUMENTED", "strip_inline_data"]

NOT_INSTRUMENTED: Final = b"<not_instrumented>"

# Base64 in both alphabets, as JSON writes it: some servers escape `/`, `+` and `=`, some break lines.
_PLAIN = rb"[A-Za-z0-9+/=_\-\r\n]"
_BASE64 = rb"%b*+(?:\\(?:[/rn]|u00[0-9A-Fa-f]{2})%b*+)*+" % (_PLAIN, _PLAIN)
_END = rb'(?P<end>"(?!\s*:)|\\?\Z)'
_TEXT = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'

# A string that is a data URL with base64 in it, as in `image_url` and `file_data`.
_DATA_URL = re.compile(
    rb'(?P<head>"(?<!\\"))data:(?:[^",\\]|\\.){0,200};base64,%b(?:%%[0-9A-Fa-f]{2}%b)*+%b'
    % (_BASE64, _BASE64, _END)
)
# Fields that hold base64 and nothing else. Source: the API references of OpenAI, Google and AWS.
_BASE64_FIELD = re.compile(
    rb'(?P<head>"(?<!\\")(?:b64_json|bytesBase64Encoded|file_data|inputImage|partial_image_b64)"\s*:\s*")%b%b'
    % (_BASE64, _END)
)
# AWS's images, documents and videos.
_SOURCE_BYTES = re.compile(rb'(?P<head>"(?<!\\")source"\s*:\s*\{\s*"bytes"\s*:\s*")%b%b' % (_BASE64, _END))
# Fields that hold base64 in some objects (an image call's `result`, an answer's `audio.data`) and short words
# or a checksum in others.
_LONG_BASE64 = re.compile(
    rb'(?P<head>"(?<!\\")(?:data|result|audio|input_audio)"\s*:\s*")(?![0-9A-Fa-f]*+")(?=[^"]{64})%b%b'
    % (_BASE64, _END)
)
# Google's parts of a message may be short, too.
_OBJECT_DATA = re.compile(
    rb'(?P<head>"(?<!\\")(?:audio|input_audio|inlineData|inline_data)"\s*:\s*\{(?:[^{}"]|%b)*?"data"\s*:\s*")%b%b'
    % (_TEXT, _BASE64, _END),
    re.DOTALL,
)
# Elsewhere a delta is text, which may look like base64.
_AUDIO_EVENT = re.compile(rb'"(?<!\\")type"\s*:\s*"(?:[a-z_.]*[._])?audio\.delta"')
_AUDIO_DELTA = re.compile(rb'(?P<head>"(?<!\\")(?:delta|audio)"\s*:\s*")%b%b' % (_BASE64, _END))

# Lists of what image models take and make, and an item of one.
_IMAGES = re.compile(rb'"(?<!\\")images"\s*:\s*\[(?:\s*"%b"\s*,)*+(?:\s*"%b%b)?' % (_BASE64, _BASE64, _END))
_IMAGE = re.compile(rb'"(?=[^"]{64})%b%b' % (_BASE64, _END))

# How each of these begins, an escaped quote or not. Nearly every body has none of it, and is looked at once.
_BEGINNING = re.compile(
    rb'"(?:b(?:64_json|ytes|ytesBase64Encoded)|data|file_data|i(?:mages|nputImage|nput_audio)|partial_image_b64'
    rb'|result|audio|type"\s*:\s*"(?:[a-z_.]*[._])?audio\.delta)[":]'
)

_PATTERNS = (_DATA_URL, _BASE64_FIELD, _SOURCE_BYTES, _OBJECT_DATA, _LONG_BASE64)


def strip_inline_data(body: bytes) -> bytes:
    """`body`, JSON as it was sent, with `<not_instrumented>` for each piece of inline data."""
    if _BEGINNING.search(body) is None:
        return body
    for pattern in _PATTERNS:
        body = pattern.sub(rb"\g<head>%b\g<end>" % NOT_INSTRUMENTED, body)
    body = _IMAGES.sub(lambda images: _IMAGE.sub(rb'"%b\g<end>' % NOT_INSTRUMENTED, images[0]), body)
    if _AUDIO_EVENT.search(body):
        body = _AUDIO_DELTA.sub(rb"\g<head>%b\g<end>" % NOT_INSTRUMENTED, body)
    return body
